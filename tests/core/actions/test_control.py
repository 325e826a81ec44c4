"""Pausing, stopping, going on and retrying what failed."""

import pytest

from qualadmin.core.actions.control import pause_job, resume_job, retry_failed, stop_job
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.errors import Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Change, Job, QualificationType, User
from qualadmin.core.queue import DRAIN
from tests.core.actions.test_claims import lose_role
from tests.entries import new_entries
from tests.factories import RoleFactory, UserFactory
from tests.tasks.hands import finish, give, outcome, take
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db
ALL = (pause_job, stop_job, resume_job, retry_failed)


def test_pausing_and_going_on(wave: QualificationType, granter: User, rung: list[tuple[str, ...]]) -> None:
    job = make_job(granter, wave, worker_ids(2))
    actor = granter.as_actor()
    with new_entries() as entries:
        assert pause_job(actor=actor, job_id=job.pk).state == Job.State.PAUSED
        assert pause_job(actor=actor, job_id=job.pk).state == Job.State.PAUSED
    assert (entries.only.action, entries.only.changes) == ("job.paused", {"state": ["running", "paused"]})
    assert take(wave.account) == []
    with new_entries() as entries:
        assert resume_job(actor=actor, job_id=job.pk).state == Job.State.RUNNING
        assert resume_job(actor=actor, job_id=job.pk).state == Job.State.RUNNING
    assert (entries.only.action, entries.only.changes) == ("job.resumed", {"state": ["paused", "running"]})
    assert rung[1:] == [(DRAIN, str(wave.account_id))]
    assert len(take(wave.account)) == 2


def test_calls_in_hand_of_a_paused_job_are_finished_and_may_end_it(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(2))
    first = take(wave.account, 1)
    pause_job(actor=granter.as_actor(), job_id=job.pk)
    give(outcome(claim) for claim in first)
    job.refresh_from_db()
    assert (job.state, job.done, job.planned) == (Job.State.PAUSED, 1, 1)

    resume_job(actor=granter.as_actor(), job_id=job.pk)
    second = take(wave.account)
    pause_job(actor=granter.as_actor(), job_id=job.pk)
    give(outcome(claim) for claim in second)
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.FINISHED, 2)


@pytest.mark.parametrize("paused", [False, True])
def test_stopping_gives_up_the_rest_for_good(
    wave: QualificationType, granter: User, rung: list[tuple[str, ...]], paused: bool
) -> None:
    job = make_job(granter, wave, worker_ids(700))
    give(outcome(claim) for claim in take(wave.account, 10))
    if paused:
        pause_job(actor=granter.as_actor(), job_id=job.pk)
    with new_entries() as entries:
        stopped = stop_job(actor=granter.as_actor(), job_id=job.pk)
        again = stop_job(actor=granter.as_actor(), job_id=job.pk)
    assert [entry.action for entry in entries] == ["job.stopped", "change.cancelled", "job.finished"]
    assert entries[0].changes == {
        "state": ["paused" if paused else "running", "stopped"],
        "given_up": [None, 690],
    }
    assert entries[1].changes["count"] == [None, 690]
    assert entries[2].changes["cancelled"] == [None, 690]
    assert stopped.state == again.state == Job.State.STOPPED
    assert (stopped.planned, stopped.done, stopped.cancelled) == (0, 10, 690)
    assert stopped.finished_at is not None
    assert set(job.changes.exclude(state="done").values_list("state", "code")) == {("cancelled", "stopped")}
    assert rung[1:] == [(DRAIN, str(wave.account_id))]  # others may have waited for it
    assert take(wave.account) == []


@pytest.mark.parametrize("result", [Result.DONE, Result.PUT_BACK, Result.UNKNOWN])
def test_a_stopped_job_ends_with_its_last_call_in_hand(
    wave: QualificationType, granter: User, result: Result
) -> None:
    """A call that Amazon did not take is not sent again."""
    job = make_job(granter, wave, worker_ids(3))
    in_hand = take(wave.account, 2)
    stop_job(actor=granter.as_actor(), job_id=job.pk)
    job.refresh_from_db()
    assert (job.state, job.finished_at, job.planned, job.cancelled) == (Job.State.STOPPED, None, 2, 1)
    give([outcome(in_hand[0])])
    give([outcome(in_hand[1], result)])
    job.refresh_from_db()
    if result is Result.UNKNOWN:  # reading back decides
        assert (job.finished_at, job.planned) == (None, 1)
        return
    done = 2 if result is Result.DONE else 1
    assert (job.state, job.planned, job.done, job.cancelled) == (Job.State.STOPPED, 0, done, 3 - done)
    assert job.finished_at is not None
    assert take(wave.account) == []


def test_what_has_ended_is_neither_paused_nor_stopped_nor_resumed(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(1))
    finish(wave.account)
    for act in (pause_job, stop_job, resume_job):
        with new_entries() as entries, pytest.raises(Conflict):
            act(actor=granter.as_actor(), job_id=job.pk)
        assert entries == []
    with pytest.raises(Conflict) as refusal:
        retry_failed(actor=granter.as_actor(), job_id=job.pk)
    assert refusal.value.code == "nothing_failed"


def test_a_stopped_job_does_not_go_on(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(1))
    stop_job(actor=granter.as_actor(), job_id=job.pk)
    for act in (pause_job, resume_job):
        with new_entries() as entries, pytest.raises(Conflict, match="already stopped for good"):
            act(actor=granter.as_actor(), job_id=job.pk)
        assert entries == []


def test_retrying_sends_only_what_failed(
    wave: QualificationType, granter: User, rung: list[tuple[str, ...]]
) -> None:
    job = make_job(granter, wave, worker_ids(3))
    claims = take(wave.account)
    give([outcome(claims[0], Result.FAILED, code="X", message="No."), outcome(claims[1]), outcome(claims[2])])
    with new_entries() as entries:
        retry_failed(actor=granter.as_actor(), job_id=job.pk)
    assert entries.only.changes == {"state": ["finished", "running"], "retried": [None, 1]}
    change = Change.objects.get(pk=claims[0].change_id)
    assert (change.state, change.code, change.message, change.finished_at) == ("planned", "", "", None)
    assert [(one.change_id, one.attempt) for one in take(wave.account)] == [(claims[0].change_id, 2)]
    job.refresh_from_db()
    assert (job.state, job.failed, job.done, job.planned, job.finished_at) == ("running", 0, 2, 1, None)
    assert rung[1:] == [(DRAIN, str(wave.account_id))]


def test_retrying_what_failed_in_a_stopped_job_sends_nothing_that_was_given_up(
    wave: QualificationType, granter: User
) -> None:
    job = make_job(granter, wave, worker_ids(3))
    give([outcome(take(wave.account, 1)[0], Result.FAILED)])
    stop_job(actor=granter.as_actor(), job_id=job.pk)
    retry_failed(actor=granter.as_actor(), job_id=job.pk)
    finish(wave.account)
    job.refresh_from_db()
    assert (job.state, job.done, job.failed, job.cancelled) == (Job.State.FINISHED, 1, 0, 2)


def test_a_paused_job_is_resumed_before_anything_is_retried(wave: QualificationType, granter: User) -> None:
    job = make_job(granter, wave, worker_ids(2))
    give([outcome(take(wave.account, 1)[0], Result.FAILED)])
    pause_job(actor=granter.as_actor(), job_id=job.pk)
    with new_entries() as entries, pytest.raises(Conflict, match="paused"):
        retry_failed(actor=granter.as_actor(), job_id=job.pk)
    assert entries == []


@pytest.mark.parametrize(
    ("name", "stops", "controls"),
    [("granter", True, True), ("pi", True, False), ("manager", True, False), ("viewer", False, False),
     ("colleague", False, False)],
)  # fmt: skip
def test_who_may_do_what(
    wave: QualificationType, granter: User, request: pytest.FixtureRequest, name: str, stops: bool, controls: bool
) -> None:
    job = make_job(granter, wave, worker_ids(2))
    give([outcome(take(wave.account, 1)[0], Result.FAILED)])
    if name == "colleague":
        person = UserFactory()
        RoleFactory(user=person, role="granter")
    else:
        person = request.getfixturevalue(name)
    actor = person.as_actor()
    for act, may in ((retry_failed, controls), (pause_job, stops), (resume_job, controls), (stop_job, stops)):
        if may:
            act(actor=actor, job_id=job.pk)
            continue
        with new_entries() as entries, pytest.raises(NotAllowed):
            act(actor=actor, job_id=job.pk)
        assert entries == []


def test_a_job_out_of_scope_does_not_exist(wave: QualificationType, granter: User, outsider: User) -> None:
    job = make_job(granter, wave, worker_ids(1))
    for act in ALL:
        with pytest.raises(NotVisible):
            act(actor=outsider.as_actor(), job_id=job.pk)


def test_who_lost_the_role_controls_nothing_any_more(
    wave: QualificationType, granter: User, manager: User
) -> None:
    job = make_job(granter, wave, worker_ids(1))
    lose_role(manager, granter)
    RoleFactory(user=granter, role="viewer")
    for act in ALL:
        with pytest.raises(NotAllowed):
            act(actor=granter.as_actor(), job_id=job.pk)
