"""Undoing, with real processes against the emulator: what Amazon holds afterwards is what it held before."""

import pytest

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
from qualadmin.core.errors import Conflict
from qualadmin.core.models import Job, Preview, QualificationType, User
from qualadmin.core.reading import Plan
from qualadmin.emulator.testing import Emulator
from tests.core.actions.undoing import confirm
from tests.tasks.invariants import assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, worker_ids
from tests.tasks.processes import Processes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
HELD, NEW = worker_ids(40, "AHELD"), worker_ids(20, "ANEW")
HEADS = (
    "Worker ID,Number of HITs approved or rejected - Lifetime,Number of HITs approved - Lifetime,"
    "Your Lifetime Approval Rate,CURRENT-Wave 3,UPDATE-Wave 3,CURRENT BlockStatus,UPDATE BlockStatus"
)


@pytest.fixture
def before(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> dict[str, int]:
    """What Amazon holds before the job: forty workers with a score of 60."""
    make_job(granter, live_type, HELD, score=60)
    processes.run("recover", live_type.account_id)
    found: dict[str, int] = emulator.grant_map(live_type.mturk_id or "")
    assert found == dict.fromkeys(HELD, 60)
    return found


@pytest.fixture
def job(before: dict[str, int], live_type: QualificationType, granter: User) -> Job:
    """Twenty grants, twenty changed scores and twenty taken away: Amazon's own worker file."""
    updates = [*((one, "100") for one in NEW), *((one, "80") for one in HELD[:20])]
    updates += [(one, "Revoke") for one in HELD[20:]]
    lines = [HEADS, *(f"{one},25,24,24/25 (96%),,{update},Never Blocked," for one, update in updates)]
    actor = granter.as_actor()
    preview = start_preview(
        actor=actor, account=live_type.account, source=Preview.Source.FILE,
        content="\n".join(lines).encode(), file_name="workers.csv",
    )  # fmt: skip
    plan = Plan(types={"Wave 3": str(live_type.pk)})
    preview = plan_preview(actor=actor, preview=preview, plan=plan, wishes=Wishes())
    assert [preview.counts[group] for group in ("new", "score", "revoke", "problem")] == [20, 20, 20, 0]
    return confirm(granter, preview)


def at_amazon(emulator: Emulator, job: Job) -> dict[str, int]:
    types = QualificationType.objects.filter(changes__job=job).distinct()
    found: dict[str, int] = emulator.grant_map(types.get().mturk_id or "")
    return found


def test_amazon_holds_what_it_held_save_what_others_changed_since(
    emulator: Emulator, processes: Processes, before: dict[str, int], job: Job, granter: User, colleague: User,
    live_type: QualificationType,
) -> None:  # fmt: skip
    account = job.account_id
    processes.run("recover", account)
    after = at_amazon(emulator, job)
    assert after == dict.fromkeys(NEW, 100) | dict.fromkeys(HELD[:20], 80)

    make_job(colleague, live_type, [NEW[0], HELD[0], HELD[20]], score=7)
    processes.run("recover", account)
    changed_since = {NEW[0]: 7, HELD[0]: 7, HELD[20]: 7}

    undoing = Job.objects.get(pk=processes.run("undo", granter.pk, job.pk).answer)
    sent = {worker: len(calls) for worker, calls in calls_by_worker(emulator).items()}
    processes.together("drain", account, times=3)
    processes.run("recover", account)
    assert at_amazon(emulator, job) == before | changed_since
    undoing.refresh_from_db()
    assert (undoing.state, undoing.done, undoing.cancelled) == (Job.State.FINISHED, 57, 3)
    now = {worker: len(calls) for worker, calls in calls_by_worker(emulator).items()}
    assert {worker for worker in now if now[worker] == sent[worker]} == set(changed_since)  # not even asked
    assert {now[worker] - sent[worker] for worker in now} == {0, 1}

    again = Job.objects.get(pk=processes.run("undo", colleague.pk, undoing.pk).answer)
    processes.run("recover", account)
    assert at_amazon(emulator, job) == after | changed_since
    again.refresh_from_db()
    assert (again.undoes, again.done) == (undoing, 57)
    assert_log_tells_everything(emulator)


def test_of_two_people_who_undo_at_once_one_does_it(
    emulator: Emulator, processes: Processes, before: dict[str, int], job: Job, granter: User, colleague: User
) -> None:
    processes.run("recover", job.account_id)
    started = [processes.start("undo", person.pk, job.pk)[0] for person in (granter, colleague, granter)]
    answers = [processes.wait(pid).answer for pid in started]
    undoing = Job.objects.get(undoes=job)
    won = [answer for answer in answers if answer == str(undoing.pk)]
    assert won, (answers, processes.log)
    assert {answer for answer in answers if answer not in won} <= {Conflict.__name__, "NotVisible"}, processes.log
    assert AuditEntry.objects.filter(action="job.undone").count() == 1
    processes.run("recover", job.account_id)
    assert at_amazon(emulator, job) == before


def test_a_job_that_still_runs_is_not_undone_and_nothing_of_it_is_lost(
    emulator: Emulator, processes: Processes, job: Job, granter: User, before: dict[str, int]
) -> None:
    emulator.configure(latency_ms=100)
    calls = sum(len(one) for one in calls_by_worker(emulator).values())
    [draining] = processes.start("drain", job.account_id)
    emulator.wait_for_calls(calls + 5)
    assert processes.run("undo", granter.pk, job.pk).answer == "Conflict"
    assert processes.wait(draining).code == 0
    processes.run("recover", job.account_id)
    assert not Preview.objects.filter(undoes=job).exists()
    assert not Job.objects.filter(undoes=job).exists()
    undoing = Job.objects.get(pk=processes.run("undo", granter.pk, job.pk).answer)
    processes.run("recover", job.account_id)
    undoing.refresh_from_db()
    assert undoing.done == 60
    assert at_amazon(emulator, job) == before
