"""Notifications of HIT events: what is wanted for which HIT type, and what has been sent.

Nothing leaves the machine; what Amazon would have put into a queue or topic is kept to be looked at.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, frozen=True)
class Notice:
    """One message. `body` is the JSON document of Amazon's SQS and SNS notifications."""

    at: float
    owner: str
    transport: str
    destination: str
    body: str


@dataclass(slots=True, frozen=True)
class Subscription:
    """A HIT type's NotificationSpecification, and whether it is switched on."""

    specification: dict[str, Any]
    active: bool


class Notices:
    """A part of the world."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self.subscriptions: dict[str, Subscription] = {}

    def takers(self) -> dict[str, Callable[..., None]]:
        return {"subscription": self._take_subscription, "notice": self._take_notice}

    def _take_subscription(self, hit_type_id: str, specification: dict[str, Any], active: bool) -> None:
        self.subscriptions[hit_type_id] = Subscription(specification, active)

    def _take_notice(self, *fields: Any) -> None:
        self.sent.append(Notice(*fields))

    def as_dicts(self) -> list[dict[str, Any]]:
        return [dataclasses.asdict(notice) for notice in self.sent]

    def wanting(self, hit_type_id: str, event: str) -> dict[str, Any] | None:
        """The specification, if this event is to be told."""
        found = self.subscriptions.get(hit_type_id)
        if found is None or not found.active or event not in found.specification["EventTypes"]:
            return None
        return found.specification
