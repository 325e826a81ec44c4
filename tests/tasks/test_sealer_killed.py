"""The sealer killed at every moment of its round (K9, K10): one note for each size, none lost, and it goes on."""

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from qualadmin.audit import record as audit
from qualadmin.audit.checkpoints import Trust, evidence_of
from qualadmin.audit.findings import Report
from qualadmin.audit.keys import read_public_keys
from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from qualadmin.audit.notes import Checkpoint, Note
from qualadmin.audit.seal_state import read_state
from qualadmin.audit.tree import Frontier
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from qualadmin.offsite import Folder
from tests.audit.conftest import OwnDatabase, own_database
from tests.tasks.processes import Processes

__all__ = ["own_database"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

KILLED = -signal.SIGKILL
IN_A_ROUND = [
    "checked", "prepared", "signed", "remembered", "stored",
    "published:1", "noted:1", "place_done:1", "published:2", "noted:2", "place_done:2",
]  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> list[Folder]:
    found = [Folder(tmp_path / name) for name in ("first", "second")]
    for place in found:
        place.path.mkdir()
    return found


@pytest.fixture
def manage(own_database: OwnDatabase, tmp_path: Path, places: list[Folder]) -> Iterator[Processes]:
    names = ",".join(place.name for place in places)
    with Processes(own_database.url, tmp_path, audit_places=names) as processes:
        yield processes


def seal(manage: Processes, killpoint: str = "") -> None:
    """A round of `audit_seal`, killed or good."""
    audit.record_now(Context.system("test"), "system.migrated")
    ended = manage.run("command", "audit_seal", "--once", killpoint=killpoint)
    assert (ended.code, ended.answer) == ((KILLED, None) if killpoint else (0, 0)), manage.log


def notes_everywhere(places: list[Folder]) -> set[str]:
    published = {text for place in places for _, text in place.notes()}
    return published | set(AuditCheckpoint.objects.values_list("note", flat=True))


def assert_one_true_note_for_each_size(notes: set[str]) -> None:
    said = [Checkpoint.from_text(Note.from_text(note).text) for note in notes]
    assert max(Counter(one.size for one in said).values()) == 1
    tree, roots = Frontier(), {}
    for leaf in AuditEntry.objects.order_by("seq").values_list("leaf", flat=True):
        tree.push(bytes(leaf))
        roots[tree.size] = tree.root()
    assert all(roots[one.size] == one.root for one in said)


def assert_published_once_everywhere(places: list[Folder]) -> None:
    stored = set(AuditCheckpoint.objects.values_list("note", flat=True))
    for place in places:
        assert {text for _, text in place.notes()} == stored
    told = AuditEntry.objects.filter(action="audit.checkpoint.published")
    counts = Counter((int(entry.target_id or 0), entry.changes["place"][1]) for entry in told)
    sizes = AuditCheckpoint.objects.values_list("size", flat=True)
    assert counts == Counter({(size, place.name): 1 for size in sizes for place in places})


def test_k9_k10_killed_anywhere_in_a_round_the_next_one_goes_on(
    manage: Processes, places: list[Folder], tmp_path: Path
) -> None:
    manage.run("command", "audit_keygen")
    seal(manage)
    for killpoint in IN_A_ROUND:
        seal(manage, killpoint)
        left = notes_everywhere(places) | {read_state(tmp_path / "audit-seal.json").note}
        assert_one_true_note_for_each_size(left)
        seal(manage)
        now = notes_everywhere(places)
        assert left <= now, killpoint
        assert_one_true_note_for_each_size(now)
        assert_published_once_everywhere(places)


@pytest.mark.parametrize("killpoint", ["prepared", "signed", "remembered", "stored", "key_dropped", "key_kept"])
def test_k9_killed_while_the_key_is_replaced_both_sign_once_and_the_new_one_alone_from_then_on(
    manage: Processes, places: list[Folder], tmp_path: Path, killpoint: str
) -> None:
    manage.run("command", "audit_keygen")
    seal(manage)
    if killpoint == "key_kept":
        assert manage.run("command", "audit_keygen", "--rotate", killpoint=killpoint).code == KILLED
        assert not AuditEntry.objects.filter(action="audit.key.rotated").exists()
    else:
        manage.run("command", "audit_keygen", "--rotate")
        seal(manage, killpoint)
    seal(manage)
    seal(manage)
    keys = read_public_keys(tmp_path / "audit-key.pub")
    assert AuditEntry.objects.get(action="audit.key.rotated").changes["vkey"] == [str(key) for key in keys]
    notes = AuditCheckpoint.objects.order_by("size").values_list("note", flat=True)
    signers = [Note.from_text(note).signers(keys) for note in notes]
    old, new = keys
    assert signers[:2] == [[old], [old, new]]
    assert signers[2:] == [[new]] * len(signers[2:]) != []
    published = evidence_of(places[0].notes())
    report = verify(Context.system("test"), Report(), trust=Trust(keys, published=published))
    assert report.counts == {}
