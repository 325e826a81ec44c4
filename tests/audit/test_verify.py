"""Every kind of damage is found and told apart, also after the first one."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from qualadmin.audit import canonical, guards, testing, tree
from qualadmin.audit import record as audit
from qualadmin.audit.findings import Report
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from tests.audit.conftest import SIZE
from tests.audit.damage import sql

pytestmark = pytest.mark.django_db(transaction=True)


def run(ctx: Context, **options: Any) -> Report:
    return verify(ctx, Report(), **options)


def test_a_sound_log_is_valid_and_the_verification_is_noted(ctx: Context, log: None) -> None:
    report = run(ctx)
    assert report.counts == {}
    assert (report.exit_code, report.size, report.checked) == (0, SIZE, SIZE)
    cores = AuditEntry.objects.filter(seq__lt=SIZE).order_by("seq").values_list("core", flat=True)
    expected = tree.Frontier()
    for core in cores:
        expected.push(tree.leaf_hash(bytes(core)))
    assert report.root == expected.root().hex()
    noted = AuditEntry.objects.get(seq=SIZE)
    assert (noted.action, noted.outcome) == ("audit.verified", "ok")
    assert run(ctx).size == SIZE + 1


def test_an_empty_log_is_valid(ctx: Context) -> None:
    assert run(ctx).exit_code == 0


def rewrite(seq: int, /, *, leaf: bool = True, **fields: Any) -> None:
    """Replace parts of a core, and the leaf with it, as somebody would who knows the format."""
    entry = AuditEntry.objects.get(seq=seq)
    core = canonical.encode({**entry.content, **fields})
    sql("UPDATE audit_entry SET core = %s WHERE seq = %s", core, seq)
    if leaf:
        sql("UPDATE audit_entry SET leaf = %s WHERE seq = %s", tree.leaf_hash(core), seq)


def swap() -> None:
    first, second = (AuditEntry.objects.get(seq=seq) for seq in (5, 6))
    for seq, other in ((5, second), (6, first)):
        sql("UPDATE audit_entry SET core = %s, leaf = %s WHERE seq = %s", other.core, other.leaf, seq)


def remove_last(count: int) -> None:
    sql("DELETE FROM audit_entry WHERE seq >= %s", SIZE - count)


def insert_rogue() -> None:
    names = [f.attname for f in AuditEntry._meta.concrete_fields]
    new_id = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    fresh = {"seq": str(SIZE), "id": new_id, "stream_seq": "99"}
    values = ", ".join(fresh.get(name, name) for name in names)
    sql(f"INSERT INTO audit_entry ({', '.join(names)}) SELECT {values} FROM audit_entry WHERE seq = 3")


def not_canonical() -> None:
    core = bytes(AuditEntry.objects.get(seq=3).core).replace(b'":', b'": ', 1)
    sql("UPDATE audit_entry SET core = %s, leaf = %s WHERE seq = 3", core, tree.leaf_hash(core))


def orphan() -> None:
    sql("UPDATE audittest_lamp SET audit_id = '00000000000000000000000000000000'")


@contextmanager
def past_every_guard() -> Iterator[None]:
    """What the owner of the database can do: no triggers, no foreign keys."""
    with testing.disable_guards(), connection.constraint_checks_disabled():
        if connection.vendor != "postgresql":
            yield
            return
        sql("SET session_replication_role = replica")
        try:
            yield
        finally:
            sql("SET session_replication_role = origin")


ROOT = "root_mismatch"
DAMAGE: dict[str, tuple[Callable[[], object], set[str]]] = {
    "core only": (lambda: rewrite(3, leaf=False, changes=None), {"core_hash_mismatch", ROOT}),
    "core and leaf": (lambda: rewrite(3, changes=None), {ROOT}),
    "leaf only": (
        lambda: sql("UPDATE audit_entry SET leaf = %s WHERE seq = 3", b"\x00" * 32),
        {"core_hash_mismatch"},
    ),
    "column only": (lambda: sql("UPDATE audit_entry SET actor_label = 'Eve' WHERE seq = 3"), {"column_mismatch"}),
    "time column": (
        lambda: sql("UPDATE audit_entry SET recorded_at = '2001-01-01 00:00:00' WHERE seq = 3"),
        {"column_mismatch"},
    ),
    "one removed": (lambda: sql("DELETE FROM audit_entry WHERE seq = 3"), {"gap", "stream_gap", ROOT}),
    "last removed": (
        lambda: remove_last(1),
        {"gap", "stream_gap", ROOT, "audited_row_without_entry", "not_noted"},
    ),
    "tail removed": (
        lambda: remove_last(3),
        {"gap", "stream_gap", ROOT, "audited_row_without_entry", "not_noted"},
    ),
    "two swapped": (swap, {"column_mismatch", "order_time", ROOT}),
    "rogue entry": (insert_rogue, {"unheaded_entry", "not_noted"}),
    "time goes back": (
        lambda: rewrite(3, recorded_at="2001-01-01T00:00:00.000000Z"),
        {"order_time", "column_mismatch", ROOT},
    ),
    "number twice": (lambda: rewrite(3, seq=2), {"duplicate_seq", "column_mismatch", ROOT}),
    "stream number": (
        lambda: sql("UPDATE audit_entry SET stream_seq = 77 WHERE seq = 3"),
        {"stream_gap", "column_mismatch"},
    ),
    "stream counter": (lambda: sql("UPDATE audit_stream SET size = 9 WHERE name = 'study:s0'"), {"stream_gap"}),
    "unknown action": (lambda: rewrite(3, action="lamp.melted"), {"unknown_action", "column_mismatch", ROOT}),
    "spaces": (not_canonical, {"not_canonical", ROOT}),
    "other shape": (lambda: rewrite(3, actor="Eve"), {"not_canonical", ROOT}),
    "other log": (lambda: rewrite(3, log="elsewhere"), {"foreign_entry", ROOT}),
    "text changed": (
        lambda: sql("UPDATE audit_payload SET body = %s", b'{"reason":"light"}'),
        {"payload_mismatch"},
    ),
    "salt changed": (lambda: sql("UPDATE audit_payload SET salt = %s", b"\x01" * 32), {"payload_mismatch"}),
    "text removed": (lambda: sql("DELETE FROM audit_payload"), {"payload_missing_unexplained"}),
    "text moved": (
        lambda: sql("UPDATE audit_payload SET seq = 5"),
        {"payload_missing_unexplained", "payload_mismatch"},
    ),
    "frontier": (lambda: sql("UPDATE audit_head SET frontier = %s", b"\x00" * 64), {ROOT}),
    "frontier cut": (lambda: sql("UPDATE audit_head SET frontier = %s", b"\x00" * 63), {ROOT, "not_noted"}),
    "head gone": (lambda: sql("DELETE FROM audit_head"), {ROOT, "stream_gap", "not_noted"}),
    "head behind": (
        lambda: sql("UPDATE audit_head SET size = 11"),
        {"unheaded_entry", "stream_gap", ROOT, "not_noted"},
    ),
    "audited row": (orphan, {"audited_row_without_entry"}),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_t_a42_damage_is_found(ctx: Context, log: None, kind: str) -> None:
    damage, expected = DAMAGE[kind]
    with past_every_guard():
        damage()
    report = run(ctx)
    assert set(report.counts) == expected, report.findings
    assert report.exit_code == 1


def test_verification_goes_on_after_the_first_finding(ctx: Context, log: None) -> None:
    with testing.disable_guards():
        sql("UPDATE audit_entry SET actor_label = 'Eve' WHERE seq IN (2, 9)")
        rewrite(5, leaf=False, outcome="failed")
    report = run(ctx)
    assert [(f.code, f.seq) for f in report.findings] == [
        ("column_mismatch", 2),
        ("core_hash_mismatch", 5),
        ("column_mismatch", 5),
        ("column_mismatch", 9),
        ("root_mismatch", None),
    ]
    assert report.summary().startswith("9/12 entries valid")


def test_a_log_recomputed_from_an_entry_on_looks_sound_without_checkpoints(ctx: Context, log: None) -> None:
    """Why checkpoints are needed: whoever owns the database can write another log."""
    with testing.disable_guards():
        rewrite(3, changes=None)
        forged = tree.Frontier()
        for core in AuditEntry.objects.order_by("seq").values_list("core", flat=True):
            forged.push(tree.leaf_hash(bytes(core)))
        sql("UPDATE audit_head SET frontier = %s", forged.to_bytes())
    assert run(ctx).exit_code == 0


def test_a_missing_guard_is_found(ctx: Context, log: None) -> None:
    guards.remove("default", ["audittest_lamp"])
    report = run(ctx)
    assert set(report.counts) == {"trigger_missing"}
    assert report.exit_code == 1
    guards.install()


def test_a_start_without_end_is_incomplete_after_an_hour(ctx: Context) -> None:
    with time_machine.travel(timezone.now() - timedelta(hours=2)), audit.transaction(ctx) as tx:
        first = tx.record("lamp.switched", outcome="started")
        second = tx.record("lamp.switched", outcome="started")
    with audit.transaction(ctx) as tx:
        tx.record("lamp.switched", outcome="started")
        tx.record("lamp.switched", parent=first)
    report = run(ctx)
    assert [(f.code, f.seq) for f in report.findings] == [("start_without_end", 1)]
    assert report.exit_code == 2
    with audit.transaction(ctx) as tx:
        tx.record("lamp.switched", outcome="unknown", parent=second)
    assert run(ctx).exit_code == 0


def test_a_part_of_the_log_is_checked_against_the_whole_tree(ctx: Context, log: None) -> None:
    with testing.disable_guards():
        sql("UPDATE audit_entry SET actor_label = 'Eve' WHERE seq = 2")
    report = run(ctx, first=3, last=8)
    assert (report.exit_code, report.checked, report.size) == (0, 6, SIZE)
    assert run(ctx, first=0, last=2).exit_code == 1


def test_quick_checks_numbers_and_tree_only(ctx: Context, log: None) -> None:
    with testing.disable_guards():
        rewrite(2, leaf=False, changes=None)
    assert run(ctx, quick=True).exit_code == 0
    with testing.disable_guards():
        sql("UPDATE audit_entry SET leaf = %s WHERE seq = 3", b"\x00" * 32)
    assert set(run(ctx, quick=True).counts) == {"root_mismatch"}


# --- the command


def command(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as exit_info:
        call_command("audit_verify", *arguments, stdout=out, stderr=out)
    return int(exit_info.value.code or 0), out.getvalue()


def test_the_command_prints_findings_and_a_summary(log: None) -> None:
    assert command() == (0, f"{SIZE}/{SIZE} entries valid (everything), log of {SIZE}\n")
    with testing.disable_guards():
        sql("UPDATE audit_entry SET actor_label = 'Eve' WHERE seq = 2")
    code, text = command()
    assert code == 1
    assert "column_mismatch #2: column actor_label differs from the content\n" in text


def test_the_command_speaks_json(log: None) -> None:
    code, text = command("--json", "--quick")
    said = json.loads(text)
    assert (code, said["exit_code"], said["size"], said["findings"]) == (0, 0, SIZE, [])
    assert len(said["root"]) == 64


@pytest.mark.parametrize(
    "arguments", [["--from", "x"], ["--from", "-1"], ["--from", "5", "--to", "4"], ["--frm", "1"]]
)
def test_wrong_usage_exits_3(arguments: list[str]) -> None:
    from qualadmin.core.management.commands.audit_verify import Command

    with pytest.raises(SystemExit) as exit_info:
        Command().run_from_argv(["manage.py", "audit_verify", *arguments])
    assert exit_info.value.code == 3
