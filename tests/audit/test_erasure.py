"""Texts beside entries can be erased, only together with an entry that says so, and the log still verifies."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from qualadmin.audit import record as audit
from qualadmin.audit import testing
from qualadmin.audit.erasure import erase_texts
from qualadmin.audit.findings import Report
from qualadmin.audit.models import AuditEntry, AuditErasure, AuditPayload
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from tests.audit.bundles import Signer, checked, make_bundle

TEXT = 4  # the entry of the fixture `log` that has one


def sql(statement: str, *parameters: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))


def erase(ctx: Context, *numbers: int) -> None:
    with audit.transaction(ctx) as tx:
        parent = tx.record("lamp.switched")
        assert erase_texts(tx, {"study:s0": numbers}, subject=uuid.uuid4(), parent=parent) == len(numbers)


def test_an_erased_text_is_explained_and_every_hash_holds(ctx: Context, log: None) -> None:
    erase(ctx, TEXT)
    assert not AuditPayload.objects.exists()
    report = verify(ctx, Report())
    assert (report.exit_code, report.erased, report.findings) == (0, 1, [])
    assert "1 texts erased (explained)" in report.summary()


def test_the_entry_that_explains_stands_in_the_stream_of_the_texts(ctx: Context, log: None) -> None:
    erase(ctx, TEXT)
    entry = AuditEntry.objects.get(action="audit.texts.erased")
    assert (entry.stream, entry.changes) == ("study:s0", {"texts": [None, [TEXT]]})


ATTACKS: dict[str, Callable[[], None]] = {
    "without an erasure": lambda: sql("DELETE FROM audit_payload"),
    "an erasure of an old entry": lambda: AuditErasure(seq=TEXT, entry_id=AuditEntry.objects.get(seq=0).id).save(),
    "an erasure without its entry": lambda: AuditErasure(seq=TEXT, entry_id=uuid.uuid4()).save(),
}


@pytest.mark.parametrize("how", ATTACKS)
def test_the_database_refuses_to_lose_a_text_without_an_entry(ctx: Context, log: None, how: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ATTACKS[how]()
    assert AuditPayload.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_erasure SET seq = 5", "DELETE FROM audit_erasure", "UPDATE audit_payload SET seq = 9"],
)
def test_what_was_erased_stays_on_record(ctx: Context, log: None, statement: str) -> None:
    with audit.transaction(ctx) as tx:
        tx.record("lamp.switched", payload={"reason": "stays"})
    erase(ctx, TEXT)
    with pytest.raises(DatabaseError), transaction.atomic():
        sql(statement)


def test_an_explanation_of_another_text_explains_nothing(ctx: Context, log: None) -> None:
    with audit.transaction(ctx) as tx:
        tx.record("lamp.switched", payload={"reason": "other"})
    erase(ctx, TEXT)
    with testing.disable_guards():
        sql("DELETE FROM audit_payload")
    assert dict(verify(ctx, Report()).counts) == {"payload_missing_unexplained": 1}


def test_a_text_that_should_have_gone_is_found(ctx: Context, log: None) -> None:
    kept = AuditPayload.objects.get()
    erase(ctx, TEXT)
    with testing.disable_guards():
        sql("INSERT INTO audit_payload (seq, salt, body) VALUES (%s, %s, %s)", TEXT, kept.salt, kept.body)
    assert dict(verify(ctx, Report()).counts) == {"payload_not_erased": 1}


def test_a_bundle_exported_afterwards_explains_it_and_still_proves_the_rest(
    ctx: Context, log: None, tmp_path: Path
) -> None:
    signer = Signer()
    erase(ctx, TEXT)
    said = checked(make_bundle(tmp_path / "whole.zip", signer), "--key", signer.key)
    assert "0 texts, 0 withheld, 1 erased (explained)" in said
    assert "VERDICT 0" in said
    of_the_study = AuditEntry.objects.filter(stream="study:s0")
    said = checked(make_bundle(tmp_path / "study.zip", signer, entries=of_the_study, size=14), "--key", signer.key)
    assert "0 withheld, 1 erased (explained)" in said
