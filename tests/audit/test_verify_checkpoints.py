"""What only a checkpoint can show, each provoked on the database itself."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from qualadmin.audit import notes, testing
from qualadmin.audit import record as audit
from qualadmin.audit.checkpoints import STALE_AFTER, Evidence, Trust
from qualadmin.audit.findings import CODES, Report
from qualadmin.audit.intervals import known_intervals
from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from qualadmin.audit.notes import Checkpoint, Note, SigningKey
from qualadmin.audit.seal import resume
from qualadmin.audit.seal_state import StateLost
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from tests.audit.conftest import SIZE
from tests.audit.damage import sql
from tests.audit.sealing import Sealer, head_from_entries
from tests.audit.test_verify import past_every_guard, rewrite

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealer(ctx: Context, log: None, tmp_path: Path) -> Sealer:
    one = Sealer.new(ctx, tmp_path)
    one.seal()
    one.seal()
    return one


def run(sealer: Sealer, *, keys: list[SigningKey] | None = None, **trust: Any) -> Report:
    publics = [key.public for key in (sealer.keys if keys is None else keys)]
    return verify(sealer.context, Report(), trust=Trust(publics, **trust))


def published() -> list[Evidence]:
    rows = AuditCheckpoint.objects.order_by("size")
    return [Evidence(f"place/{row.size}", row.note) for row in rows]


def change_row(sealer: Sealer, size: int, note: str) -> None:
    sql("UPDATE audit_checkpoint SET note = %s WHERE size = %s", note, size)


def other_root(sealer: Sealer) -> str:
    return notes.sign(Checkpoint("localhost/qualadmin", SIZE + 1, b"r" * 32), sealer.keys)


def test_a_sealed_log_is_valid_with_every_checkpoint(sealer: Sealer) -> None:
    report = run(sealer, published=published(), evidence=published()[:1])
    assert report.counts == {}
    assert (report.exit_code, report.checkpoints) == (0, 5)


def forge_signature(sealer: Sealer) -> None:
    stranger = SigningKey.generate("localhost/qualadmin")
    text = Note.from_text(AuditCheckpoint.objects.get(size=SIZE + 1).note).text
    line = stranger.sign(text)
    own = sealer.keys[0].sign("something else\n")
    change_row(sealer, SIZE + 1, f"{text}\n{line}{own}")


def recompute() -> None:
    rewrite(3, outcome="failed")
    sql("UPDATE audit_entry SET outcome = 'failed' WHERE seq = 3")
    head_from_entries()


def cut() -> None:
    sql("DELETE FROM audit_checkpoint WHERE size > %s", SIZE + 1)
    sql("DELETE FROM audit_entry WHERE seq > %s", SIZE)
    head_from_entries()


DAMAGE: dict[str, tuple[Callable[[Sealer], object], set[str]]] = {
    "log recomputed from an entry on": (lambda _: recompute(), {"root_mismatch_at_size"}),
    "cut behind a checkpoint": (lambda _: cut(), {"truncated", "checkpoint_missing_in_db"}),
    "signature": (forge_signature, {"checkpoint_bad_signature", "checkpoint_missing_in_db"}),
    "no note": (lambda s: change_row(s, SIZE + 1, "x"), {"checkpoint_bad_signature", "checkpoint_missing_in_db"}),
    "other log": (
        lambda s: change_row(s, SIZE + 1, notes.sign(Checkpoint("elsewhere", SIZE + 1, b"r" * 32), s.keys)),
        {"foreign_entry", "checkpoint_missing_in_db"},
    ),
    "two notes of one size": (
        lambda s: change_row(s, SIZE + 1, other_root(s)),
        {"checkpoint_inconsistent", "root_mismatch_at_size", "column_mismatch"},
    ),
    "row removed": (
        lambda _: sql("DELETE FROM audit_checkpoint WHERE size = %s", SIZE + 1),
        {"checkpoint_missing_in_db"},
    ),
    "root column": (
        lambda _: sql("UPDATE audit_checkpoint SET root = %s WHERE size = %s", b"r" * 32, SIZE + 1),
        {"column_mismatch"},
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_t_a42_damage_that_checkpoints_show(sealer: Sealer, kind: str) -> None:
    kept = published()
    damage, expected = DAMAGE[kind]
    with past_every_guard():
        damage(sealer)
    report = run(sealer, published=kept)
    assert set(report.counts) == expected, report.findings
    assert report.exit_code == 1


def test_a_key_nobody_gave_leaves_it_open(sealer: Sealer) -> None:
    report = run(sealer, keys=[SigningKey.generate("localhost/qualadmin")])
    assert (set(report.counts), report.exit_code) == ({"checkpoint_unknown_key"}, 2)


def test_what_is_not_published_in_time_is_told(sealer: Sealer) -> None:
    with testing.disable_guards():
        sql("UPDATE audit_checkpoint SET sealed_at = '2026-01-01 00:00:00+00:00'")
    report = run(sealer, published=published()[:1])
    assert (set(report.counts), report.exit_code) == ({"checkpoint_unpublished"}, 2)


def test_entries_under_no_checkpoint_for_half_an_hour_are_told(sealer: Sealer) -> None:
    audit.record_now(sealer.context, "lamp.looked_at")
    newest = AuditEntry.objects.order_by("-seq")[0]
    with time_machine.travel(newest.recorded_at + STALE_AFTER):
        assert run(sealer).counts == {}  # it notes itself, but that is new
    with time_machine.travel(newest.recorded_at + STALE_AFTER + timedelta(seconds=1)):
        report = run(sealer)
    assert [(one.code, one.seq) for one in report.findings] == [("checkpoint_stale", newest.seq)]
    assert report.exit_code == 2


def test_a_log_with_a_key_that_never_signed_is_told_and_one_without_is_not(sealer: Sealer) -> None:
    with testing.disable_guards():
        sql("DELETE FROM audit_checkpoint")
    with time_machine.travel(timezone.now() + 2 * STALE_AFTER):
        assert set(run(sealer, keys=[]).counts) == set()
        assert set(run(sealer).counts) == {"checkpoint_stale"}


def test_t_a42_every_finding_is_expected_by_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [code for code in sorted(CODES) if f'"{code}"' not in tests] == []


@pytest.fixture
def turned(sealer: Sealer) -> tuple[SigningKey, SigningKey]:
    """An old and a new key; both signed once and then the new one."""
    old, new = sealer.keys[0], SigningKey.generate("localhost/qualadmin")
    for keys in ([old, new], [new]):
        sealer.keys = keys
        sealer.seal()
    return old, new


def test_t_a46_a_key_is_believed_in_its_own_time_only(
    sealer: Sealer, turned: tuple[SigningKey, SigningKey]
) -> None:
    assert run(sealer, keys=[*turned]).counts == {}
    sealer.keys = [turned[0]]  # whoever stole it signs once more
    size = sealer.seal().size
    report = run(sealer, keys=[*turned])
    assert (set(report.counts), report.exit_code) == ({"checkpoint_outside_interval"}, 1)
    [finding] = report.findings
    both = sorted(AuditCheckpoint.objects.values_list("size", flat=True))[2]
    assert f"the note of {size} entries from the database" in finding.detail
    assert f"{turned[0].public.id.hex()}, which was valid for checkpoints of 0 to {both} entries" in finding.detail


def test_t_a46_a_new_key_signs_nothing_from_before_its_time(
    sealer: Sealer, turned: tuple[SigningKey, SigningKey]
) -> None:
    first = AuditCheckpoint.objects.order_by("size")[0]
    note = notes.sign(Checkpoint("localhost/qualadmin", first.size, bytes(first.root)), [turned[1]])
    report = run(sealer, keys=[*turned], evidence=[Evidence("a mail", note)])
    assert (set(report.counts), report.exit_code) == ({"checkpoint_outside_interval"}, 1)


def test_t_a46_two_keys_that_sign_twice_are_in_their_time(
    sealer: Sealer, turned: tuple[SigningKey, SigningKey]
) -> None:
    sealer.keys = [*turned]
    sealer.seal()
    assert run(sealer, keys=[*turned]).counts == {}


def test_t_a46_the_log_says_when_keys_turned_if_the_note_of_both_is_gone(sealer: Sealer) -> None:
    old, new = sealer.keys[0], SigningKey.generate("localhost/qualadmin")
    changes = {"vkey": [str(old.public), str(new.public)]}
    audit.record_now(sealer.context, "audit.key.rotated", changes=changes)
    sealer.seal()
    report = run(sealer, keys=[old, new])
    assert (set(report.counts), report.exit_code) == ({"checkpoint_outside_interval"}, 1)
    sealer.keys = [new]
    sealer.seal()
    by_old = sorted(AuditCheckpoint.objects.values_list("size", flat=True))[-2]
    with testing.disable_guards():
        sql("DELETE FROM audit_checkpoint WHERE size = %s", by_old)
    assert run(sealer, keys=[old, new]).counts == {}


def test_t_a46_a_third_key_ends_the_time_of_the_second(
    sealer: Sealer, turned: tuple[SigningKey, SigningKey]
) -> None:
    third = SigningKey.generate("localhost/qualadmin")
    for keys in ([turned[1], third], [third]):
        sealer.keys = keys
        sealer.seal()
    sizes = sorted(AuditCheckpoint.objects.values_list("size", flat=True))
    publics = [key.public for key in (*turned, third)]
    assert [(one.first, one.last) for one in known_intervals(publics)] == [
        (0, sizes[2]), (sizes[2], sizes[4]), (sizes[4], None)
    ]  # fmt: skip
    assert run(sealer, keys=[*turned, third]).counts == {}
    sealer.keys = [turned[1]]
    sealer.seal()
    assert set(run(sealer, keys=[*turned, third]).counts) == {"checkpoint_outside_interval"}


def test_t_a46_a_memory_is_not_made_anew_from_a_note_by_a_key_after_its_time(
    sealer: Sealer, turned: tuple[SigningKey, SigningKey]
) -> None:
    sealer.keys = [turned[0]]
    note = sealer.seal().note
    sealer.state.unlink()
    with pytest.raises(StateLost, match="replaced before"):
        resume(sealer.state, [key.public for key in turned], note)
