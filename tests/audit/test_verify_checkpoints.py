"""What only a checkpoint can show, each provoked on the database itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qualadmin.audit import notes, testing
from qualadmin.audit.checkpoints import Evidence, Trust
from qualadmin.audit.findings import Report
from qualadmin.audit.models import AuditCheckpoint
from qualadmin.audit.notes import Checkpoint, Note, SigningKey
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


def test_t_a46_a_key_is_believed_in_its_own_time_only(sealer: Sealer) -> None:
    old, new = sealer.keys[0], SigningKey.generate("localhost/qualadmin")
    sealer.keys = [old, new]
    sealer.seal()
    sealer.keys = [new]
    sealer.seal()
    assert run(sealer, keys=[old, new]).exit_code == 0
    sealer.keys = [old]  # whoever stole it signs once more
    sealer.seal()
    report = run(sealer, keys=[old, new])
    assert (set(report.counts), report.exit_code) == ({"checkpoint_bad_signature"}, 1)
