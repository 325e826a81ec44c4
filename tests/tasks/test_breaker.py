"""Amazon away for a while under load (F-49), and the one question that finds out whether it is back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.core.actions.accounts import resume_account
from qualadmin.core.models import AccountPace, Change, QualificationType, RequesterAccount, User
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.drain import drain
from qualadmin.tasks.sweep import reconcile
from tests.entries import new_entries
from tests.tasks.invariants import assert_every_worker_granted_once, assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db(transaction=True)

BALANCE = "GetAccountBalance"


def rest_is_over(account: RequesterAccount) -> None:
    AccountPace.objects.filter(account=account).update(open_until=timezone.now() - timedelta(seconds=1))


def all_due(account: RequesterAccount) -> None:
    Change.objects.filter(job__account=account, state__in=Change.OPEN).update(due_at=timezone.now())


def test_after_the_rest_one_question_goes_out_before_anything_else(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    account = live_type.account
    job = make_job(granter, live_type, worker_ids(30))
    emulator.fault("reset", when="before")
    drain(str(account.pk))
    assert job.changes.filter(state=Change.State.UNKNOWN).count() >= 5
    all_due(account)
    sent = emulator.calls()[-1]["sequence"]
    drain(str(account.pk))
    reconcile(str(account.pk))
    assert emulator.calls(since=sent) == [], "the breaker rests"

    rest_is_over(account)
    with new_entries() as entries:
        drain(str(account.pk))
    assert {call["operation"] for call in emulator.calls(since=sent)} == {BALANCE}
    assert entries.actions == ["mturk.breaker.opened"]

    emulator.clear_faults()
    rest_is_over(account)
    all_due(account)
    with new_entries() as entries:
        reconcile(str(account.pk))
    assert entries.actions[0] == "mturk.breaker.closed"
    drain(str(account.pk))
    assert_every_worker_granted_once(emulator, job, worker_ids(30))
    assert_log_tells_everything(emulator)


@pytest.mark.parametrize("code", ["ThrottlingException", "RequestError"])
def test_any_clear_answer_closes_it(
    emulator: Emulator, live_type: QualificationType, granter: User, code: str
) -> None:
    account = live_type.account
    make_job(granter, live_type, worker_ids(1))
    rest_is_over(account)
    emulator.fault("error", code=code, operation=BALANCE)
    drain(str(account.pk))
    assert AccountPace.objects.get(account=account).open_until is None
    assert Change.objects.get().state == Change.State.DONE


def test_refused_credentials_pause_the_account(
    emulator: Emulator, live_type: QualificationType, granter: User
) -> None:
    account = live_type.account
    make_job(granter, live_type, worker_ids(1))
    rest_is_over(account)
    emulator.fault("error", code="AccessDeniedException", operation=BALANCE)
    drain(str(account.pk))
    account.refresh_from_db()
    assert account.paused_reason
    assert Change.objects.get().state == Change.State.PLANNED


@pytest.mark.slow
def test_f49_amazon_cut_off_under_load_and_back_again(
    emulator: Emulator, live_type: QualificationType, granter: User, manager: User
) -> None:
    """Longer than an hour's patience, the breaker's clock moved by hand: nothing is lost, repeated or given up."""
    account, ids = live_type.account, worker_ids(120)
    emulator.configure(latency_ms=20)
    job = make_job(granter, live_type, ids)
    cut = emulator.fault("reset", when="after", skip=30)
    drain(str(account.pk))
    assert 0 < job.changes.filter(state=Change.State.DONE).count() < 60
    for _ in range(2):  # the third opening pauses the account
        rest_is_over(account)
        all_due(account)
        drain(str(account.pk))
        reconcile(str(account.pk))
    account.refresh_from_db()
    assert account.paused_reason
    assert not job.changes.filter(checks__gt=0).exists(), "nobody looks while Amazon is away"
    assert not job.changes.filter(state=Change.State.NEEDS_PERSON).exists()

    emulator.clear_faults(cut)
    resume_account(actor=manager.as_actor(), account=account)
    rest_is_over(account)
    all_due(account)
    reconcile(str(account.pk))
    drain(str(account.pk))
    assert_every_worker_granted_once(emulator, job, ids)
    assert {len(calls) for calls in calls_by_worker(emulator).values()} == {1}
    assert_log_tells_everything(emulator)
