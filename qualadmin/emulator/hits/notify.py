"""Telling requesters what happened, in the form of Amazon's notification messages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from qualadmin.emulator.hits.records import Hit
from qualadmin.emulator.world import World, new_id
from qualadmin.wire.validation import LAST_SECOND


def tell(world: World, hit: Hit, event: str, at: float, assignment_id: str | None = None) -> None:
    """Send a notice, if the requester wants this event of this HIT type."""
    specification = world.notices.wanting(hit.hit_type_id, event)
    if specification is not None:
        send(world, hit.owner, specification, event, at, hit, assignment_id)


def send(
    world: World,
    owner: str,
    specification: dict[str, Any],
    event: str,
    at: float,
    hit: Hit | None = None,
    assignment_id: str | None = None,
) -> None:
    told: dict[str, Any] = {"EventType": event, "EventTimestamp": _stamp(at)}
    if hit is not None:
        told |= {"HITTypeId": hit.hit_type_id, "HITId": hit.hit_id}
    if assignment_id is not None:
        told["AssignmentId"] = assignment_id
    body = {
        "EventDocVersion": specification["Version"],
        "EventDocId": new_id("", 40).lower(),
        "CustomerId": owner,
        "Events": [told],
    }
    where = specification["Transport"], specification["Destination"]
    world.record(["notice", at, owner, *where, json.dumps(body)])


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(min(at, LAST_SECOND), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
