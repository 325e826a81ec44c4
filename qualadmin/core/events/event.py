"""How an event is declared: its name, what it may say, and the sentence people read."""

from typing import Final

from qualadmin.audit.types import Outcome, Severity
from qualadmin.audit.vocabulary import Event

INFO: Final = Severity.INFO
NOTICE: Final = Severity.NOTICE
WARNING: Final = Severity.WARNING
CRITICAL: Final = Severity.CRITICAL
OK: Final = Outcome.OK
STARTED: Final = Outcome.STARTED
FAILED: Final = Outcome.FAILED
DENIED: Final = Outcome.DENIED
UNKNOWN: Final = Outcome.UNKNOWN


def event(
    name: str,
    sentence: str,
    *,
    severity: Severity = INFO,
    outcomes: tuple[Outcome, ...] = (OK,),
    changes: str = "",
    payload: str = "",
) -> Event:
    """An event. `changes` and `payload` are names separated by blanks."""
    return Event(
        name=name,
        severity=severity,
        outcomes=frozenset(outcomes),
        changes=frozenset(changes.split()) or None,
        payload=frozenset(payload.split()),
        sentence=sentence,
    )
