"""Workers' own requests."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from qualadmin.core.actions.seen import SeenRequest
from qualadmin.core.actions.waiting import apply_requests
from qualadmin.core.actor import Actor
from qualadmin.core.models import QualificationRequest, RequesterAccount, Worker
from tests.entries import new_entries
from tests.factories import RequestFactory, TypeFactory, WorkerFactory

SYNC = Actor.system("sync_account")
ASKED = datetime(2026, 1, 7, 12, tzinfo=UTC)


def test_new_requests_come_in_with_one_entry_for_each_type(account: RequesterAccount) -> None:
    first, second = TypeFactory(account=account), TypeFactory(account=account)
    known = WorkerFactory(worker_id="AKNOWN1")
    listed = [
        SeenRequest("3R1", first.mturk_id, "AKNOWN1", ASKED),
        SeenRequest("3R2", first.mturk_id, "ANEW1", ASKED),
        SeenRequest("3R3", second.mturk_id, "ANEW1", ASKED),
        SeenRequest("3R4", "3NOTIMPORTED", "ANEW1", ASKED),
        SeenRequest("3R5", first.mturk_id, "no id", ASKED),
    ]

    with new_entries() as entries:
        counts = apply_requests(actor=SYNC, account=account, requests=listed)

    assert (counts.new, counts.unknown_type) == (3, 1)
    assert entries.actions == ["request.seen"] * 2
    assert [entry.changes["count"] for entry in entries] == [[None, 2], [None, 1]]
    assert Worker.objects.get(worker_id="AKNOWN1") == known
    assert Worker.objects.count() == 2
    row = QualificationRequest.objects.get(mturk_id="3R2")
    assert (row.type, row.state, row.submitted_at) == (first, "waiting", ASKED)


def test_the_same_list_again_writes_nothing(account: RequesterAccount) -> None:
    row = RequestFactory(type=TypeFactory(account=account))
    listed = [SeenRequest(row.mturk_id, row.type.mturk_id, row.worker.worker_id, ASKED)]

    with new_entries() as entries:
        counts = apply_requests(actor=SYNC, account=account, requests=listed)

    assert (counts.unchanged, counts.new, counts.closed) == (1, 0, 0)
    assert entries == []


def test_a_request_that_is_no_longer_listed_does_not_wait_any_more(account: RequesterAccount) -> None:
    row = RequestFactory(type=TypeFactory(account=account))
    elsewhere = RequestFactory()
    now = timezone.now() + timedelta(seconds=1)

    with new_entries() as entries:
        apply_requests(actor=SYNC, account=account, requests=[], as_of=now, complete=False)
        assert entries == []
        counts = apply_requests(actor=SYNC, account=account, requests=[], as_of=now)

    row.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (row.state, row.closed_at, counts.closed) == ("closed", now, 1)
    assert elsewhere.state == "waiting"
    assert entries.only.action == "request.closed"
    assert entries.only.changes == {"count": [None, 1]}

    with new_entries() as entries:  # Amazon lists it again
        listed = [SeenRequest(row.mturk_id, row.type.mturk_id, row.worker.worker_id, ASKED)]
        apply_requests(actor=SYNC, account=account, requests=listed)
    row.refresh_from_db()
    assert (row.state, row.closed_at) == ("waiting", None)
    assert entries.only.action == "request.seen"


def test_a_request_met_after_the_list_was_begun_stays(account: RequesterAccount) -> None:
    began = timezone.now()
    row = RequestFactory(type=TypeFactory(account=account))

    apply_requests(actor=SYNC, account=account, requests=[], as_of=began)

    row.refresh_from_db()
    assert row.state == "waiting"
