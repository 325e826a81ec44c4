"""Studies and their PIs."""

from .event import NOTICE, WARNING, event

EVENTS = (
    event(
        "study.created",
        "{actor} added the study {target}",
        severity=NOTICE,
        changes="title protocol_number slug retention_years",
    ),
    event(
        "study.updated",
        "{actor} changed the study {target}",
        severity=NOTICE,
        changes="title protocol_number is_open closed_at retention_years",
    ),
    event("study.investigator.added", "{actor} named a PI of {target}", severity=WARNING, changes="investigator"),
    event(
        "study.investigator.removed",
        "{actor} removed a PI of {target}",
        severity=WARNING,
        changes="investigator",
    ),
)
