"""A bundle proves origin, order, agreement with older notes and completeness, without anything of ours. T-A58."""

import ast
import json
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from qualadmin.audit import record as audit
from qualadmin.audit.bundle import verify
from qualadmin.audit.models import AuditEntry, AuditPayload
from qualadmin.audit.tree import Frontier
from qualadmin.audit.types import Context
from tests.audit.bundles import VERIFIER, Signer, checked, files_of, make_bundle, packed, root_at, run_alone
from tests.audit.conftest import SIZE

pytestmark = pytest.mark.django_db(transaction=True)
SIGNER = Signer()


@pytest.fixture
def sealed(log: None, ctx: Context) -> AuditEntry:
    """The log of the fixture `log`, ended by the entry that states its counts, as the sealer does."""
    streams = [["study:s0", 6], ["study:s1", 5], ["system", 2]]
    with audit.transaction(ctx) as tx:
        tx.record("audit.checkpoint.prepared", changes={"streams": [None, streams], "guards_missing": [None, 0]})
    return AuditEntry.objects.get(seq=SIZE)


@pytest.fixture
def whole(sealed: AuditEntry, tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "whole.zip", SIGNER, complete=["the whole log"])


def test_a_whole_log_is_shown(whole: Path) -> None:
    verdict = checked(whole, "--key", SIGNER.key)
    assert verdict.code == 0, verdict.text
    for words in (
        "13 of 13 entries are here, 1 texts, 0 withheld",
        "completeness of the whole log: all 13",
        "origin: ",
    ):
        assert words in verdict


def test_ta58_it_needs_nothing_but_python_and_no_network(whole: Path) -> None:
    """T-A58: with -I and -S nothing of ours is seen; the verifier in the bundle is the repository's."""
    assert files_of(whole)["verify.py"] == VERIFIER.read_bytes()
    unshare = shutil.which("unshare")
    allowed = unshare and subprocess.run([unshare, "-rn", "true"], capture_output=True).returncode == 0
    wrapper = (str(unshare), "-rn") if allowed else ()
    assert run_alone(whole, "--key", SIGNER.key, wrapper=wrapper).code == 0
    assert run_alone(whole).code == 2


NETWORK = {
    "asyncio",
    "ctypes",
    "ftplib",
    "http",
    "importlib",
    "smtplib",
    "socket",
    "ssl",
    "subprocess",
    "urllib",
    "xmlrpc",
}


def test_the_verifier_is_short_and_old_pythons_read_it() -> None:
    source = VERIFIER.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 400
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.Import)}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names
    # Nothing that could reach a network, also where the test above may not cut it off.
    assert not {name.partition(".")[0] for name in imported} & NETWORK
    newer = {"removeprefix", "removesuffix", "bit_count", "fromisoformat", "cache", "batched", "pairwise"}
    assert not newer & {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_the_same_export_is_the_same_file(sealed: AuditEntry, tmp_path: Path) -> None:
    first, second = (make_bundle(tmp_path / name, SIGNER) for name in ("a.zip", "b.zip"))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as bundle:
        assert {info.date_time for info in bundle.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not any(info.is_dir() for info in bundle.infolist())


def test_without_a_key_or_a_checkpoint_it_is_not_all_shown(whole: Path, tmp_path: Path) -> None:
    assert "signer not checked" in checked(whole)
    assert checked(whole).code == 2
    unsigned = checked(make_bundle(tmp_path / "unsigned.zip"), "--key", SIGNER.key)
    assert unsigned.code == 2
    assert "nobody signed" in unsigned


def test_another_key_did_not_sign_it(whole: Path) -> None:
    verdict = checked(whole, "--key", Signer(8).key)
    assert verdict.code == 2
    assert "your key did not sign" in verdict


def test_ta46_while_a_key_is_replaced_both_do(sealed: AuditEntry, tmp_path: Path) -> None:
    size, other = SIZE + 1, Signer(8)
    note = SIGNER.note(size, root_at(size))
    both = note + other.line(note.partition("\n\n")[0] + "\n")
    path = make_bundle(tmp_path / "both.zip", notes=[(size, both)])
    assert checked(path, "--key", SIGNER.key).code == checked(path, "--key", other.key).code == 0


@pytest.fixture
def turned(sealed: AuditEntry, ctx: Context, tmp_path: Path) -> Callable[..., Path]:
    """Makes a bundle of the whole log, from a checkpoint of both keys at SIZE + 1 on signed as the test says."""
    turn, other = SIZE + 1, Signer(8)
    both = SIGNER.note(turn, root_at(turn))
    both += other.line(both.partition("\n\n")[0] + "\n")
    audit.record_now(ctx, "lamp.looked_at")

    def make(signer: Signer, *, with_both: bool = True) -> Path:
        notes = [(turn, both)] if with_both else []
        return make_bundle(
            tmp_path / "turned.zip", notes=[*notes, (turn + 1, signer.note(turn + 1, root_at(turn + 1)))]
        )

    return make


def test_ta46_of_two_keys_each_is_believed_in_its_time(turned: Callable[..., Path]) -> None:
    other = Signer(8)
    keys = ("--key", SIGNER.key, "--key", other.key)
    assert checked(turned(other), *keys).code == 0
    late = checked(turned(SIGNER), *keys)
    assert late.code == 1
    assert f"the checkpoint of size {SIZE + 2} is signed by a key outside its time ({SIGNER.id.hex()})" in late
    assert "signed with your key" not in late


def test_ta46_an_old_key_whose_end_is_not_shown_proves_no_origin(
    turned: Callable[..., Path], tmp_path: Path
) -> None:
    """Whoever stole it would leave out the checkpoint of both; a reader who kept that one still finds out."""
    keys = ("--key", SIGNER.key, "--key", Signer(8).key)
    stolen = turned(SIGNER, with_both=False)
    verdict = checked(stolen, *keys)
    assert verdict.code == 2
    assert "an older one of your keys signed" in verdict
    kept = tmp_path / "both.note"
    note = SIGNER.note(SIZE + 1, root_at(SIZE + 1))
    kept.write_text(note + Signer(8).line(note.partition("\n\n")[0] + "\n"), encoding="utf-8")
    assert checked(stolen, *keys, "--older", str(kept)).code == 1


def test_ta46_a_new_key_is_not_believed_before_its_time(turned: Callable[..., Path], tmp_path: Path) -> None:
    older = tmp_path / "before.note"
    older.write_text(Signer(8).note(5, root_at(5)), encoding="utf-8")
    keys = ("--key", SIGNER.key, "--key", Signer(8).key)
    assert "your older note of size 5 is signed by a key outside its time" in checked(
        turned(Signer(8)), *keys, "--older", str(older)
    )


def test_older_notes_agree_or_do_not(whole: Path, tmp_path: Path) -> None:
    note = tmp_path / "old.note"
    for size in range(SIZE + 2):
        note.write_text(SIGNER.note(size, root_at(size)) if size <= SIZE + 1 else "", encoding="utf-8")
        assert checked(whole, "--key", SIGNER.key, "--older", str(note)).code == 0, size
    for size, root in ((5, b"\0" * 32), (99, b"\0" * 32)):
        note.write_text(SIGNER.note(size, root), encoding="utf-8")
        verdict = checked(whole, "--key", SIGNER.key, "--older", str(note))
        assert (verdict.code, f"your older note of size {size} has another root" in verdict) == (1, True)
    note.write_text(Signer(name="other.example").note(5, root_at(5)), encoding="utf-8")
    assert "is of another log" in checked(whole, "--key", SIGNER.key, "--older", str(note))


def test_a_study_is_shown_to_be_whole(sealed: AuditEntry, tmp_path: Path) -> None:
    entries = AuditEntry.objects.filter(stream="study:s1")
    parts = {"entries": entries, "added": sealed, "complete": ["study:s1"]}
    path = make_bundle(tmp_path / "study.zip", SIGNER, **parts)
    verdict = checked(path, "--key", SIGNER.key, "--complete", "study:s1")
    assert verdict.code == 0, verdict.text
    assert "completeness of study:s1: all 5 entries are here" in verdict
    assert checked(path, "--key", SIGNER.key, "--complete", "study:s0").code == 2


@pytest.mark.parametrize("left_out", [1, 5, 9])
def test_a_study_that_lacks_an_entry_is_not(sealed: AuditEntry, tmp_path: Path, left_out: int) -> None:
    """Also its last one, number 9: the log itself said how many there are."""
    entries = AuditEntry.objects.filter(stream="study:s1").exclude(seq=left_out)
    parts = {"entries": entries, "added": sealed, "complete": ["study:s1"]}
    assert checked(make_bundle(tmp_path / "study.zip", SIGNER, **parts), "--key", SIGNER.key).code == 1
    selection = make_bundle(tmp_path / "some.zip", SIGNER, entries=entries)
    verdict = checked(selection, "--key", SIGNER.key)
    assert verdict.code == 0
    assert "the bundle is a selection" in verdict
    assert checked(selection, "--key", SIGNER.key, "--complete", "study:s1").code == 2


def test_without_the_count_of_the_log_a_study_can_be_cut(sealed: AuditEntry, tmp_path: Path) -> None:
    entries = AuditEntry.objects.filter(stream="study:s1")
    path = make_bundle(tmp_path / "study.zip", SIGNER, entries=entries, complete=["study:s1"])
    verdict = checked(path, "--key", SIGNER.key)
    assert verdict.code == 2
    assert "lacks the entry in which the log states" in verdict


def test_withheld_texts_are_counted(whole: Path, sealed: AuditEntry, tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "withheld.zip", SIGNER, withheld=lambda text: "dark" in text)
    assert "0 texts, 1 withheld" in checked(path, "--key", SIGNER.key)
    assert json.loads(files_of(path)["manifest.json"])["texts_withheld"] == 1
    assert AuditPayload.objects.count() == 1


def test_an_empty_log_can_be_exported(transactional_db: None, tmp_path: Path) -> None:
    path = make_bundle(tmp_path / "empty.zip", SIGNER, complete=["the whole log"])
    assert checked(path, "--key", SIGNER.key).code == 0


@pytest.mark.parametrize(
    "arguments", [["--key", "x"], ["--older", "/nowhere"], ["--frm"], ["--key", SIGNER.key[:-5] + "AAAA="]]
)
def test_wrong_use_is_3(whole: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(whole, *arguments).code == 3
    assert checked(whole.with_name("nothing.zip")).code == 3


# --- the verifier's own arithmetic


def test_ta32_signatures_as_the_library_says() -> None:
    """T-A32: RFC 8032, 7.1, and the same answers as another implementation."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )
    assert verify.ed25519_valid(public, b"", signature)
    chance = random.Random(20)
    for length in (0, 1, 70):
        private = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        public, message = private.public_key().public_bytes_raw(), chance.randbytes(length)
        signed = private.sign(message)
        assert verify.ed25519_valid(public, message, signed)
        for place in (0, 31, 32, 63):
            other = bytearray(signed)
            other[place] ^= 1
            assert not verify.ed25519_valid(public, message, bytes(other))
        higher = signed[:32] + (int.from_bytes(signed[32:], "little") + verify.L).to_bytes(32, "little")
        assert not verify.ed25519_valid(public, message, higher)
        assert not verify.ed25519_valid(public, message + b"x", signed)
        assert not verify.ed25519_valid(public, message, signed[:63])


def test_ta32_trees_as_ours() -> None:
    ours, theirs = Frontier(), []
    for number in range(70):
        assert verify.root_of(theirs) == ours.root()
        ours.push(bytes([number]) * 32)
        verify.push(theirs, number, bytes([number]) * 32)


def test_text_of_a_bundle_cannot_steer_a_terminal(whole: Path) -> None:
    files = files_of(whole)
    path = packed(whole.with_name("x.zip"), {**files, "\x1b[2Jall good\u202e": b""})
    verdict = checked(path)
    assert verdict.code == 1
    assert "\x1b" not in verdict.text
    assert verdict.text.isascii()
    assert settings.AUDIT_ORIGIN
