"""Amazon's list of holders against our rows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from qualadmin.core.actions.holders import (
    CHUNK,
    apply_holders,
    apply_worker_check,
    record_sync_failed,
    unlisted_holders,
)
from qualadmin.core.actions.seen import SeenHolder
from qualadmin.core.actions.types import request_sync
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, Qualification, QualificationType, RequesterAccount, Worker
from tests.entries import new_entries, payload_of
from tests.factories import ChangeFactory, QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast

SYNC = Actor.system("sync_type")
GRANT_TIME = datetime(2026, 1, 5, 12, tzinfo=UTC)


def holder(worker_id: str, value: int | None = 100, status: str = "Granted") -> SeenHolder:
    return SeenHolder(worker_id, status, value, GRANT_TIME)


@pytest.fixture
def synced(account: RequesterAccount) -> QualificationType:
    """A type that was read before."""
    found: QualificationType = TypeFactory(account=account, holders_synced_at=datetime(2026, 1, 6, tzinfo=UTC))
    return found


def test_the_first_list_comes_in_under_one_entry(account: RequesterAccount) -> None:
    row = TypeFactory(account=account)
    known = WorkerFactory(worker_id="AKNOWN1")

    with new_entries() as entries:
        counts = apply_holders(
            actor=SYNC, type=row, holders=[holder("AKNOWN1", 7), holder("ANEW1"), holder("AGONE1", 5, "Revoked")]
        )

    assert (counts.seen, counts.granted, counts.new, counts.differences) == (3, 2, 3, 3)
    assert entries.only.action == "qtype.synced"
    assert entries.only.changes["differences"] == [None, 3]
    held = {q.worker.worker_id: (q.status, q.value) for q in Qualification.objects.select_related("worker")}
    assert held == {"AKNOWN1": ("Granted", 7), "ANEW1": ("Granted", 100), "AGONE1": ("Revoked", 5)}
    assert set(Qualification.objects.values_list("audit_id", flat=True)) == {entries.only.id}
    assert Worker.objects.get(worker_id="AKNOWN1") == known
    history = Change.objects.order_by("worker__worker_id")
    assert [(c.job_id, c.verb, c.state, c.value) for c in history] == [
        (None, "revoke", "done", None),
        (None, "grant", "done", 7),
        (None, "grant", "done", 100),
    ]
    row.refresh_from_db()
    assert row.holders_synced_at is not None


def test_the_same_list_again_writes_nothing_but_when_it_was_seen(account: RequesterAccount) -> None:
    row = TypeFactory(account=account)
    listed = [holder("AAAA1"), holder("ABBB1", 5, "Revoked")]
    apply_holders(actor=SYNC, type=row, holders=listed)
    later = timezone.now() + timedelta(minutes=1)

    with new_entries() as entries:
        counts = apply_holders(actor=SYNC, type=row, holders=listed, as_of=later)

    assert (counts.unchanged, counts.differences) == (2, 0)
    assert entries == []
    assert set(Qualification.objects.values_list("checked_at", flat=True)) == {later}
    assert Change.objects.count() == 2
    row.refresh_from_db()
    assert row.holders_synced_at == later


@pytest.mark.parametrize(
    ("before", "seen", "changes"),
    [
        (("Granted", 100), ("Granted", 50), {"status": ["Granted", "Granted"], "value": [100, 50]}),
        (("Granted", 100), ("Revoked", 100), {"status": ["Granted", "Revoked"]}),
        (("Revoked", 100), ("Granted", 1), {"status": ["Revoked", "Granted"], "value": [100, 1]}),
        (None, ("Granted", 1), {"status": [None, "Granted"], "value": [None, 1]}),
    ],
)
def test_what_somebody_else_changed_is_told_worker_by_worker(
    synced: QualificationType,
    before: tuple[str, int] | None,
    seen: tuple[str, int],
    changes: dict[str, list[object]],
) -> None:
    worker = WorkerFactory(worker_id="ADRIFT1")
    if before:
        QualificationFactory(type=synced, worker=worker, status=before[0], value=before[1])

    with new_entries() as entries:
        apply_holders(actor=SYNC, type=synced, holders=[holder("ADRIFT1", seen[1], seen[0])])

    assert entries.actions == ["mturk.drift.detected", "qtype.synced"]
    drift = entries[0]
    assert (drift.severity, drift.subject) == ("warning", worker.pk)
    assert drift.target_id == str(synced.pk)
    assert drift.changes == changes
    assert "ADRIFT1" not in str(drift.content)
    row = Qualification.objects.get(type=synced, worker=worker)
    assert (row.status, row.audit_id) == (seen[0], drift.id)
    change = Change.objects.get(job=None)
    assert (change.status_before, change.value_before) == (before or ("", None))


def test_a_revoked_score_that_amazon_remembers_differently_is_no_change(synced: QualificationType) -> None:
    row = QualificationFactory(type=synced, status="Revoked", value=None)

    with new_entries() as entries:
        counts = apply_holders(actor=SYNC, type=synced, holders=[holder(row.worker.worker_id, 5, "Revoked")])

    assert counts.unchanged == 1
    assert entries == []


@pytest.mark.parametrize("state", ["sending", "unknown"])
def test_rows_with_a_call_of_ours_under_way_are_left_alone(synced: QualificationType, state: str) -> None:
    row = QualificationFactory(type=synced, value=100)
    ChangeFactory(type=synced, worker=row.worker, state=state, value=50)
    fresh = WorkerFactory(worker_id="AFRESH1")
    ChangeFactory(type=synced, worker=fresh, state=state)

    with new_entries() as entries:
        counts = apply_holders(
            actor=SYNC, type=synced, holders=[holder(row.worker.worker_id, 50), holder("AFRESH1")]
        )

    assert counts.left_alone == 2
    assert entries == []
    row.refresh_from_db()
    assert (row.value, row.checked_at.year) == (100, 2026)
    assert not Qualification.objects.filter(worker=fresh).exists()
    assert unlisted_holders(type=synced, as_of=timezone.now(), limit=10) == []


def test_what_we_changed_after_the_list_was_begun_is_newer(synced: QualificationType) -> None:
    began = timezone.now()
    row = QualificationFactory(type=synced, value=80, checked_at=began + timedelta(seconds=2))

    counts = apply_holders(actor=SYNC, type=synced, holders=[holder(row.worker.worker_id, 100)], as_of=began)

    row.refresh_from_db()
    assert counts.left_alone == 1
    assert row.value == 80


def test_a_worker_who_comes_twice_is_taken_as_seen_last(synced: QualificationType) -> None:
    listed = [holder("ATWICE1", 5), *[holder(f"AX{n}") for n in range(CHUNK)], holder("ATWICE1", 5, "Revoked")]

    apply_holders(actor=SYNC, type=synced, holders=listed)

    assert Qualification.objects.get(worker__worker_id="ATWICE1").status == "Revoked"
    assert Qualification.objects.filter(type=synced).count() == CHUNK + 1


def test_ids_that_amazon_itself_would_refuse_are_left_out(
    synced: QualificationType, caplog: pytest.LogCaptureFixture
) -> None:
    counts = apply_holders(
        actor=SYNC, type=synced, holders=[holder("not an id"), holder("A" * 65), holder("ARIGHT1")]
    )

    assert (counts.strange, counts.new) == (2, 1)
    assert "not an id" not in caplog.text


def test_a_list_that_breaks_off_keeps_what_was_read_and_is_read_again(synced: QualificationType) -> None:
    def broken() -> Iterator[SeenHolder]:
        yield from (holder(f"APART{n}") for n in range(CHUNK))
        raise ConnectionError

    before = synced.holders_synced_at
    with pytest.raises(ConnectionError):
        apply_holders(actor=SYNC, type=synced, holders=broken())

    synced.refresh_from_db()
    assert synced.holders_synced_at == before
    assert Qualification.objects.filter(type=synced).count() == CHUNK


def test_workers_missing_from_the_list_are_to_be_asked_about(synced: QualificationType) -> None:
    listed, missing = QualificationFactory(type=synced), QualificationFactory(type=synced)
    QualificationFactory()  # of another type
    now = timezone.now()

    apply_holders(actor=SYNC, type=synced, holders=[holder(listed.worker.worker_id)], as_of=now)

    assert unlisted_holders(type=synced, as_of=now, limit=10) == [missing]


def test_somebody_who_asked_gets_an_entry_even_without_differences(cast: Cast, synced: QualificationType) -> None:
    request_sync(actor=cast.actor("granter"), type=synced)

    with new_entries() as entries:
        apply_holders(actor=SYNC, type=synced, holders=[])
        apply_holders(actor=SYNC, type=synced, holders=[])

    assert entries.only.action == "qtype.synced"
    assert entries.only.changes == {"holders": [None, 0], "differences": [None, 0]}


def test_a_failure_is_told_to_somebody_who_asked(cast: Cast, synced: QualificationType) -> None:
    with new_entries() as entries:
        record_sync_failed(actor=SYNC, type=synced, detail="no answer")
    assert entries == []

    request_sync(actor=cast.actor("granter"), type=synced)
    with new_entries() as entries:
        record_sync_failed(actor=SYNC, type=synced, detail="no answer")
        record_sync_failed(actor=SYNC, type=synced, detail="no answer")
    assert (entries.only.action, entries.only.outcome) == ("qtype.synced", "failed")
    assert payload_of(entries.only) == {"detail": "no answer"}


def test_one_worker_asked_about(synced: QualificationType) -> None:
    row = QualificationFactory(type=synced, value=100)
    now = timezone.now()

    with new_entries() as entries:
        apply_worker_check(
            actor=SYNC, type=synced, worker=row.worker, seen=holder(row.worker.worker_id), as_of=now
        )
    assert entries == []
    row.refresh_from_db()
    assert row.checked_at == now

    with new_entries() as entries:  # Amazon says "revoked" and does not tell the score
        seen = SeenHolder(row.worker.worker_id, "Revoked", None, None)
        apply_worker_check(actor=SYNC, type=synced, worker=row.worker, seen=seen, as_of=now + timedelta(1))
    row.refresh_from_db()
    assert (row.status, row.value) == ("Revoked", 100)
    assert entries.only.action == "mturk.drift.detected"


def test_a_worker_who_never_held_it(synced: QualificationType) -> None:
    stranger = WorkerFactory()

    with new_entries() as entries:
        apply_worker_check(actor=SYNC, type=synced, worker=stranger, seen=None, as_of=timezone.now())
    assert entries == []
    assert not Qualification.objects.exists()

    row = QualificationFactory(type=synced)
    with new_entries() as entries:
        apply_worker_check(actor=SYNC, type=synced, worker=row.worker, seen=None, as_of=timezone.now())
    row.refresh_from_db()
    assert row.status == "Revoked"
    assert entries.only.changes == {"status": ["Granted", "Revoked"]}
