"""Damaged, cut, mixed and hostile bundles: a clear verdict, never a traceback. T-A59."""

import json
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qualadmin.audit import canonical
from qualadmin.audit.bundle import verify
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.tree import Frontier, leaf_hash
from tests.audit.bundles import Signer, checked, files_of, make_bundle, packed, rewritten, root_at
from tests.audit.conftest import SIZE

pytestmark = pytest.mark.django_db(transaction=True)
SIGNER = Signer()
FUZZED = 300
Files = dict[str, bytes]


@pytest.fixture
def bundle(log: None, tmp_path: Path) -> Path:
    path = make_bundle(tmp_path / "bundle.zip", SIGNER, complete=[verify.WHOLE_LOG])
    assert checked(path, "--key", SIGNER.key).code == 0
    return path


def lines(change: Callable[[list[bytes]], Any], name: str = "entries.jsonl") -> Callable[[Files], None]:
    def changed(files: Files) -> None:
        whole = files[name].splitlines()
        change(whole)
        files[name] = b"".join(line + b"\n" for line in whole)

    return changed


def edited(place: int, **fields: Any) -> Callable[[Files], None]:
    def change(whole: list[bytes]) -> None:
        whole[place] = canonical.encode({**json.loads(whole[place]), **fields})

    return lines(change)


def replaced(name: str, content: bytes) -> Callable[[Files], None]:
    return lambda files: files.update({name: content})


def forged(files: Files) -> None:
    """An entry and all that follows from it, but the signature."""
    edited(3, outcome="failed")(files)
    tree = Frontier()
    leaves = [leaf_hash(line) for line in files["entries.jsonl"].splitlines()]
    for leaf in leaves:
        tree.push(leaf)
    files["leaves.bin"] = b"".join(leaves)
    name = f"checkpoints/{SIZE:020}.note"
    signatures = files[name].decode().partition("\n\n")[2]
    files[name] = (SIGNER.note(SIZE, tree.root()).partition("\n\n")[0] + "\n\n" + signatures).encode()


def swapped(whole: list[bytes]) -> None:
    whole[4], whole[5] = whole[5], whole[4]


def other_text(files: Files) -> None:
    files["payloads.jsonl"] = files["payloads.jsonl"].replace(b"dark", b"dull")


NOTE = f"checkpoints/{SIZE:020}.note"
ROOT = b"\0" * 32
CHANGES: dict[str, tuple[Callable[[Files], Any], str]] = {
    "entry edited": (edited(3, outcome="failed"), "entry 3 is not the one in the log"),
    "entry of another log": (edited(3, log="evil.example"), "entry 3 belongs to another log: evil.example"),
    "line removed": (lines(lambda whole: whole.pop(3)), "entries 12, but it is 11"),
    "line doubled": (lines(lambda whole: whole.insert(3, whole[3])), "is there twice"),
    "two swapped": (lines(swapped), "is there twice or in the wrong place"),
    "one more": (
        lines(lambda whole: whole.append(whole[0].replace(b'"seq":0', b'"seq":99'))),
        "no place in the log",
    ),
    "leaf changed": (
        lambda files: files.update({"leaves.bin": b"x" + files["leaves.bin"][1:]}),
        "another root hash",
    ),
    "leaves cut": (lambda files: files.update({"leaves.bin": files["leaves.bin"][:-32]}), "no place in the log"),
    "leaves cut inside": (lambda files: files.update({"leaves.bin": files["leaves.bin"][:-5]}), "WRONG"),
    "all recomputed": (forged, "the signature of the checkpoint of size 12 is false"),
    "note of another log": (
        replaced(NOTE, Signer(name="other.example").note(SIZE, ROOT).encode()),
        "the checkpoint of size 12 is of another log: other.example",
    ),
    "note of another root": (replaced(NOTE, SIGNER.note(SIZE, ROOT).encode()), "has another root hash"),
    "note signed for another log": (
        replaced(NOTE, SIGNER.note(SIZE, ROOT, origin="other.example").encode()),
        "the signature of the checkpoint of size 12 is false",
    ),
    "note is no note": (replaced(NOTE, b"\xff\n\n"), "can't be read"),
    "text swapped": (other_text, "the text of entry 4 is not the one"),
    "text of no entry": (
        replaced("payloads.jsonl", canonical.encode({"body": {}, "salt": "00", "seq": 99}) + b"\n"),
        "the text of entry 99 has no place",
    ),
    "salt is no hex": (
        replaced("payloads.jsonl", canonical.encode({"body": {}, "salt": "zz", "seq": 4}) + b"\n"),
        "can't be read",
    ),
    "not JSON": (lines(lambda whole: whole.__setitem__(2, b"{")), "the entry in line 3 can't be read"),
    "not UTF-8": (lines(lambda whole: whole.__setitem__(2, b'{"a":"\xff"}')), "the entry in line 3 can't be read"),
    "half a surrogate": (
        lines(lambda whole: whole.__setitem__(2, b'{"a":"\\ud800"}')),
        "the entry in line 3 can't be read",
    ),
    "spaces": (lines(lambda whole: whole.__setitem__(2, whole[2] + b" ")), "not in canonical form"),
    "a key twice": (
        lines(lambda whole: whole.__setitem__(2, whole[2].replace(b"{", b'{"action":"x",', 1))),
        "not in canonical form",
    ),
    "a huge number": (
        lines(lambda whole: whole.__setitem__(2, whole[2].replace(b'"seq":2', b'"seq":' + b"9" * 5000))),
        "the entry in line 3 can't be read",
    ),
    "a number that is none": (
        lines(lambda whole: whole.__setitem__(2, whole[2].replace(b'"seq":2', b'"seq":NaN'))),
        "its seq is missing or of another kind",
    ),
    "a million brackets": (lines(lambda whole: whole.__setitem__(2, b"[" * 1_000_000)), "can't be read"),
    "an endless line": (replaced("entries.jsonl", b"x" * (verify.LINE_LIMIT + 70_000)), "a line that is too long"),
    "a line without end": (replaced("entries.jsonl", b"{}"), "ends in the middle of a line"),
    "a statement without counts": (edited(2, action="audit.checkpoint.prepared", changes=None), "can't be read"),
    "manifest is a list": (replaced("manifest.json", b"[]"), "can't be read"),
    "manifest of another schema": (
        lambda files: files.update({"manifest.json": files["manifest.json"].replace(b"bundle/v1", b"bundle/v9")}),
        "the manifest says schema",
    ),
    "a zip slip": (replaced("../../etc/passwd", b"x"), "a file that no export has: ../../etc/passwd"),
    "an absolute name": (replaced("/etc/passwd", b"x"), "a file that no export has"),
    "a name of Windows": (replaced("C:\\x", b"x"), "a file that no export has"),
    "no leaves": (lambda files: files.pop("leaves.bin"), "it lacks leaves.bin"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_ta59_a_forger_who_rewrites_the_manifest_is_found(bundle: Path, name: str) -> None:
    change, words = CHANGES[name]
    consistent = not name.startswith("manifest is")
    verdict = checked(rewritten(bundle, change, consistent=consistent), "--key", SIGNER.key)
    assert verdict.code == 1, verdict.text
    assert words in verdict.text


def test_ta59_files_for_reading_are_no_evidence_but_looked_at(bundle: Path) -> None:
    for name in verify.FOR_READING:
        verdict = checked(rewritten(bundle, replaced(name, b"all is well"), consistent=False), "--key", SIGNER.key)
        assert verdict.code == 1
        assert f"{name} is not the file that was exported" in verdict


def test_ta59_a_bundle_mixed_from_two_exports(bundle: Path, tmp_path: Path) -> None:
    part = make_bundle(tmp_path / "part.zip", SIGNER, size=7, entries=AuditEntry.objects.filter(seq__lt=7))
    for name in ("leaves.bin", "entries.jsonl", "manifest.json"):
        mixed = rewritten(bundle, replaced(name, files_of(part)[name]), consistent=name != "manifest.json")
        assert checked(mixed, "--key", SIGNER.key).code == 1, name
    newer = rewritten(part, replaced(NOTE, files_of(bundle)[NOTE]))
    assert checked(newer, "--key", SIGNER.key).code == 1
    assert root_at(7) != root_at(SIZE)


def test_ta59_two_files_of_one_name(bundle: Path) -> None:
    path = bundle.with_name("double.zip")
    with zipfile.ZipFile(path, "w") as changed:
        for name, content in files_of(bundle).items():
            changed.writestr(name, content)
        with pytest.warns(UserWarning, match="Duplicate"):
            changed.writestr("entries.jsonl", b"")
    assert "it holds two files named entries.jsonl" in checked(path)


@pytest.mark.parametrize("kind", [0o120777, 0o100644])
def test_ta59_a_link_is_refused(bundle: Path, kind: int) -> None:
    path = bundle.with_name("link.zip")
    with zipfile.ZipFile(path, "w") as changed:
        for name, content in files_of(bundle).items():
            info = zipfile.ZipInfo(name)
            info.external_attr = kind << 16
            changed.writestr(info, content)
    verdict = checked(path, "--key", SIGNER.key)
    assert (verdict.code, "is a link" in verdict) == ((1, True) if kind == 0o120777 else (0, False))


def test_ta59_bombs(bundle: Path) -> None:
    """One that packs well, and one that declares 4 GiB and more."""
    packs_well = rewritten(bundle, replaced("entries.csv", b"\0" * (64 << 20)))
    assert "entries.csv would unpack to 67108864 bytes" in checked(packs_well)
    data = bytearray(bundle.read_bytes())
    place = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 0xFFFFFFFE)
    declared = bundle.with_name("declared.zip")
    declared.write_bytes(data)
    assert "would unpack to 4294967294 bytes" in checked(declared)


def test_ta59_a_file_that_is_longer_than_declared(bundle: Path) -> None:
    data = bytearray(packed(bundle.with_name("plain.zip"), files_of(bundle)).read_bytes())
    place = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 24, 3)
    path = bundle.with_name("longer.zip")
    path.write_bytes(data)
    assert checked(path, "--key", SIGNER.key).code == 1


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + b"\0" * 18, b"no zip at all", b"PK\x03\x04" * 1000])
def test_ta59_what_is_no_bundle(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    verdict = checked(path)
    assert verdict.code == 1
    assert "can't be read" in verdict


def test_ta59_any_damage_is_found(bundle: Path) -> None:
    """Bytes flipped, cut, inserted at random places: exit 0 only where every file reads as before."""
    whole, files, chance = bundle.read_bytes(), files_of(bundle), random.Random(59)
    path = bundle.with_name("fuzzed.zip")
    for number in range(FUZZED):
        data = bytearray(whole)
        place = chance.randrange(len(data))
        if number % 3 == 0:
            data[place] ^= 1 << chance.randrange(8)
        elif number % 3 == 1:
            del data[place : place + chance.choice([1, 30, len(data)])]
        else:
            data[place : place + chance.randrange(9)] = chance.randbytes(chance.randrange(9))
        path.write_bytes(data)
        verdict = checked(path, "--key", SIGNER.key)
        assert verdict.code in {0, 1, 2}
        if verdict.code == 0:
            assert files_of(path) == files, number
