"""The database itself refuses an un-audited change of a row and every change of an entry."""

import uuid
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import IntegrityError, ProgrammingError, connection, models
from django.db import transaction as database
from django.test import override_settings
from django.utils import timezone

from qualadmin.audit import checks, guards, testing
from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditCheckpoint, AuditedModel, AuditEntry, AuditHead, AuditPayload, AuditStream
from qualadmin.audit.types import Context
from tests.audit.damage import refused, sql
from tests.audit.testapp.models import Lamp, Strict

pytestmark = pytest.mark.django_db


def save(lamp: Lamp) -> None:
    lamp.lit = True
    lamp.save()


def bulk_update(lamp: Lamp) -> None:
    lamp.lit = True
    Lamp.objects.bulk_update([lamp], ["lit"])


UNAUDITED: dict[str, Callable[[Lamp], object]] = {
    "save": save,
    "queryset update": lambda lamp: Lamp.objects.update(lit=True),
    "bulk_update": bulk_update,
    "raw SQL": lambda lamp: sql("UPDATE audittest_lamp SET colour = 'red'"),
    "replayed entry": lambda lamp: Lamp.objects.update(lit=True, audit_id=AuditEntry.objects.get(seq=1).id),
    "own entry again": lambda lamp: Lamp.objects.update(lit=True, audit_id=lamp.audit_id),
    "delete": lambda lamp: lamp.delete(),
    "queryset delete": lambda lamp: Lamp.objects.all().delete(),
    "raw delete": lambda lamp: sql("DELETE FROM audittest_lamp"),
    "insert with an old entry": lambda lamp: Lamp.objects.create(name="x", audit_id=lamp.audit_id),
    "bulk_create with an old entry": lambda lamp: Lamp.objects.bulk_create(
        [Lamp(name="x", audit_id=lamp.audit_id)]
    ),
    "upsert with an old entry": lambda lamp: Lamp.objects.bulk_create(
        [Lamp(name="hall", colour="red", audit_id=lamp.audit_id)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["colour"],
    ),
    "upsert that keeps the entry": lambda lamp: Lamp.objects.bulk_create(
        [Lamp(name="hall", colour="red", audit_id=uuid.uuid4())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["colour"],
    ),
    "identity": lambda lamp: sql("UPDATE audittest_lamp SET id = 77"),
    "strict table": lambda lamp: Strict.objects.update(name="t"),
    "null entry": lambda lamp: sql("UPDATE audittest_lamp SET audit_id = NULL"),
}


@pytest.mark.parametrize("kind", UNAUDITED)
def test_t_a10_to_a16_an_unaudited_change_is_refused(ctx: Context, lamp: Lamp, kind: str) -> None:
    audit.record_now(ctx, "lamp.looked_at")  # an entry that belongs to no row
    refused(lambda: UNAUDITED[kind](lamp))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_truncate_is_refused_on_every_guarded_table(lamp: Lamp) -> None:
    for table in (
        "audittest_lamp",
        "audit_entry",
        "audit_head",
        "audit_stream",
        "audit_payload",
        "audit_checkpoint",
    ):
        refused(lambda table=table: sql(f"TRUNCATE {table} CASCADE"))


@pytest.mark.postgres
def test_a_replica_session_does_not_switch_guards_off(lamp: Lamp) -> None:
    def change() -> None:
        sql("SET LOCAL session_replication_role = replica")
        Lamp.objects.update(lit=True)

    refused(change)


def test_audited_changes_pass_one_by_one_and_in_bulk(ctx: Context, lamp: Lamp) -> None:
    with audit.transaction(ctx) as tx:
        entry_id = tx.record("lamp.switched")
        Lamp.objects.bulk_create([Lamp(name=f"l{n}", audit_id=entry_id) for n in range(20)])
    with audit.transaction(ctx) as tx:
        Lamp.objects.update(lit=True, audit_id=tx.record("lamp.switched"))
    with audit.transaction(ctx) as tx:
        rows = list(Lamp.objects.order_by("pk"))
        for row in rows:
            row.colour, row.audit_id = "red", tx.record("lamp.switched")
        Lamp.objects.bulk_update(rows, ["colour", "audit_id"])
    with audit.transaction(ctx) as tx:
        Lamp.objects.bulk_create(
            [Lamp(name="hall", colour="blue", audit_id=tx.record("lamp.switched"))],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["colour", "audit_id"],
        )
    assert Lamp.objects.filter(lit=True, colour="red").count() == 20
    assert Lamp.objects.get(name="hall").colour == "blue"


def test_columns_that_need_no_entry_change_freely(lamp: Lamp) -> None:
    assert Lamp.objects.update(warmth=5) == 1
    lamp.refresh_from_db()
    lamp.save()  # writes every column, changes none
    refused(lambda: Lamp.objects.update(warmth=6, lit=True))


LOG_CHANGES: dict[str, Callable[[], object]] = {
    "update": lambda: AuditEntry.objects.update(action="x"),
    "delete": lambda: AuditEntry.objects.all().delete(),
    "save": lambda: AuditEntry.objects.get(seq=0).save(),
    "upsert": lambda: AuditEntry.objects.bulk_create(
        [AuditEntry.objects.get(seq=0)],
        update_conflicts=True,
        unique_fields=["seq"],
        update_fields=["action"],
    ),
    "insert before the head": lambda: sql("INSERT INTO audit_payload (seq, salt, body) VALUES (0, '', '')"),
    "payload update": lambda: AuditPayload.objects.update(body=b"{}"),
    "payload delete": lambda: AuditPayload.objects.all().delete(),
    "head back": lambda: AuditHead.objects.update(size=0),
    "head same size": lambda: AuditHead.objects.update(frontier=b""),
    "head ahead of the entries": lambda: AuditHead.objects.update(size=7),
    "head delete": lambda: AuditHead.objects.all().delete(),
    "second head": lambda: AuditHead.objects.create(id=2),
    "stream back": lambda: AuditStream.objects.update(size=0),
    "stream renamed": lambda: AuditStream.objects.update(name="other", size=9),
    "stream delete": lambda: AuditStream.objects.all().delete(),
    "checkpoint update": lambda: AuditCheckpoint.objects.update(note="x"),
    "checkpoint delete": lambda: AuditCheckpoint.objects.all().delete(),
    "checkpoint of the same size": lambda: sql(
        "INSERT INTO audit_checkpoint (size, root, note, sealed_at) "
        "SELECT size, root, 'x', sealed_at FROM audit_checkpoint"
    ),
    "checkpoint of a smaller size": lambda: checkpoint(0),
    "checkpoint of more than there is": lambda: checkpoint(2),
}


def checkpoint(size: int) -> None:
    AuditCheckpoint.objects.create(size=size, root=b"r" * 32, note="note", sealed_at=timezone.now())


@pytest.mark.parametrize("kind", LOG_CHANGES)
def test_t_a05_the_log_cannot_be_changed(lamp: Lamp, kind: str) -> None:
    checkpoint(1)
    refused(LOG_CHANGES[kind])


def test_a_missing_guard_is_named_and_put_back() -> None:
    assert guards.missing() == []
    name = next(g.name for g in guards.wanted(connection) if g.table == "audittest_lamp")
    guard = next(g for g in guards.wanted(connection) if g.name == name)
    for statement in guard.drop:
        sql(statement)
    assert guards.missing() == [name]
    found = checks.check_guards(databases=["default"])
    assert [error.id for error in found] == ["audit.E001"]
    assert guards.install() == [name]
    assert guards.missing() == []
    assert guards.install() == []


def test_a_guard_with_other_text_counts_as_missing() -> None:
    guard = next(g for g in guards.wanted(connection) if g.name == "audit_guard_audit_stream_update")
    for statement in guard.drop:
        sql(statement)
    for statement in guard.create:
        sql(statement.replace("NEW.size <= OLD.size", "NEW.size < 0"))
    assert guards.missing() == [guard.name]
    guards.install()
    assert guards.missing() == []


@pytest.mark.postgres
def test_a_guard_that_is_switched_off_counts_as_missing() -> None:
    sql("ALTER TABLE audit_entry DISABLE TRIGGER audit_guard_audit_entry_never")
    assert guards.missing() == ["audit_guard_audit_entry_never"]
    sql("ALTER TABLE audit_entry ENABLE TRIGGER audit_guard_audit_entry_never")  # but not always
    assert guards.missing() == ["audit_guard_audit_entry_never"]
    guards.install()
    assert guards.missing() == []


@pytest.mark.django_db(transaction=True)
def test_t_a08_guards_survive_migrations_and_repairs_are_noted(ctx: Context) -> None:
    with audit.transaction(ctx) as tx:
        Lamp.objects.create(name="hall", audit_id=tx.record("lamp.switched"))
    try:
        call_command("migrate", "audittest", "0001", verbosity=0)
        assert guards.missing() == []
        refused_raw("UPDATE audittest_lamp SET name = 'x'")
    finally:
        call_command("migrate", "audittest", verbosity=0)
    assert guards.missing() == []
    refused(lambda: Lamp.objects.update(colour="red"))
    assert Lamp.objects.get().colour == "white"
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert "system.migrated" in actions
    assert "audit.triggers.reinstalled" in actions  # the columns a guard compares were others meanwhile


def refused_raw(statement: str) -> None:
    with pytest.raises(IntegrityError), database.atomic():
        sql(statement)


def test_t_a17_a_model_must_be_audited_or_say_why_not() -> None:
    class Forgotten(models.Model):
        class Meta:
            app_label = "audittest_checks"

    class Excused(models.Model):
        unaudited_reason = "It only counts."

        class Meta:
            app_label = "audittest_checks"

    class Odd(AuditedModel):
        unaudited_fields = frozenset({"nonsense", "audit"})

        class Meta:
            app_label = "audittest_checks"

    assert [e.id for e in checks.check_model(Forgotten)] == ["audit.E002"]
    assert checks.check_model(Excused) == []
    assert [e.id for e in checks.check_model(Odd)] == ["audit.E003"]
    assert checks.check_model(Lamp) == []
    assert checks.check_models() == []


@override_settings(AUDIT_GUARDS_OFF_IN_TESTS=False)
def test_other_settings_cannot_take_the_guards_away() -> None:
    with pytest.raises(ImproperlyConfigured), testing.disable_guards():
        pytest.fail("the guards were taken away")
    assert guards.missing() == []


def test_only_a_test_database_can_lose_its_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", "qualadmin")
    with pytest.raises(ImproperlyConfigured), testing.disable_guards():
        pytest.fail("the guards were taken away")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_t_a07_a_role_without_rights_on_the_tables_cannot_get_past_the_guards(lamp: Lamp) -> None:
    """The role a service should run as: it appends to the log, and may not touch its structure."""
    role = f"audit_test_{uuid.uuid4().hex[:8]}"
    sql(f"CREATE ROLE {role}")
    try:
        sql(f"GRANT SELECT, INSERT ON audit_entry, audit_payload, audit_head, audit_stream TO {role}")
        sql(f"GRANT UPDATE ON audit_head, audit_stream TO {role}")
        sql(f"GRANT SELECT ON core_restoration TO {role}")  # asked before anything is written down
        sql(f"SET ROLE {role}")
        audit.record_now(Context.system("service"), "lamp.looked_at")
        for attack in (
            "UPDATE audit_entry SET action = 'x'",
            "DELETE FROM audit_entry",
            "TRUNCATE audit_entry",
            "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
            "DROP TRIGGER audit_guard_audit_entry_never ON audit_entry",
            "DROP FUNCTION audit_guard_audit_entry_never() CASCADE",
            "SET session_replication_role = replica",
        ):
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                sql(attack)
    finally:
        sql("RESET ROLE")
        sql(f"DROP OWNED BY {role}")
        sql(f"DROP ROLE {role}")
    assert AuditEntry.objects.count() == 2
