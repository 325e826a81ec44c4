"""Reading the log: pages by number, scope, and entries in words."""

from pathlib import Path

import pytest
from django.db import connection, models, transaction

from qualadmin.audit import record as audit
from qualadmin.audit import sentences, vocabulary
from qualadmin.audit.models import AuditedModel, AuditEntry, AuditHead, AuditPayload, AuditStream, answered_by
from qualadmin.audit.types import AuditError, Context, Target, Who
from qualadmin.audit.vocabulary import Event, UnknownAction
from tests.audit.conftest import SIZE

PACKAGE = Path(audit.__file__).parent


def test_pages_go_by_number_newest_first(ctx: Context, log: None) -> None:
    first = list(AuditEntry.objects.all().before(None)[:5])
    assert [entry.seq for entry in first] == [11, 10, 9, 8, 7]
    second = AuditEntry.objects.all().before(first[-1].seq)[:5]
    assert [entry.seq for entry in second] == [6, 5, 4, 3, 2]


def test_a_page_of_one_worker_or_job_reads_an_index(ctx: Context, log: None) -> None:
    if connection.vendor == "sqlite":
        for field, index in (("actor_id", "audit_actor"), ("job", "audit_job"), ("target_id", "audit_target")):
            wanted = {field: "x", "target_type": "job"} if field == "target_id" else {field: "x"}
            plan = AuditEntry.objects.filter(**wanted).before(100)[:50].explain()
            assert index in plan
            assert "TEMP B-TREE" not in plan


def test_somebody_answers_for_own_acts_and_for_what_tasks_did_for_them(ctx: Context, log: None) -> None:
    bob = Who("user", "8", "Bob")
    for context in (
        Context(actor=bob),
        Context(actor=Who("task", "drain", "drain"), on_behalf_of=bob),
        Context(actor=Who("cli", "8", "root")),
    ):
        audit.record_now(context, "lamp.looked_at")
    assert [entry.seq for entry in AuditEntry.objects.filter(answered_by("8")).newest()] == [SIZE + 1, SIZE]


@pytest.mark.parametrize(
    ("more", "index"),
    [
        ({}, "audit_person"),
        ({"action": "lamp.looked_at"}, "audit_person_action"),
        ({"outcome": "denied"}, "audit_person_outcome"),
    ],
)
def test_a_page_of_one_person_reads_an_index_in_the_order_of_the_log(
    ctx: Context, log: None, more: dict[str, str], index: str
) -> None:
    for person in range(40):  # so many that reading one person's own rows is the cheapest way, by the statistics
        with audit.transaction(Context(actor=Who("user", str(person), "Bob"))) as tx:
            for number in range(20):
                tx.record("lamp.looked_at")
                tx.record("lamp.switched", outcome="denied" if number % 4 == 0 else "ok")
    rows = AuditEntry.objects.filter(answered_by("8"), **more)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ANALYZE audit_entry")
        if connection.vendor == "postgresql":  # which would gather the few rows there are first, and sort them
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        plan = rows.before(2000)[:50].explain()
    assert index in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


@pytest.mark.django_db
def test_an_entry_in_words() -> None:
    context = Context(actor=Who("task", "drain", "drain"), on_behalf_of=Who("user", "7", "Ada"))
    with audit.transaction(context) as tx:
        tx.record(
            "lamp.switched",
            target=Target("lamp", "1", "Hall"),
            changes={"lit": [False, True], "colour": [None, "red"]},
        )
        tx.record("lamp.looked_at", outcome="ok")
    switched, looked = AuditEntry.objects.order_by("seq")
    assert sentences.sentence(switched) == "Ada switched Hall: colour red, lit no → yes"
    assert sentences.sentence(looked) == "Ada: lamp.looked_at –, done"


@pytest.mark.django_db
def test_words_survive_a_template_with_unknown_names_and_an_unknown_action(ctx: Context) -> None:
    vocabulary.register(Event("lamp.odd", sentence="{actor} did {nonsense}"))
    audit.record_now(ctx, "lamp.odd")
    entry = AuditEntry.objects.get()
    assert sentences.sentence(entry) == "Ada Lovelace did –"
    entry.action = "gone.action"
    assert sentences.sentence(entry) == "Ada Lovelace: gone.action –, done"


def test_an_event_cannot_change_its_meaning() -> None:
    vocabulary.register(Event("lamp.looked_at"))
    with pytest.raises(UnknownAction, match="twice"):
        vocabulary.register(Event("lamp.looked_at", sentence="other"))
    with pytest.raises(UnknownAction, match="dotted"):
        Event("Looked")


def test_long_labels_are_clipped_and_odd_actors_refused() -> None:
    assert len(Target("lamp", "1", "x" * 500).label) == 200
    assert len(Who("user", "1", "x" * 500).label) == 200
    with pytest.raises(AuditError):
        Who("robot", "1", "R")


def test_t_a09_nothing_outside_the_log_can_change_an_entry() -> None:
    """No foreign key leads out of the log, so nothing cascades into it."""
    for model in (AuditEntry, AuditHead, AuditStream, AuditPayload):
        assert not [field.name for field in model._meta.get_fields() if isinstance(field, models.ForeignKey)]
    assert AuditedModel._meta.get_field("audit").remote_field.on_delete is models.DO_NOTHING
