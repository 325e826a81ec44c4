"""The shared speed limit of an account. Measurements, so they leave no entries."""

import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction

from qualadmin.core.models import AccountPace

Answer = TypeVar("Answer")


def update_pace(
    *,
    account_id: uuid.UUID,
    step: Callable[[dict[str, Any]], tuple[dict[str, Any], Answer]],
    calls: Mapping[str, int] | None = None,
) -> Answer:
    """Let `step` turn the stored state into the next one, alone: all processes share one row per account.

    `calls` are added to what was ever counted under the same names.
    """
    with transaction.atomic():
        pace, _ = AccountPace.objects.select_for_update(no_key=True).get_or_create(account_id=account_id)
        state, answer = step(pace.state)
        changed: dict[str, Any] = {} if state == pace.state else {"state": state}
        if calls:
            changed["calls"] = dict(Counter(pace.calls) + Counter(calls))
        if changed:
            AccountPace.objects.filter(pk=account_id).update(**changed)
    return answer


def count_calls(*, account_id: uuid.UUID, calls: Mapping[str, int]) -> None:
    """Count calls that teach nothing about the pace."""
    update_pace(account_id=account_id, step=lambda state: (state, None), calls=calls)


def note_throttled(*, account_id: uuid.UUID, now: datetime) -> None:
    """The page says so: "Amazon asked us to slow down"."""
    AccountPace.objects.filter(pk=account_id).update(throttled_at=now)
