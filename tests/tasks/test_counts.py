"""What is counted of the calls to Amazon, by the drain and by whoever looks things up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.core.models import AccountPace, Change, QualificationType, User
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.drain import drain
from qualadmin.tasks.sweep import reconcile
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db(transaction=True)
ASSOCIATE = "AssociateQualificationWithWorker"


def counted(chosen: QualificationType) -> dict[str, int]:
    return dict(AccountPace.objects.get(account=chosen.account).calls)


def test_every_call_is_counted_once_under_what_came_of_it(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    ids = worker_ids(12)
    emulator.fault("error", code="ThrottlingException", operation=ASSOCIATE, worker_id=ids[0], times=1)
    emulator.fault("error", code="RequestError", operation=ASSOCIATE, worker_id=ids[1])
    emulator.fault("reset", when="after", operation=ASSOCIATE, worker_id=ids[2], times=1)
    job = make_job(granter, live_type, ids)
    while job.changes.filter(state=Change.State.PLANNED).exists():
        drain(str(live_type.account_id))
    assert counted(live_type) == {
        "grant.done": 10,
        "grant.throttled": 1,
        "grant.refused": 1,
        "grant.no_clear_answer": 1,
    }
    job.changes.filter(state=Change.State.UNKNOWN).update(due_at=timezone.now() - timedelta(seconds=1))
    reconcile(str(live_type.account_id))
    assert counted(live_type)["look_up.done"] == 1
    assert len(emulator.calls(operation=ASSOCIATE)) == 13
