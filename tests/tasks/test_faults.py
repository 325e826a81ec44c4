"""Every way a call can go wrong, through the emulator over HTTP: state, requests on the wire, entries.

One worker meets the fault, another one goes on beside it. `wire` is what Amazon's side saw of the first one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.accounts import resume_account
from qualadmin.core.models import (
    AccountPace,
    Change,
    Job,
    Qualification,
    QualificationType,
    RequesterAccount,
    User,
    Verb,
)
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.types import CallRecord
from qualadmin.tasks.calling import Pool, Work
from qualadmin.tasks.drain import drain
from qualadmin.tasks.sweep import gone_holders, process_name, reconcile, sweep
from tests.entries import new_entries, payload_of
from tests.factories import TypeFactory
from tests.tasks.conftest import make_live_type, make_live_type_again
from tests.tasks.hands import run_calls_here
from tests.tasks.invariants import assert_every_worker_granted_once, assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db(transaction=True)

ASSOCIATE = "AssociateQualificationWithWorker"
STRUCK, SPARED = worker_ids(2)


@pytest.fixture(autouse=True)
def _calls_here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls run in threads of the test: no process to start, and their time-out can be shortened."""
    if "real_caller" not in request.fixturenames:
        run_calls_here(monkeypatch)


@pytest.fixture
def real_caller() -> None:
    """Calls run in a process of their own, as in real use."""


@pytest.fixture
def job(emulator: Emulator, live_type: QualificationType, granter: User) -> Job:
    """Two grants; the faults of a test strike the first worker only."""
    return make_job(granter, live_type, [STRUCK, SPARED], score=55)


def strike(emulator: Emulator, kind: str, **fields: Any) -> None:
    emulator.fault(kind, operation=ASSOCIATE, worker_id=STRUCK, **{"times": 1, **fields})


def change_of(job: Job, worker_id: str = STRUCK) -> Change:
    return job.changes.get(worker__worker_id=worker_id)


def actions_of(job: Job, worker_id: str = STRUCK) -> list[str]:
    subject = change_of(job, worker_id).worker_id
    found = AuditEntry.objects.filter(job=str(job.pk), subject=subject).order_by("seq")
    return [entry.action.removeprefix("mturk.call.") for entry in found]


def wire(emulator: Emulator, worker_id: str = STRUCK) -> list[bool]:
    """One value for each request that arrived: whether it had its effect."""
    return [call["applied"] for call in calls_by_worker(emulator)[worker_id]]


def due_now(job: Job) -> None:
    job.changes.filter(state__in=Change.OPEN).update(due_at=timezone.now() - timedelta(seconds=1))


# --- no clear answer: looked up, never sent again blindly ---------------------------------------------------


@dataclass(frozen=True)
class Unclear:
    """A fault after which nobody knows, and whether the call had its effect."""

    kind: str
    fields: dict[str, Any]
    applied: bool


UNCLEAR = {
    "reset before": Unclear("reset", {"when": "before"}, False),
    "reset after": Unclear("reset", {"when": "after"}, True),
    "500 before": Unclear("error", {"when": "before", "code": "ServiceFault"}, False),
    "500 after": Unclear("error", {"when": "after", "code": "ServiceFault"}, True),
    "503 after": Unclear("error", {"when": "after", "code": "ServiceUnavailable"}, True),
    "html before": Unclear("html", {"when": "before"}, False),
    "html after": Unclear("html", {"when": "after"}, True),
    "truncated": Unclear("truncate", {}, True),
    "no request id": Unclear("no_request_id", {}, True),
}


@pytest.mark.parametrize("name", UNCLEAR)
def test_f14_to_f22_unclear_answers_are_looked_up(emulator: Emulator, job: Job, name: str) -> None:
    fault = UNCLEAR[name]
    strike(emulator, fault.kind, **fault.fields)
    drain(str(job.account_id))
    struck = change_of(job)
    assert (struck.state, change_of(job, SPARED).state) == (Change.State.UNKNOWN, Change.State.DONE)
    assert wire(emulator) == [fault.applied]
    assert not Qualification.objects.filter(worker__worker_id=STRUCK).exists()
    drain(str(job.account_id))
    assert len(wire(emulator)) == 1, "it was sent again without a look"

    due_now(job)
    reconcile(str(job.account_id))
    if not fault.applied:
        assert change_of(job).state == Change.State.PLANNED
        drain(str(job.account_id))
    assert wire(emulator) == ([True] if fault.applied else [False, True])
    again = [] if fault.applied else ["started", "finished"]
    assert actions_of(job) == ["started", "unknown", "reconciled", *again]
    assert_every_worker_granted_once(emulator, job, [STRUCK, SPARED], score=55)
    assert_log_tells_everything(emulator)


@pytest.mark.parametrize("applied", [True, False])
def test_f14_f15_an_answer_that_never_comes(
    emulator: Emulator, job: Job, applied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call waits 15 s for its answer; here one."""
    monkeypatch.setattr("qualadmin.mturk.client.READ_SECONDS", 1)
    strike(emulator, "delay", when="after" if applied else "before", delay_ms=2_500)
    drain(str(job.account_id))
    struck = change_of(job)
    assert (struck.state, struck.code) == (Change.State.UNKNOWN, "ReadTimeoutError")
    if not applied:  # the emulator carries it out after the client gave up, but before we look (F-16)
        wait_for(lambda: wire(emulator) == [True])
    due_now(job)
    reconcile(str(job.account_id))
    assert wire(emulator) == [True]
    assert_every_worker_granted_once(emulator, job, [STRUCK, SPARED], score=55)
    assert_log_tells_everything(emulator)


def test_f17_carried_out_long_after_we_looked_repeats_the_same_value_at_most_once(
    emulator: Emulator, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qualadmin.mturk.client.READ_SECONDS", 1)
    strike(emulator, "delay", when="before", delay_ms=4_000)
    drain(str(job.account_id))
    due_now(job)
    reconcile(str(job.account_id))
    assert change_of(job).state == Change.State.PLANNED
    drain(str(job.account_id))
    wait_for(lambda: len(wire(emulator)) == 2)
    assert emulator.grant_map(change_of(job).type.mturk_id or "")[STRUCK] == 55
    assert {call["value"] for call in calls_by_worker(emulator)[STRUCK]} == {55}
    assert change_of(job).state == Change.State.DONE


def test_after_five_looks_without_an_answer_a_person_decides(emulator: Emulator, job: Job) -> None:
    strike(emulator, "reset", when="after")
    drain(str(job.account_id))
    emulator.fault("html", operation="GetQualificationScore")
    for _ in range(5):
        due_now(job)
        reconcile(str(job.account_id))
    struck = change_of(job)
    assert (struck.state, struck.code) == (Change.State.NEEDS_PERSON, "unclear")
    job.refresh_from_db()
    assert (job.state, job.needs_person, job.done) == (Job.State.FINISHED, 1, 1)
    assert wire(emulator) == [True]


# --- Amazon says no -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("turk_code", "shown"),
    [("AWS.MechanicalTurk.WorkerDoesNotExist", "AWS.MechanicalTurk.WorkerDoesNotExist"), (None, "RequestError")],
)
def test_f23_a_refusal_is_final_and_others_go_on(
    emulator: Emulator, job: Job, turk_code: str | None, shown: str
) -> None:
    named = {"turk_error_code": turk_code} if turk_code else {}
    strike(emulator, "error", code="RequestError", message=f"No worker {STRUCK} here.", **named)
    drain(str(job.account_id))
    drain(str(job.account_id))
    struck = change_of(job)
    assert (struck.state, struck.code) == (Change.State.FAILED, shown)
    assert STRUCK not in struck.message
    assert change_of(job, SPARED).state == Change.State.DONE
    assert wire(emulator) == [False]
    finished = AuditEntry.objects.get(subject=struck.worker_id, action="mturk.call.finished")
    assert finished.outcome == "failed"
    assert STRUCK in str(payload_of(finished)["detail"])
    job.refresh_from_db()
    assert (job.state, job.done, job.failed) == (Job.State.FINISHED, 1, 1)


def test_f21_throttled_is_put_back_and_sent_again(emulator: Emulator, job: Job, account: RequesterAccount) -> None:
    strike(emulator, "error", code="ThrottlingException", times=2)
    drain(str(job.account_id))
    assert wire(emulator) == [False, False, True]
    assert actions_of(job) == ["started", "put_back"] * 2 + ["started", "finished"]
    assert AccountPace.objects.get(account=account).throttled_at is not None
    assert change_of(job).throttles == 2
    assert_every_worker_granted_once(emulator, job, [STRUCK, SPARED], score=55)
    assert_log_tells_everything(emulator)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"])
def test_f24_refused_credentials_pause_the_account_and_lose_nothing(
    emulator: Emulator, job: Job, account: RequesterAccount, manager: User, code: str, real_caller: None
) -> None:
    emulator.fault("error", code=code, operation=ASSOCIATE)
    with new_entries() as entries:
        drain(str(job.account_id))
    account.refresh_from_db()
    assert account.paused_reason
    assert entries.actions.count("account.paused") == 1
    assert {entry.severity for entry in entries if entry.action == "account.paused"} == {"critical"}
    assert set(job.changes.values_list("state", flat=True)) == {Change.State.PLANNED}
    before = len(emulator.calls(operation=ASSOCIATE))
    drain(str(job.account_id))
    assert len(emulator.calls(operation=ASSOCIATE)) == before

    emulator.clear_faults()
    resume_account(actor=manager.as_actor(), account=account)
    drain(str(job.account_id))
    assert_every_worker_granted_once(emulator, job, [STRUCK, SPARED], score=55)
    assert_log_tells_everything(emulator)


def test_f24_credentials_refused_while_looking_pause_the_account_and_count_no_look(
    emulator: Emulator, job: Job, account: RequesterAccount
) -> None:
    strike(emulator, "reset", when="after")
    drain(str(job.account_id))
    emulator.fault("error", code="AccessDeniedException", operation="GetQualificationScore")
    due_now(job)
    reconcile(str(job.account_id))
    account.refresh_from_db()
    assert account.paused_reason
    struck = change_of(job)
    assert (struck.state, struck.checks) == (Change.State.UNKNOWN, 0)


# --- nothing was sent ---------------------------------------------------------------------------------------


def test_f19_an_amazon_that_cannot_be_reached_opens_the_breaker_and_leaves_nothing_unclear(
    own_emulator: Emulator, account: RequesterAccount, granter: User, real_caller: None
) -> None:
    job = make_job(granter, make_live_type(account), worker_ids(12))
    own_emulator.stop()
    with new_entries() as entries:
        drain(str(account.pk))
    assert entries.actions.count("mturk.breaker.opened") == 1
    assert "mturk.call.unknown" not in entries.actions
    assert set(job.changes.values_list("state", flat=True)) == {Change.State.PLANNED}
    assert AccountPace.objects.get(account=account).open_until is not None
    with new_entries() as entries:
        drain(str(account.pk))
    assert entries == []

    own_emulator.start()
    account.refresh_from_db()
    remote_is_gone_with_its_memory = make_live_type_again(account, job)
    AccountPace.objects.update(open_until=None)
    due_now(job)
    drain(str(account.pk))
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.FINISHED, 12)
    assert len(own_emulator.grant_map(remote_is_gone_with_its_memory)) == 12


def test_an_amazon_that_cannot_be_reached_while_looking_counts_no_look(
    own_emulator: Emulator, account: RequesterAccount, granter: User
) -> None:
    job = make_job(granter, make_live_type(account), [STRUCK])
    own_emulator.fault("reset", when="after", operation=ASSOCIATE)
    drain(str(account.pk))
    own_emulator.stop()
    due_now(job)
    reconcile(str(account.pk))
    struck = change_of(job)
    assert (struck.state, struck.checks) == (Change.State.UNKNOWN, 0)


def test_what_botocore_itself_refuses_fails_and_is_not_planned_for_ever(
    emulator: Emulator, account: RequesterAccount, granter: User
) -> None:
    wrong = TypeFactory(account=account, name="Wrong id", mturk_id="")
    job = make_job(granter, wrong, [STRUCK])
    drain(str(account.pk))
    struck = change_of(job)
    assert (struck.state, struck.attempt) == (Change.State.FAILED, 1)
    assert calls_by_worker(emulator) == {}


# --- mail ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["reset after", "500 after", "html after", "no request id", "truncated"])
def test_a_worker_is_never_mailed_twice(
    emulator: Emulator, live_type: QualificationType, granter: User, name: str
) -> None:
    fault = UNCLEAR[name]
    emulator.fault(fault.kind, operation=ASSOCIATE, **fault.fields)
    job = make_job(granter, live_type, [STRUCK, SPARED], notify=True)
    for _ in range(3):
        drain(str(job.account_id))
        sweep()
        due_now(job)
        reconcile(str(job.account_id))
    job.refresh_from_db()
    assert (job.state, job.done) == (Job.State.FINISHED, 2)
    assert sorted(mail["worker_id"] for mail in emulator.outbox()) == [STRUCK, SPARED]


def test_nobody_is_mailed_unless_it_was_chosen(emulator: Emulator, job: Job, granter: User) -> None:
    strike(emulator, "reset", when="before")
    drain(str(job.account_id))
    due_now(job)
    reconcile(str(job.account_id))
    drain(str(job.account_id))
    drain(str(make_job(granter, change_of(job).type, [STRUCK], verb=Verb.REVOKE).account_id))
    assert emulator.outbox() == []
    assert {call["send_notification"] for call in emulator.calls(operation=ASSOCIATE)} == {False}


# --- our own mistakes, and small things ---------------------------------------------------------------------


class Broken:
    """A gateway with a bug."""

    def associate(self, *unused: object) -> CallRecord:
        raise RuntimeError("a mistake of ours")


def test_a_mistake_of_ours_in_a_thread_is_an_unclear_answer_and_not_silence() -> None:
    pool = Pool(Broken(), 2)  # type: ignore[arg-type]
    works = [Work(n, "grant", "3X", "AX", 1, False, None, time.time(), time.time() + 5) for n in range(6)]
    pool.send(works)
    replies = pool.receive(5, 6)
    pool.close()
    assert [reply.kind for reply in replies] == ["unknown"] * 6
    assert {reply.code for reply in replies} == {"RuntimeError"}
    assert {reply.number for reply in replies} == set(range(6))


def test_a_lease_of_an_earlier_process_with_our_number_is_known_to_be_dead() -> None:
    host, pid, began = process_name().split("/")
    earlier, dead, far = f"{host}/{pid}/{int(began) - 9}", f"{host}/99999999/1", f"elsewhere/{pid}/1"
    assert gone_holders([process_name(), earlier, dead, far, "", f"{host}/1/1"]) == [earlier, dead]


def test_a_drain_that_can_claim_nothing_does_not_ring_for_another_one(
    emulator: Emulator, job: Job, account: RequesterAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[object, ...]] = []
    monkeypatch.setattr("qualadmin.tasks.drain.ring", lambda *words: rung.append(words))
    AccountPace.objects.filter(account=account).update(open_until=timezone.now() + timedelta(seconds=60))
    drain(str(account.pk))
    assert rung == []


# --- help ---------------------------------------------------------------------------------------------------


def wait_for(happened: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
