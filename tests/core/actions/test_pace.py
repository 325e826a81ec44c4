"""The breaker: enough calls without a clear answer within a minute hold everything back for a minute."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.core.actions.pace import BREAKER_LIMIT, BREAKER_REST, note_throttled, note_trouble, update_pace
from qualadmin.core.models import AccountPace, RequesterAccount
from tests.entries import new_entries
from tests.tasks.hands import DRAIN

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def trouble(account: RequesterAccount, count: int = 1, after: float = 0) -> bool:
    return note_trouble(actor=DRAIN, account_id=account.pk, count=count, now=NOW + timedelta(seconds=after))


@pytest.mark.parametrize("at_once", [True, False])
def test_the_breaker_opens_for_a_minute_and_says_so(account: RequesterAccount, at_once: bool) -> None:
    with new_entries() as entries:
        opened = [trouble(account, BREAKER_LIMIT)] if at_once else [trouble(account) for _ in range(BREAKER_LIMIT)]
    assert opened[-1] is True
    assert not any(opened[:-1])
    assert entries.only.action == "mturk.breaker.opened"
    assert entries.only.changes["seconds"] == [None, 60]
    assert AccountPace.objects.get().open_until == NOW + BREAKER_REST


def test_troubles_far_apart_do_not_open_it(account: RequesterAccount) -> None:
    with new_entries() as entries:
        assert not any(trouble(account, after=20.0 * number) for number in range(20))
    assert entries == []


def test_an_open_breaker_opens_once_and_may_open_again_later(account: RequesterAccount) -> None:
    assert trouble(account, 10)
    assert not trouble(account, 10, after=30)
    assert trouble(account, 10, after=61)
    assert AccountPace.objects.get().open_until == NOW + timedelta(seconds=61) + BREAKER_REST


def test_accounts_have_breakers_of_their_own(account: RequesterAccount, other_account: RequesterAccount) -> None:
    trouble(account, 10)
    assert AccountPace.objects.filter(account=other_account, open_until__isnull=False).count() == 0
    assert not trouble(other_account)


def test_the_state_is_stepped_and_kept(account: RequesterAccount) -> None:
    for number in range(3):
        answer = update_pace(
            account_id=account.pk, step=lambda state: ({"n": state.get("n", 0) + 1}, state.get("n"))
        )
        assert answer == (number or None)
    assert AccountPace.objects.get().state == {"n": 3}
    note_throttled(account_id=account.pk, now=NOW)
    assert AccountPace.objects.get().throttled_at == NOW
