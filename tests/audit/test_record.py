"""An entry and its change happen together or not at all."""

import uuid

import pytest
from django.db import IntegrityError, connection
from django.db import transaction as database

from qualadmin.audit import guards, refused
from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry, AuditHead, AuditPayload, AuditStream
from qualadmin.audit.types import AuditError, Context, EntryRefused, RequestInfo, Target, TaskInfo, Who
from qualadmin.audit.vocabulary import UnknownAction
from tests.audit.testapp.models import Lamp
from tests.entries import take_the_next_number

pytestmark = pytest.mark.django_db


def make_lamp(ctx: Context, name: str = "hall") -> Lamp:
    with audit.transaction(ctx) as tx:
        return Lamp.objects.create(name=name, audit_id=tx.record("lamp.switched"))


def test_t_a02_a_failing_action_leaves_neither_change_nor_entry(ctx: Context) -> None:
    lamp = make_lamp(ctx)

    def switch_on() -> None:
        with audit.transaction(ctx) as tx:
            Lamp.objects.filter(pk=lamp.pk).update(lit=True, audit_id=tx.record("lamp.switched"))
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        switch_on()
    lamp.refresh_from_db()
    assert not lamp.lit
    assert AuditEntry.objects.count() == 1
    assert AuditHead.objects.get().size == 1


@pytest.mark.django_db(transaction=True)
def test_t_a03_a_refused_entry_takes_its_change_with_it(ctx: Context) -> None:
    lamp = make_lamp(ctx)

    def switch_on() -> None:
        with audit.transaction(ctx) as tx:
            Lamp.objects.filter(pk=lamp.pk).update(lit=True, audit_id=tx.record("lamp.switched"))
            take_the_next_number()

    with pytest.raises(EntryRefused):
        switch_on()
    lamp.refresh_from_db()
    assert not lamp.lit
    assert AuditEntry.objects.count() == 1
    assert refused.read().count == 1


@pytest.mark.django_db(transaction=True)
def test_t_a04_the_commit_fails_if_the_entry_never_comes(ctx: Context) -> None:
    lamp = make_lamp(ctx)
    with pytest.raises(IntegrityError), database.atomic():
        Lamp.objects.filter(pk=lamp.pk).update(lit=True, audit_id=uuid.uuid4())
    lamp.refresh_from_db()
    assert not lamp.lit


@pytest.mark.parametrize("run", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_guards_stand_after_the_flush_of_a_transactional_test(ctx: Context, run: int) -> None:
    assert guards.missing() == []
    assert AuditHead.objects.get().size == 0
    make_lamp(ctx)
    with pytest.raises(IntegrityError):
        AuditEntry.objects.all().delete()


def test_a_savepoint_rolled_back_takes_its_entries_along(ctx: Context) -> None:
    def fail() -> None:
        with audit.transaction(ctx) as inner:
            inner.record("lamp.switched")
            raise RuntimeError("boom")

    with audit.transaction(ctx) as tx:
        tx.record("lamp.looked_at")
        with pytest.raises(RuntimeError, match="boom"):
            fail()
        with audit.transaction(ctx) as inner:
            inner.record("lamp.switched", outcome="failed")
    assert list(AuditEntry.objects.order_by("seq").values_list("action", "outcome")) == [
        ("lamp.looked_at", "ok"),
        ("lamp.switched", "failed"),
    ]


def test_an_inner_rollback_without_exception_takes_its_entries_along(ctx: Context) -> None:
    with audit.transaction(ctx) as tx:
        tx.record("lamp.looked_at")
        with audit.transaction(ctx) as inner:
            inner.record("lamp.switched")
            database.set_rollback(True)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["lamp.looked_at"]


def test_nothing_can_be_recorded_once_the_transaction_is_over(ctx: Context) -> None:
    with audit.transaction(ctx) as tx:
        pass
    with pytest.raises(AuditError, match="over"):
        tx.record("lamp.looked_at")


def test_an_empty_transaction_does_not_touch_the_head(ctx: Context) -> None:
    with audit.transaction(ctx):
        pass
    assert AuditHead.objects.get().size == 0


@pytest.mark.parametrize(
    "parts",
    [
        {"action": "lamp.exploded"},
        {"action": "lamp.looked_at", "outcome": "failed"},
        {"action": "lamp.looked_at", "changes": {"lit": [False, True]}},
        {"action": "lamp.switched", "changes": {"voltage": [1, 2]}},
        {"action": "lamp.switched", "payload": {"secret": "x"}},
    ],
)
def test_what_the_vocabulary_does_not_know_is_refused(ctx: Context, parts: dict) -> None:
    with pytest.raises(UnknownAction), audit.transaction(ctx) as tx:
        tx.record(**parts)
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize(
    "parts",
    [
        {"stream": "elsewhere"},
        {"stream": "study:"},
        {"reason_code": "because"},
        {"aws": {"secret_key": "x"}},
        {"changes": {"lit": [True]}},
        {"changes": {"lit": [False, 0.5]}},
        {"parent": 5},
        {"parent": uuid.uuid4()},
    ],
)
def test_malformed_parts_are_refused(ctx: Context, parts: dict) -> None:
    with pytest.raises(AuditError), audit.transaction(ctx) as tx:
        tx.record("lamp.switched", **parts)


def test_record_now_refuses_to_run_inside_another_transaction(ctx: Context) -> None:
    entry_id = audit.record_now(ctx, "lamp.looked_at")
    assert AuditEntry.objects.get().id == entry_id
    with audit.transaction(ctx), pytest.raises(RuntimeError):
        audit.record_now(ctx, "lamp.looked_at")


def test_everything_given_is_in_the_core_and_in_the_columns() -> None:
    ada, worker = Who("user", "7", "Ada", {"method": "password"}), uuid.uuid4()
    context = Context(
        actor=Who("task", "drain", "drain"),
        on_behalf_of=ada,
        request=RequestInfo("r-1", "127.0.0.1", "POST", "jobs/<uuid:pk>/", "Browser/1"),
        task=TaskInfo("t-1", "drain", "host", 42),
    )
    with audit.transaction(context) as tx:
        first = tx.record("lamp.looked_at")
        second = tx.record(
            "lamp.switched",
            target=Target("lamp", "1", "Hall"),
            stream="study:colour",
            subject=worker,
            changes={"lit": [False, True]},
            outcome="unknown",
            reason_code="correction",
            job="j-1",
            item=uuid.UUID(int=3),
            attempt=2,
            parent=first,
            aws={"request_id": "a-1", "ms": 51},
            payload={"reason": "too dark"},
        )
    entry = AuditEntry.objects.get(id=second)
    content = entry.content
    assert tx.seq_of(second) == entry.seq == content["seq"] == 1
    assert content["parent"] == entry.parent == 0
    assert (entry.stream, entry.stream_seq) == ("study:colour", 0)
    assert content["actor"] == {"kind": "task", "id": "drain", "label": "drain", "auth": None}
    assert content["on_behalf_of"]["auth"] == {"method": "password"}
    assert content["subject"] == worker.hex == entry.subject.hex
    assert content["request"] == {
        "id": "r-1",
        "ip": "127.0.0.1",
        "method": "POST",
        "route": "jobs/<uuid:pk>/",
    }
    assert content["task"] == {"id": "t-1", "name": "drain", "host": "host", "pid": 42}
    assert content["aws"] == {"request_id": "a-1", "ms": 51}
    assert (content["item"], content["attempt"], content["job"]) == (str(uuid.UUID(int=3)), 2, "j-1")
    assert entry.changes == {"lit": [False, True]}
    assert b"too dark" not in bytes(entry.core)
    assert b"Browser" not in bytes(entry.core)
    assert AuditPayload.objects.get(seq=1).content == {"reason": "too dark", "user_agent": "Browser/1"}
    assert dict(AuditStream.objects.values_list("name", "size")) == {"system": 1, "study:colour": 1}


def test_t_a64_a_flush_of_500_entries_takes_five_queries(ctx: Context, django_assert_num_queries) -> None:
    with audit.transaction(ctx) as tx:
        for number in range(500):
            tx.record("lamp.switched", stream=f"study:s{number % 3}", payload={"reason": "x"})
        with django_assert_num_queries(5):
            audit.flush(connection, tx._buffer.drafts)
        tx._buffer.drafts.clear()
    assert AuditHead.objects.get().size == 500
