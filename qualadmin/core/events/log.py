"""Oversight, and reading the log itself."""

from .event import FAILED, NOTICE, WARNING, event

EVENTS = (
    # oversight
    event("oversight.muted", "{actor} muted a rule of oversight: {target}", severity=WARNING, payload="reason"),
    event("oversight.unmuted", "{actor} took back the muting of a rule of oversight: {target}", severity=NOTICE),
    # reading the log
    event("audit.viewed", "{actor} read the audit log", payload="filter"),
    event(
        "audit.exported",
        "{actor} downloaded audit entries",
        severity=NOTICE,
        changes="rows format size bytes sha256 worker_ids complete",
        payload="filter",
    ),
    event(
        "audit.export.broken_off",
        "A download of {actor} broke off: audit entries",
        severity=NOTICE,
        outcomes=(FAILED,),
        changes="bytes",
    ),
)
