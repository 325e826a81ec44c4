"""Bundles for tests: notes signed by a key of the test, a way to change a bundle, and to check one."""

import io
import json
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from qualadmin.audit.bundle import verify
from qualadmin.audit.bundle.writing import Contents, write_bundle
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.tree import Frontier

VERIFIER = Path(verify.__file__)


class Signer:
    """A key of a log, as C2SP's signed-note writes it."""

    def __init__(self, seed: int = 7, name: str | None = None) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.name = name or settings.AUDIT_ORIGIN
        public = b"\x01" + self.private.public_key().public_bytes_raw()
        self.id = sha256(self.name.encode() + b"\n" + public).digest()[:4]
        self.key = f"{self.name}+{self.id.hex()}+{b64encode(public).decode()}"

    def note(self, size: int, root: bytes, origin: str | None = None) -> str:
        text = f"{origin or self.name}\n{size}\n{b64encode(root).decode()}\n"
        return f"{text}\n{self.line(text)}"

    def line(self, text: str) -> str:
        signed = self.id + self.private.sign(text.encode())
        return f"— {self.name} {b64encode(signed).decode()}\n"


def root_at(size: int) -> bytes:
    """The root of the first entries of the log in the database."""
    tree = Frontier()
    for leaf in AuditEntry.objects.filter(seq__lt=size).order_by("seq").values_list("leaf", flat=True):
        tree.push(bytes(leaf))
    assert tree.size == size
    return tree.root()


def make_bundle(path: Path, signer: Signer | None = None, **parts: Any) -> Path:
    """A bundle of the log in the database; `parts` replaces parts of its Contents."""
    entries = AuditEntry.objects.all()
    size = parts.pop("size", entries.count())
    notes = [(size, signer.note(size, root_at(size)))] if signer else []

    def reading(rows: Callable[[], Iterator[AuditEntry]]) -> Iterator[tuple[str, list[bytes]]]:
        yield "entries.csv", [b"%d\n" % entry.seq for entry in rows()]
        yield "report.html", [b"<p>report"]

    contents = {
        "log": settings.AUDIT_ORIGIN,
        "size": size,
        "notes": notes,
        "entries": entries,
        "filter": "",
        "exported_by": "Ada Lovelace",
        "exported_at": "2026-11-23T20:00:00+00:00",
        "names": lambda keys: {(key, stream): f"W-{key.hex[:4]}" for key, stream in keys},
        "withheld": lambda text: False,
        "reading": reading,
    }
    with path.open("wb+") as file:
        write_bundle(file, Contents(**{**contents, **parts}))
    return path


@dataclass(frozen=True)
class Verdict:
    code: int
    text: str

    def __contains__(self, words: str) -> bool:
        return words in self.text


def checked(path: Path, *arguments: str) -> Verdict:
    """What verify.py says, in this process. A traceback fails the test by itself."""
    out = io.StringIO()
    with redirect_stdout(out):
        code = verify.main([str(path), *arguments])
    assert code == 3 or out.getvalue().splitlines()[-1].startswith(f"VERDICT {code}: ")
    return Verdict(code, out.getvalue())


def run_alone(path: Path, *arguments: str, wrapper: tuple[str, ...] = ()) -> Verdict:
    """The same by a Python of its own that sees nothing of the project."""
    command = [*wrapper, sys.executable, "-I", "-S", str(VERIFIER), str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env={"LC_ALL": "C"}, timeout=60)
    assert done.stderr == ""
    return Verdict(done.returncode, done.stdout)


def files_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def rewritten(path: Path, change: Callable[[dict[str, bytes]], Any], *, consistent: bool = True) -> Path:
    """The bundle with other files; with a manifest that fits them, as a forger would write it."""
    files = files_of(path)
    change(files)
    if consistent:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {n: sha256(c).hexdigest() for n, c in files.items() if n != "manifest.json"}
        files["manifest.json"] = json.dumps(manifest).encode()
    return packed(path.with_name("changed.zip"), files)


def packed(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return path
