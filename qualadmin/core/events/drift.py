"""Differences with Amazon, and what people decided about them."""

from .event import NOTICE, WARNING, event

EVENTS = (
    event(
        "drift.taken_over",
        "{actor} took over what was changed outside qualadmin: {target} {result}",
        severity=WARNING,
        changes="status value difference",
        payload="reason",
    ),
    event(
        "drift.put_right.prepared",
        "{actor} looked at what putting differences of {target} right would do",
        severity=NOTICE,
        changes="rows",
    ),
)
