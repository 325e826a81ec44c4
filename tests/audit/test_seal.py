"""The sealer signs what grew from what it signed, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qualadmin.audit import record as audit
from qualadmin.audit import testing, tree
from qualadmin.audit.models import AuditCheckpoint, AuditEntry, AuditHead
from qualadmin.audit.notes import Checkpoint, Note, SigningKey
from qualadmin.audit.seal import LogRewritten, begin, resume
from qualadmin.audit.seal_state import AlreadySealing, StateLost, only_sealer, read_state
from qualadmin.audit.types import Context
from tests.audit.conftest import SIZE
from tests.audit.damage import sql
from tests.audit.sealing import Sealer, head_from_entries
from tests.audit.test_verify import remove_last, rewrite

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """The process is gone at this point."""


@pytest.fixture
def sealer(ctx: Context, log: None, tmp_path: Path) -> Sealer:
    return Sealer.new(ctx, tmp_path)


def test_a_checkpoint_says_the_size_and_root_of_the_log_and_ends_with_its_own_entry(sealer: Sealer) -> None:
    stored = sealer.seal()
    note = Note.from_text(stored.note)
    assert note.signers([sealer.keys[0].public])
    assert Checkpoint.from_text(note.text) == Checkpoint("localhost/qualadmin", SIZE + 1, bytes(stored.root))
    assert AuditHead.objects.get().tree().root() == bytes(stored.root)
    last = AuditEntry.objects.get(seq=SIZE)
    assert last.action == "audit.checkpoint.prepared"
    streams = dict(last.changes["streams"][1])
    counted = {name: AuditEntry.objects.filter(stream=name).count() for name in streams}
    assert streams == counted


def test_the_next_checkpoint_goes_on_from_the_last_and_reads_only_what_is_new(
    sealer: Sealer, ctx: Context, django_assert_max_num_queries: Callable[..., object]
) -> None:
    first = sealer.seal()
    audit.record_now(ctx, "lamp.looked_at")
    with testing.disable_guards():  # were the old entries read again, this would be found
        sql("UPDATE audit_entry SET actor_label = 'Eve' WHERE seq = 3")
    second = sealer.seal()
    assert (first.size, second.size) == (SIZE + 1, SIZE + 3)
    assert AuditHead.objects.get().tree().root() == bytes(second.root)


def test_t_a43_an_old_entry_rewritten_with_everything_behind_it_is_not_signed(sealer: Sealer) -> None:
    sealer.seal()
    with testing.disable_guards():
        rewrite(3, changes=None)
    head_from_entries()
    before = sealer.state.read_bytes()
    with pytest.raises(LogRewritten, match="root_mismatch"):
        sealer.seal()
    assert AuditCheckpoint.objects.count() == 1
    assert sealer.state.read_bytes() == before
    assert not AuditEntry.objects.filter(seq__gt=SIZE).exists()


DAMAGE: dict[str, tuple[Callable[[], object], str]] = {
    "content": (lambda: rewrite(SIZE + 2, leaf=False, job="other"), "core_hash_mismatch"),
    "content and hash": (lambda: rewrite(SIZE + 2, outcome="failed"), "column_mismatch"),
    "column": (lambda: sql("UPDATE audit_entry SET actor_label = 'Eve' WHERE seq = 14"), "column_mismatch"),
    "entry removed": (lambda: sql("DELETE FROM audit_entry WHERE seq = 14"), "gap"),
    "time": (lambda: rewrite(SIZE + 2, recorded_at="2001-01-01T00:00:00.000000Z"), "order_time"),
    "stream": (lambda: sql("UPDATE audit_entry SET stream_seq = 99 WHERE seq = 14"), "stream_gap"),
    "head": (lambda: sql("UPDATE audit_head SET frontier = %s", b"\x00" * 128), "root_mismatch"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_t_a43_damage_since_the_last_checkpoint_is_not_signed(sealer: Sealer, ctx: Context, kind: str) -> None:
    sealer.seal()
    for _ in range(3):
        audit.record_now(ctx, "lamp.looked_at")
    damage, code = DAMAGE[kind]
    with testing.disable_guards():
        damage()
    with pytest.raises(LogRewritten, match=code):
        sealer.seal()
    assert AuditCheckpoint.objects.count() == 1


def test_t_a43_a_log_cut_behind_a_checkpoint_is_not_signed(sealer: Sealer) -> None:
    sealer.seal()
    with testing.disable_guards():
        sql("DELETE FROM audit_checkpoint")
        sql("UPDATE audittest_lamp SET audit_id = (SELECT id FROM audit_entry WHERE seq = 0)")
        remove_last(4)
        sql("DELETE FROM audit_entry WHERE seq >= %s", SIZE - 4)
    head_from_entries()
    with pytest.raises(LogRewritten, match="truncated"):
        sealer.seal()
    assert not AuditCheckpoint.objects.exists()


@pytest.mark.parametrize("step", ["checked", "prepared", "signed", "remembered", "stored"])
def test_f39_killed_at_any_step_there_are_never_two_notes_of_one_size(sealer: Sealer, step: str) -> None:
    def kill(reached: str) -> None:
        if reached == step:
            raise Killed

    sealer.seal()
    with pytest.raises(Killed):
        sealer.seal(kill)
    remembered = read_state(sealer.state).note
    sealer.seal()
    notes = list(AuditCheckpoint.objects.order_by("size").values_list("size", "note"))
    assert [Checkpoint.from_text(Note.from_text(note).text).size for _, note in notes] == [n for n, _ in notes]
    assert remembered in [note for _, note in notes]
    leaves = [bytes(leaf) for leaf in AuditEntry.objects.order_by("seq").values_list("leaf", flat=True)]
    for size, note in notes:
        grown = tree.Frontier()
        for leaf in leaves[:size]:
            grown.push(leaf)
        assert Checkpoint.from_text(Note.from_text(note).text).root == grown.root()


def test_f39_two_at_once_are_one(sealer: Sealer) -> None:
    with only_sealer(sealer.state), pytest.raises(AlreadySealing), only_sealer(sealer.state):
        pytest.fail("both hold the lock")


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"v": 1, "size": 3, "frontier": "00"}', b"\xff"])
def test_f39_a_lost_memory_signs_nothing_and_asks_for_the_newest_note(
    sealer: Sealer, content: bytes | None
) -> None:
    note = sealer.seal().note
    sealer.state.unlink() if content is None else sealer.state.write_bytes(content)
    with pytest.raises(StateLost, match="--resume-from"):
        sealer.seal()
    resume(sealer.state, [sealer.keys[0].public], note)
    assert sealer.seal().size == SIZE + 2


def test_a_memory_from_a_backup_signs_nothing(sealer: Sealer) -> None:
    sealer.seal()
    old = sealer.state.read_bytes()
    sealer.seal()
    sealer.state.write_bytes(old)
    with pytest.raises(StateLost, match="old copy"):
        sealer.seal()


def test_only_the_newest_note_of_this_log_makes_a_memory_anew(sealer: Sealer) -> None:
    first, second = sealer.seal().note, sealer.seal().note
    trusted = [sealer.keys[0].public]
    sealer.state.unlink()
    stranger = SigningKey.generate("localhost/qualadmin").public
    for keys, note in (
        (trusted, first),
        ([stranger], second),
        (trusted, "no note"),
        (trusted, second + "— x y\n"),
    ):
        with pytest.raises(StateLost):
            resume(sealer.state, keys, note)
    assert not sealer.state.exists()
    with testing.disable_guards():
        rewrite(3, changes=None)
    with pytest.raises(LogRewritten):
        resume(sealer.state, trusted, second)
    assert not sealer.state.exists()


def test_a_new_key_cannot_start_a_signed_log_from_nothing(sealer: Sealer) -> None:
    sealer.seal()
    sealer.state.unlink()
    with pytest.raises(StateLost):
        begin(sealer.state)


def test_a_key_of_another_log_signs_nothing(sealer: Sealer) -> None:
    sealer.keys = [SigningKey.generate("elsewhere.example.org")]
    with pytest.raises(StateLost, match="elsewhere"):
        sealer.seal()


def test_two_keys_sign_the_same_checkpoint(sealer: Sealer) -> None:
    sealer.keys.append(SigningKey.generate("localhost/qualadmin"))
    publics = [key.public for key in sealer.keys]
    assert Note.from_text(sealer.seal().note).signers(publics) == publics
