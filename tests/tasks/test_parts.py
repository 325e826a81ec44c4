"""Large jobs in parts, in real processes: killed between and within parts, and several at once."""

import signal

import pytest
from django_q.models import OrmQ

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions import endings
from qualadmin.core.actions.control import retry_failed, stop_job
from qualadmin.core.actions.giving_up import jobs_to_give_up
from qualadmin.core.actions.leftovers import previews_to_empty
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.preparing import jobs_to_prepare
from qualadmin.core.actions.previews import discard_preview
from qualadmin.core.models import Job, Preview, QualificationType, User
from qualadmin.emulator.testing import Emulator
from tests.tasks.hands import finish
from tests.tasks.invariants import assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, make_preview, worker_ids
from tests.tasks.processes import Processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SIZE = 2_300


@pytest.fixture
def large(processes: Processes, live_type: QualificationType, granter: User) -> Job:
    """Confirmed, and nothing of it written down yet."""
    return make_job(granter, live_type, worker_ids(SIZE))


def entries(action: str) -> int:
    return AuditEntry.objects.filter(action=action).count()


@pytest.mark.parametrize("killpoint", ["giving_up:1", "gave_up_part:1", "giving_up:2"])
def test_killed_while_a_stopped_job_is_given_up(
    emulator: Emulator, processes: Processes, large: Job, granter: User, killpoint: str
) -> None:
    processes.run("prepare", large.pk)
    stop_job(actor=granter.as_actor(), job_id=large.pk)
    assert processes.run("give_up", large.pk, killpoint=killpoint).code == -signal.SIGKILL
    large.refresh_from_db()
    given_up = {"giving_up:1": 250, "gave_up_part:1": 500, "giving_up:2": 500}[killpoint]
    assert (large.state, large.finished_at, large.cancelled) == (Job.State.STOPPED, None, given_up)
    assert large.changes.filter(state="cancelled").count() == given_up  # whole parts or nothing
    assert jobs_to_give_up() == [large.pk]  # the sweep rings for it
    processes.run("drain", large.account_id)
    assert calls_by_worker(emulator) == {}
    processes.run("give_up", large.pk)
    large.refresh_from_db()
    assert (large.planned, large.cancelled) == (0, SIZE)
    assert large.finished_at is not None
    assert entries("job.finished") == 1
    assert_log_tells_everything(emulator)


@pytest.mark.parametrize("killpoint", ["preparing:1", "prepared_part:2"])
def test_killed_while_a_retry_is_prepared(
    processes: Processes,
    large: Job,
    granter: User,
    live_type: QualificationType,
    killpoint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processes.run("prepare", large.pk)
    monkeypatch.setattr(endings, "WRONG_FROM_THE_START", SIZE)  # let all of it fail
    finish(live_type.account, Result.FAILED)
    retry_failed(actor=granter.as_actor(), job_id=large.pk)
    assert processes.run("prepare", large.pk, killpoint=killpoint).code == -signal.SIGKILL
    large.refresh_from_db()
    planned = {"preparing:1": 0, "prepared_part:2": 500}[killpoint]
    assert (large.state, large.planned, large.failed) == (Job.State.PREPARING, planned, SIZE - planned)
    assert large.changes.filter(state="planned").count() == planned
    assert jobs_to_prepare() == [large.pk]
    processes.together("prepare", large.pk, times=3)
    large.refresh_from_db()
    assert (large.state, large.planned, large.failed) == (Job.State.RUNNING, SIZE, 0)
    assert entries("job.retried") == 1
    assert entries("job.prepared") == 2


def test_of_several_who_retry_a_large_job_one_does_it(
    processes: Processes,
    large: Job,
    granter: User,
    live_type: QualificationType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processes.run("prepare", large.pk)
    monkeypatch.setattr(endings, "WRONG_FROM_THE_START", SIZE)  # let all of it fail
    finish(live_type.account, Result.FAILED)
    answers = processes.together("move_job", granter.pk, large.pk, "retry", times=3)
    assert sorted(answers) == ["Conflict", "Conflict", "preparing"]
    assert entries("job.retried") == 1


@pytest.mark.parametrize("how", ["stop", "pause"])
def test_stopped_or_paused_while_several_prepare_it(
    emulator: Emulator, processes: Processes, large: Job, granter: User, pi: User, how: str
) -> None:
    preparing = processes.start("prepare", large.pk, times=2)
    moving = [processes.start("move_job", person.pk, large.pk, how)[0] for person in (granter, pi)]
    for pid in (*preparing, *moving):
        assert processes.wait(pid).code == 0, processes.log
    large.refresh_from_db()
    written = large.changes.count()
    processes.run("prepare", large.pk)
    processes.run("drain", large.account_id)
    assert large.changes.count() == written
    assert calls_by_worker(emulator) == {}
    if how == "pause":
        assert (large.state, large.planned) == (Job.State.PAUSED, written)
        processes.run("move_job", granter.pk, large.pk, "resume")
        processes.run("prepare", large.pk)
        large.refresh_from_db()
        assert (large.state, large.planned, large.changes.count()) == (Job.State.RUNNING, SIZE, SIZE)
        return
    processes.together("give_up", large.pk, times=2)
    large.refresh_from_db()
    assert (large.state, large.planned, large.cancelled) == (Job.State.STOPPED, 0, written)
    assert large.finished_at is not None
    assert (entries("job.stopped"), entries("job.finished")) == (1, 1)


@pytest.mark.parametrize("killpoint", ["emptying:1", "emptied_part:1", "emptying:2"])
def test_killed_while_a_discarded_list_is_emptied(
    processes: Processes, live_type: QualificationType, granter: User, killpoint: str
) -> None:
    preview = make_preview(granter, live_type, worker_ids(SIZE))
    discard_preview(actor=granter.as_actor(), preview_id=preview.pk)
    assert processes.run("empty", preview.pk, killpoint=killpoint).code == -signal.SIGKILL
    preview.refresh_from_db()
    left = {"emptying:1": 1_300, "emptied_part:1": 300, "emptying:2": 300}[killpoint]
    assert (preview.state, preview.content, preview.rows.count()) == (Preview.State.DISCARDED, None, left)
    OrmQ.objects.all().delete()  # the message is gone with the process
    processes.run("sweep")
    assert preview.rows.count() == left
    assert previews_to_empty() == [preview.pk]  # the sweep has rung for it
    processes.together("empty", preview.pk, times=3)
    assert (preview.rows.count(), previews_to_empty()) == (0, [])
