"""Numbers and times in the words pages use."""

from datetime import datetime
from typing import Final

UNKNOWN: Final = "–"
_STEPS: Final = ((86_400, "day", "days"), (3_600, "h", "h"), (60, "min", "min"))


def grouped(value: int) -> str:
    """1234567 as `1,234,567`."""
    return f"{value:,}"


def since(moment: datetime, now: datetime) -> str:
    """The time from `moment` to `now` (both aware), rounded down: `3 h ago`, or `in 3 h` for the future."""
    seconds = (now - moment).total_seconds()
    for size, singular, plural in _STEPS:
        count = int(abs(seconds) // size)
        if count:
            text = f"{count} {singular if count == 1 else plural}"
            return f"{text} ago" if seconds > 0 else f"in {text}"
    return "just now" if seconds > -60 else "in a moment"


def duration(seconds: float) -> str:
    """A span in one rounded unit: `40 s`, `5 min`, `2 h`. For estimates, so never more exact than it is true."""
    if seconds < 55:
        return f"{max(5, round(seconds / 5) * 5)} s"
    if seconds < 3_300:
        return f"{max(1, round(seconds / 60))} min"
    return f"{max(1, round(seconds / 3_600))} h"
