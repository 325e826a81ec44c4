"""Workers' requests for a qualification: listed, accepted, rejected by the owner of the type."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from qualadmin.emulator import errors
from qualadmin.emulator.paging import behind, cursor, page
from qualadmin.emulator.records import Request
from qualadmin.emulator.world import World


def list_requests(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Requests that wait for a decision, oldest first; of all the caller's types if none is named."""
    type_id = params.get("QualificationTypeId")
    if type_id is not None:
        world.owned_type(type_id, owner)
    question = ("requests", owner, type_id)
    place = cursor(params, question)
    # A decided request may be the one the cursor names, so the place is looked up among all of them.
    ordered = sorted(world.requests.values(), key=lambda row: (row.submitted_at, row.serial))
    rows = behind(((row.request_id, row) for row in ordered), place)

    def waiting() -> Iterator[tuple[str, dict[str, Any]]]:
        for request_id, row in rows:
            if row.state == "pending" and type_id in (None, row.type_id) and _owns(world, owner, row):
                yield request_id, row.wire()

    return page("QualificationRequests", waiting(), params, question)


def accept(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Grant what the worker asked for; overwrites a value the worker already has."""
    row = _pending(world, owner, params["QualificationRequestId"])
    world.put_grant(row.type_id, row.worker_id, params.get("IntegerValue", 1))
    world.put_request(dataclasses.replace(row, state="granted"))
    return {}


def reject(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Turn the request down; a qualification the worker already has stays as it is."""
    row = _pending(world, owner, params["QualificationRequestId"])
    world.put_request(dataclasses.replace(row, state="rejected", reason=params.get("Reason")))
    return {}


def _owns(world: World, owner: str, row: Request) -> bool:
    return world.types[row.type_id].owner == owner


def _pending(world: World, owner: str, request_id: str) -> Request:
    row = world.requests.get(request_id)
    if row is None:
        raise errors.request_missing(request_id)
    if not _owns(world, owner, row):
        raise errors.permission_denied()
    if row.state != "pending":
        raise errors.request_decided()
    return row
