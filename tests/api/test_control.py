"""Jobs on their way, steered by a program: as on the pages."""

from typing import Any

import pytest

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.models import Change, Job, QualificationType
from qualadmin.core.permissions import Scope
from tests.api.program import Program, error_of, token_for
from tests.entries import new_entries
from tests.people import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(program: Program, wave: QualificationType) -> Job:
    """A job of one change that waits for its turn."""
    program.data("AssociateQualificationWithWorker", QualificationTypeId="3WAVE7", WorkerId="A1GOODWORKER01")
    return Job.objects.get()


def test_paused_resumed_and_stopped_with_an_entry_each(program: Program, job: Job) -> None:
    wanted = [("PauseJob", "paused"), ("PauseJob", "paused"), ("ResumeJob", "running"), ("StopJob", "stopped")]
    with new_entries() as entries:
        found = [program.data(operation, JobId=str(job.pk))["state"] for operation, _ in wanted]
    assert found == [state for _, state in wanted]
    steered = [one for one in entries if one.actor_id == str(job.created_by_id) and one.target_type == "job"]
    assert [one.action for one in steered][:3] == ["job.paused", "job.resumed", "job.stopped"]
    assert entries.actions.count("job.paused") == 1
    assert Change.objects.get().state == "cancelled"
    for operation in ("PauseJob", "ResumeJob", "RetryJob"):
        assert error_of(program.send(operation, {"JobId": str(job.pk)})) == (409, "CONFLICT")


def test_what_failed_is_sent_again(program: Program, job: Job) -> None:
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("job.stopped")
        Change.objects.update(state="failed", audit_id=entry)
        Job.objects.update(state="finished", planned=0, failed=1, finished_at=job.created_at, audit_id=entry)
    found = program.data("RetryJob", JobId=str(job.pk))
    assert (found["state"], found["progress"]["left"], found["progress"]["failed"]) == ("running", 1, 0)
    assert Change.objects.get().state == "planned"


@pytest.mark.parametrize("name", ["pi", "manager"])
def test_others_stop_it_and_cannot_make_it_go_on(cast: Cast, job: Job, name: str) -> None:
    body: dict[str, Any] = {"JobId": str(job.pk)}
    other = Program(token_for(cast.user(name)))
    assert other.send("PauseJob", body).json()["data"]["state"] == "paused"
    assert error_of(other.send("ResumeJob", body)) == (403, "PERMISSION_DENIED")


def test_the_own_job_of_a_colleague_is_not_ones_own(colleague: Any, job: Job) -> None:
    other = Program(token_for(colleague))
    assert error_of(other.send("StopJob", {"JobId": str(job.pk)})) == (403, "PERMISSION_DENIED")


def test_a_token_for_reading_stops_nothing(cast: Cast, job: Job) -> None:
    reading = Program(token_for(cast.granter, Scope.READ, Scope.AUDIT))
    assert error_of(reading.send("StopJob", {"JobId": str(job.pk)})) == (403, "PERMISSION_DENIED")
    job.refresh_from_db()
    assert job.state == "running"
