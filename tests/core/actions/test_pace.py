"""The one row that all processes of an account share."""

import pytest
from django.utils import timezone

from qualadmin.core.actions.pace import note_throttled, update_pace
from qualadmin.core.models import AccountPace, RequesterAccount

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def test_the_state_is_stepped_and_kept(account: RequesterAccount) -> None:
    for number in range(3):
        answer = update_pace(
            account_id=account.pk, step=lambda state: ({"n": state.get("n", 0) + 1}, state.get("n"))
        )
        assert answer == (number or None)
    assert AccountPace.objects.get().state == {"n": 3}
    note_throttled(account_id=account.pk, now=NOW)
    assert AccountPace.objects.get().throttled_at == NOW
