"""Erasing workers, and what keeps them from being erased. An entry never says who the worker was."""

from .event import CRITICAL, NOTICE, WARNING, event

_WHAT_WENT = "texts notes lines lists others cancelled"

EVENTS = (
    event("privacy.erasure.requested", "{actor} asked to erase a worker", severity=WARNING, payload="reason"),
    event("privacy.erasure.declined", "{actor} refused to erase a worker", severity=NOTICE, payload="words"),
    event("privacy.erasure.withdrawn", "{actor} withdrew the wish to erase a worker", severity=NOTICE),
    event(
        "privacy.erasure.executed",
        "{actor} agreed to erase a worker, who was erased",
        severity=CRITICAL,
        changes=f"asked_by {_WHAT_WENT}",
    ),
    event(
        "privacy.erasure.replayed",
        "{actor} erased a worker again whom a restored backup had brought back",
        severity=CRITICAL,
        changes=_WHAT_WENT,
    ),
    event("privacy.hold.set", "{actor} set a hold on {target}", severity=WARNING, payload="reason"),
    event("privacy.hold.released", "{actor} released the hold on {target}", severity=WARNING),
)
