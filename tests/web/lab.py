"""A lab with something of everything, for the pages that look after it and into its log."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.models import Change, Job, Qualification, QualificationType, Study, Verb, Worker
from tests.factories import (
    ChangeFactory,
    JobFactory,
    QualificationFactory,
    RequestFactory,
    StudyFactory,
    TypeFactory,
    WorkerFactory,
)
from tests.people import Cast

__all__ = ["WORKER_ID", "Lab", "lab", "make_lab"]
WORKER_ID = "A1MADEUPWORKER"


@dataclass(frozen=True)
class Lab:
    """One type with a holder, a request, a job of the PI's study and one of another study."""

    cast: Cast
    type: QualificationType
    worker: Worker
    held: Qualification
    job: Job
    change: Change
    other_study: Study
    other_job: Job


def make_lab(cast: Cast) -> Lab:
    """Write the whole lab in one transaction."""
    with audit.transaction(Context.system("tests")):
        return _lab(cast)


def _lab(cast: Cast) -> Lab:
    now = timezone.now()
    wave = TypeFactory(account=cast.account, name="Wave 7", holders_synced_at=now - timedelta(minutes=2))
    TypeFactory(account=cast.account, name="Old wave", status=QualificationType.Status.INACTIVE)
    worker = WorkerFactory(worker_id=WORKER_ID)
    held = QualificationFactory(type=wave, worker=worker, value=80)
    RequestFactory(type=wave, worker=WorkerFactory(), submitted_at=now - timedelta(days=3))
    job = JobFactory(
        account=cast.account,
        created_by=cast.granter,
        study=cast.study,
        title="wave-7.csv",
        reason="Took part in wave 6",
        file_name="wave-7.csv",
        file_sha256="ab" * 32,
        total=2,
        done=1,
        failed=1,
        state=Job.State.FINISHED,
    )
    change = ChangeFactory(
        type=wave, worker=worker, job=job, value=80, state=Change.State.DONE, finished_at=now, n=1
    )
    ChangeFactory(
        type=wave, job=job, state=Change.State.FAILED, finished_at=now, n=2, message="Amazon does not know them."
    )
    ChangeFactory(
        type=wave, worker=worker, job=None, verb=Verb.REVOKE, value=None, state=Change.State.DONE, finished_at=now
    )
    other = StudyFactory(title="Another study")
    other_job = JobFactory(account=cast.account, created_by=cast.granter, study=other, title="Not for the PI")
    return Lab(cast, wave, worker, held, job, change, other, other_job)


@pytest.fixture
def lab(cast: Cast) -> Lab:
    return make_lab(cast)
