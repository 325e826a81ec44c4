"""Times as Amazon's files write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

#: Amazon writes the zone of Seattle; other programs write universal time.
_ZONES = {"PDT": -7, "PST": -8, "UTC": 0, "GMT": 0}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
_AMAZON = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([0-9]{1,2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([A-Z]{3}) ([0-9]{4})"
)


def read_moment(text: str) -> datetime | None:
    """`Tue Oct 01 13:51:19 PDT 2026`, or ISO 8601 with a zone. None for anything else: nothing is guessed."""
    text = text.strip()
    if len(text) > 40:
        return None
    found = _AMAZON.fullmatch(text)
    try:
        if found is None:
            moment = datetime.fromisoformat(text)
            return None if moment.tzinfo is None else moment.astimezone(UTC)
        month, day, hour, minute, second, zone, year = found.groups()
        if month not in _MONTHS or zone not in _ZONES:
            return None
        offset = timezone(timedelta(hours=_ZONES[zone]))
        moment = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=offset)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
