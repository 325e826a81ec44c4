"""Telling managers by mail that something needs them: one mail for each happening, whoever notices it first."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from qualadmin.core.models import Alarm

#: What was not seen for so long is over; coming back sooner, it is still the same happening.
OVER_AFTER: Final = timedelta(hours=1)
#: Then a mail that could not be sent, or whose sender died, is tried again.
TRY_AGAIN: Final = timedelta(minutes=15)


def note_alarms(*, keys: Iterable[str], now: datetime) -> list[str]:
    """Keep what needs a person now, and forget what is over. Returns what is new."""
    new = []
    for key in keys:
        _, is_new = Alarm.objects.update_or_create(
            key=key,
            defaults={"seen_at": now},
            create_defaults={"seen_at": now, "began_at": now, "try_at": now},
        )
        if is_new:
            new.append(key)
    Alarm.objects.filter(seen_at__lt=now - OVER_AFTER).delete()
    return new


def claim_alarm(*, key: str, now: datetime) -> bool:
    """Whether the caller is to send the mail: nobody has, and nobody else is about to."""
    waiting = Alarm.objects.filter(key=key, told_at=None, try_at__lte=now)
    return bool(waiting.update(try_at=now + TRY_AGAIN))


def record_told(*, key: str, now: datetime) -> None:
    """The mail was handed over."""
    Alarm.objects.filter(key=key).update(told_at=now)
