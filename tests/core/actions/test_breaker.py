"""The breaker: enough calls without a clear answer within a minute hold everything back for a minute."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.core.actions.accounts import resume_account
from qualadmin.core.actions.breaker import (
    ANSWERED_WITHIN,
    LIMIT,
    REST,
    Breaker,
    close_breaker,
    keep_breaker_open,
    look_at_breaker,
    note_trouble,
)
from qualadmin.core.models import AccountPace, RequesterAccount, User
from tests.entries import new_entries
from tests.tasks.hands import DRAIN

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def trouble(account: RequesterAccount, count: int = 1, after: float = 0) -> bool:
    return note_trouble(actor=DRAIN, account_id=account.pk, count=count, now=NOW + timedelta(seconds=after))


@pytest.mark.parametrize("at_once", [True, False])
def test_the_breaker_opens_for_a_minute_and_says_so(account: RequesterAccount, at_once: bool) -> None:
    with new_entries() as entries:
        opened = [trouble(account, LIMIT)] if at_once else [trouble(account) for _ in range(LIMIT)]
    assert opened[-1] is True
    assert not any(opened[:-1])
    assert entries.only.action == "mturk.breaker.opened"
    assert entries.only.changes["seconds"] == [None, 60]
    assert AccountPace.objects.get().open_until == NOW + REST


def test_troubles_far_apart_do_not_open_it(account: RequesterAccount) -> None:
    with new_entries() as entries:
        assert not any(trouble(account, after=20.0 * number) for number in range(20))
    assert entries == []


def test_an_open_breaker_opens_once_and_may_open_again_later(account: RequesterAccount) -> None:
    assert trouble(account, 10)
    assert not trouble(account, 10, after=30)
    assert trouble(account, 10, after=61)
    assert AccountPace.objects.get().open_until == NOW + timedelta(seconds=61) + REST


def test_accounts_have_breakers_of_their_own(account: RequesterAccount, other_account: RequesterAccount) -> None:
    trouble(account, 10)
    assert AccountPace.objects.filter(account=other_account, open_until__isnull=False).count() == 0
    assert not trouble(other_account)


def look(account: RequesterAccount, after: float) -> Breaker:
    return look_at_breaker(account_id=account.pk, now=NOW + timedelta(seconds=after))


def test_after_the_rest_one_task_asks_and_the_others_wait(account: RequesterAccount) -> None:
    assert look(account, 0) is Breaker.CLOSED
    trouble(account, LIMIT)
    assert look(account, 59) is Breaker.OPEN
    assert [look(account, 60) for _ in range(3)] == [Breaker.ASK, Breaker.OPEN, Breaker.OPEN]
    assert look(account, 61 + ANSWERED_WITHIN.total_seconds()) is Breaker.ASK, "who asked died"
    with new_entries() as entries:
        close_breaker(actor=DRAIN, account_id=account.pk)
        close_breaker(actor=DRAIN, account_id=account.pk)
    assert entries.actions == ["mturk.breaker.closed"]
    assert look(account, 62) is Breaker.CLOSED


def test_f32_a_clock_set_back_does_not_keep_it_open(account: RequesterAccount) -> None:
    trouble(account, LIMIT)
    assert look(account, -3_600) is Breaker.ASK


def test_the_third_opening_within_an_hour_pauses_the_account(account: RequesterAccount, manager: User) -> None:
    trouble(account, LIMIT)
    keep_breaker_open(actor=DRAIN, account_id=account.pk, now=NOW + timedelta(seconds=70))
    account.refresh_from_db()
    assert account.paused_reason == ""
    with new_entries() as entries:
        keep_breaker_open(actor=DRAIN, account_id=account.pk, now=NOW + timedelta(seconds=140))
    account.refresh_from_db()
    assert "three times within an hour" in account.paused_reason
    assert entries.actions == ["mturk.breaker.opened", "account.paused"]
    resume_account(actor=manager.as_actor(), account=account)
    keep_breaker_open(actor=DRAIN, account_id=account.pk, now=NOW + timedelta(seconds=200))
    account.refresh_from_db()
    assert account.paused_reason == "", "the count begins anew when a manager has looked"


def test_openings_of_another_hour_do_not_count(account: RequesterAccount) -> None:
    for hours in (0, 0, 2):
        keep_breaker_open(actor=DRAIN, account_id=account.pk, now=NOW + timedelta(hours=hours))
    account.refresh_from_db()
    assert account.paused_reason == ""
