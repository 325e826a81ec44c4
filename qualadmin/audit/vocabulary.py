"""The closed list of what can be recorded. An action that is not registered cannot be written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from qualadmin.audit.types import AuditError, Outcome, Severity

__all__ = ["Event", "Outcome", "Severity", "UnknownAction", "find", "known", "names", "register"]

_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
# Written by this package itself where a request is known; see entry.py.
RESERVED_PAYLOAD = frozenset({"user_agent"})


class UnknownAction(AuditError):
    """The action, or a part of the entry, is not in the vocabulary."""


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of fact, `domain.object.verb`.

    `changes`: the fields whose before and after an entry may carry; None means it carries none.
    `payload`: the keys of its erasable part. `sentence`: see sentences.py for the names it may use.
    """

    name: str
    severity: Severity = Severity.INFO
    outcomes: frozenset[Outcome] = frozenset({Outcome.OK})
    changes: frozenset[str] | None = None
    payload: frozenset[str] = frozenset()
    sentence: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UnknownAction(f"{self.name!r} is not a dotted lower-case name.")
        object.__setattr__(self, "outcomes", frozenset(self.outcomes))
        object.__setattr__(self, "payload", frozenset(self.payload))
        if self.changes is not None:
            object.__setattr__(self, "changes", frozenset(self.changes))

    def check(self, outcome: str, changes: Iterable[str], payload: Iterable[str]) -> None:
        """Raises UnknownAction for an outcome, changed field or payload key the event does not have."""
        if outcome not in self.outcomes:
            raise UnknownAction(f"{self.name} cannot end as {outcome!r}.")
        allowed = self.changes or frozenset()
        for field in changes:
            if field not in allowed:
                raise UnknownAction(f"{self.name} does not record changes of {field!r}.")
        for key in payload:
            if key not in self.payload and key not in RESERVED_PAYLOAD:
                raise UnknownAction(f"{self.name} has no payload key {key!r}.")


_events: dict[str, Event] = {}


def register(*events: Event) -> None:
    """Add events. Registering the very same event twice is harmless; another one under its name raises."""
    for event in events:
        if _events.setdefault(event.name, event) != event:
            raise UnknownAction(f"{event.name} is registered twice with different content.")


def find(name: str) -> Event:
    """The event of that name. Raises UnknownAction."""
    try:
        return _events[name]
    except KeyError:
        raise UnknownAction(f"{name!r} is not in the vocabulary.") from None


def known(name: str) -> bool:
    """Whether the name is registered."""
    return name in _events


def names() -> frozenset[str]:
    """All registered names."""
    return frozenset(_events)


register(
    Event(
        "audit.verified",
        Severity.NOTICE,
        frozenset({Outcome.OK, Outcome.FAILED, Outcome.UNKNOWN}),
        payload=frozenset(
            {"size", "root", "checked_from", "checked_to", "checkpoints", "quick", "findings", "counts"}
        ),
        sentence="{actor} verified the audit log: {outcome_words}",
    ),
    Event(
        "audit.triggers.reinstalled",
        Severity.WARNING,
        payload=frozenset({"guards"}),
        sentence="{actor} put back guards of the database that were missing or different",
    ),
    Event(
        "audit.checkpoint.prepared",
        # The last entry below a checkpoint: `streams` is [name, number of entries] up to and with this one.
        changes=frozenset({"streams", "guards_missing"}),
        sentence="The log was read for a checkpoint",
    ),
    Event(
        "audit.checkpoint.published",
        changes=frozenset({"place", "recipients"}),
        sentence="{target} of the log was published: {changes}",
    ),
    Event(
        "audit.checkpoint.publish_failed",
        Severity.WARNING,
        frozenset({Outcome.FAILED}),
        changes=frozenset({"place"}),
        payload=frozenset({"cause"}),
        sentence="{target} of the log could not be published: {changes}",
    ),
    Event(
        "audit.checkpoint.refused",
        Severity.CRITICAL,
        frozenset({Outcome.FAILED}),
        payload=frozenset({"cause"}),
        sentence="The log was not signed: it is not the one that was signed before",
    ),
    Event(
        "audit.texts.erased",
        Severity.WARNING,
        # `texts` are the numbers of the entries whose texts went; whoever verifies the log goes by it.
        changes=frozenset({"texts"}),
        sentence="Texts beside entries were erased for {actor}, because they were about a worker",
    ),
    Event(
        "audit.key.rotated",
        Severity.WARNING,
        changes=frozenset({"vkey"}),
        sentence="{actor} replaced the key that signs the log",
    ),
    Event(
        "system.migrated",
        Severity.NOTICE,
        payload=frozenset({"migrations"}),
        sentence="{actor} changed the structure of the database",
    ),
)
