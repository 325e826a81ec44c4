"""The workers of a job as a new list, for the same or another type: from its page, and never without a check."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client

from qualadmin.audit import record as audit
from qualadmin.audit.sentences import sentence
from qualadmin.audit.types import Context
from qualadmin.core.actions.control import stop_job
from qualadmin.core.models import Change, Job, Preview, QualificationType
from tests.entries import new_entries, payload_of
from tests.factories import RoleFactory, TypeFactory, UserFactory
from tests.people import Cast
from tests.tasks.hands import finish
from tests.tasks.lists import make_job, worker_ids
from tests.web.html import assert_valid_page
from tests.web.lists import Someone, everything, text_of, went_on

pytestmark = pytest.mark.django_db
IDS = worker_ids(3)


@pytest.fixture
def wave(cast: Cast) -> QualificationType:
    made: QualificationType = TypeFactory(account=cast.account, name="Wave 7")
    return made


@pytest.fixture
def job(cast: Cast, wave: QualificationType) -> Job:
    """Three workers in the order of the list, none of them done."""
    made = make_job(cast.granter, wave, [IDS[2], IDS[0], IDS[1]], score=50)
    stop_job(actor=cast.actor("granter"), job_id=made.pk)
    made.refresh_from_db()
    return made


def again(someone: Someone, job: Job, verb: str = "grant") -> Any:
    fields = someone.hidden(f"/jobs/{job.pk}/")
    return someone.client.post(f"/jobs/{job.pk}/again/", fields | {"verb": verb})


def ids(preview: Preview) -> list[str]:
    return bytes(preview.content or b"").decode().split()


def test_the_same_workers_for_another_type_go_through_check_and_confirm(
    granter: Someone, cast: Cast, wave: QualificationType, job: Job
) -> None:
    other = TypeFactory(account=cast.account, name="Wave 8")
    page = granter.get(f"/jobs/{job.pk}/")
    assert_valid_page(page)
    assert "Use this list again" in text_of(page)
    with new_entries() as entries:
        columns = went_on(again(granter, job))
    preview = Preview.objects.latest("created_at")
    assert ids(preview) == [IDS[2], IDS[0], IDS[1]]
    assert (preview.type, preview.source, preview.state) == (wave, "list", "uploaded")
    entry = entries.only
    assert (entry.action, entry.target_id, entry.job) == ("list.reused", str(job.pk), str(job.pk))
    assert re.fullmatch("Granter Person took the workers of .* for a new list", sentence(entry))
    assert entry.changes["rows"] == [None, 3]
    assert payload_of(entry)["origin"] == preview.origin
    assert not any(one in str(entry.content) for one in IDS)
    page = granter.get(columns)
    assert_valid_page(page)
    assert f"Workers of the job “{job.title}”: 3" in text_of(page)
    check = went_on(granter.columns(columns, type=str(other.pk), score="70"))
    went_on(granter.confirm(check))
    new = Job.objects.latest("created_at")
    assert set(new.changes.values_list("worker__worker_id", "type__name", "value")) == {
        (one, "Wave 8", 70) for one in IDS
    }


def test_they_can_be_taken_away_from(granter: Someone, cast: Cast, wave: QualificationType) -> None:
    done = make_job(cast.granter, wave, IDS, score=50)
    finish(cast.account)
    check = went_on(granter.columns(went_on(again(granter, done, "revoke")), how="silent"))
    assert "Check before taking away from 3 workers" in text_of(granter.get(check))


def test_erased_workers_are_left_out_and_a_list_of_none_is_refused(granter: Someone, job: Job) -> None:
    erase(IDS[0])
    went_on(again(granter, job))
    preview = Preview.objects.latest("created_at")
    assert ids(preview) == [IDS[2], IDS[1]]
    assert preview.origin.endswith(": 2 (1 erased left out)")
    for one in IDS[1:]:
        erase(one)
    before = everything()
    assert went_on(again(granter, job)) == f"/jobs/{job.pk}/"
    assert "so there is no list. Nothing was done." in text_of(granter.get(f"/jobs/{job.pk}/"))
    assert everything() == before


def test_a_type_that_cannot_be_given_now_is_to_be_chosen_anew(granter: Someone, job: Job) -> None:
    row = job.preview
    assert row.type is not None
    update_audited(row.type, status="Inactive")
    went_on(again(granter, job))
    assert Preview.objects.latest("created_at").type is None
    went_on(again(granter, job, "revoke"))
    assert Preview.objects.latest("created_at").type == row.type


def test_while_its_lines_are_written_down_the_list_is_not_whole(granter: Someone, job: Job) -> None:
    update_audited(job, state=Job.State.PREPARING, prepares=Job.Prepares.LIST)
    assert "Use this list again" not in text_of(granter.get(f"/jobs/{job.pk}/"))
    before = Preview.objects.count()
    assert went_on(again(granter, job)) == f"/jobs/{job.pk}/"
    assert Preview.objects.count() == before


def test_two_clicks_are_one_list(granter: Someone, job: Job) -> None:
    fields = granter.hidden(f"/jobs/{job.pk}/") | {"verb": "grant"}
    first, second = (granter.client.post(f"/jobs/{job.pk}/again/", fields) for _ in range(2))
    assert went_on(first) == went_on(second)


def test_only_for_those_who_grant_where_the_job_is(cast: Cast, wave: QualificationType, job: Job) -> None:
    before = Preview.objects.count()
    pi = Someone(Client(), cast.pi, cast.account)
    assert "Use this list again" not in text_of(pi.get(f"/jobs/{job.pk}/"))
    assert again(pi, job).status_code == 403
    stranger = UserFactory()
    RoleFactory(user=stranger, role="granter", account=cast.other_account)
    other = Someone(Client(), stranger, cast.other_account)
    fields = other.hidden("/bulk/") | {"verb": "grant"}
    assert other.client.post(f"/jobs/{job.pk}/again/", fields).status_code == 404
    assert Preview.objects.count() == before


def erase(worker_id: str) -> None:
    """As erasing a person will: the row stays, without its id."""
    update_audited(Change.objects.filter(worker__worker_id=worker_id).latest("pk").worker, worker_id=None)


def update_audited(row: Any, **values: Any) -> None:
    with audit.transaction(Context.system("tests")) as tx:
        entry: uuid.UUID = tx.record("qtype.synced")
        type(row).objects.filter(pk=row.pk).update(audit_id=entry, **values)
