"""SQLite's files cannot grow any more (F-28): a limit on the size of files stands for the full disk."""

import pytest

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Job, QualificationType, User
from qualadmin.emulator.testing import Emulator
from tests.tasks.invariants import assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, make_preview, worker_ids
from tests.tasks.processes import Processes
from tests.tasks.test_crash import IDS, recover_and_check

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.mark.parametrize("room", [6_000, 40_000])
def test_f28_a_full_disk_refuses_a_job_whole(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User, room: int
) -> None:
    preview = make_preview(granter, live_type, worker_ids(500))
    wish = ("confirm", granter.pk, preview.pk, preview.rows_sha256)
    assert processes.wait(processes.start("cramped", room, *wish)[0]).code == 1
    assert "OperationalError" in processes.log
    assert not Job.objects.exists()
    assert not AuditEntry.objects.filter(action="job.created").exists()
    assert_log_tells_everything(emulator)
    assert processes.run(*wish).answer == str(Job.objects.get().pk)


@pytest.mark.parametrize("room", [6_000, 60_000])
def test_f28_a_full_disk_in_a_drain_loses_no_outcome(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User, room: int
) -> None:
    job = make_job(granter, live_type, IDS)
    assert processes.wait(processes.start("cramped", room, "drain", str(job.account_id))[0]).code == 1
    called = calls_by_worker(emulator)
    assert len(called) < len(IDS)
    assert set(called) <= set(job.changes.exclude(state="planned").values_list("worker__worker_id", flat=True))
    recover_and_check(emulator, processes, job)
