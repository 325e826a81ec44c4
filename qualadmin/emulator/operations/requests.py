"""Workers' requests for a qualification: listed, accepted, rejected by the owner of the type."""

from __future__ import annotations

import dataclasses
from typing import Any

from qualadmin.emulator import errors
from qualadmin.emulator.paging import cursor, page
from qualadmin.emulator.records import Request
from qualadmin.emulator.world import World


def list_requests(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Requests that wait for a decision, oldest first; of all the caller's types if none is named."""
    type_id = params.get("QualificationTypeId")
    if type_id is not None:
        world.owned_type(type_id, owner)
    question = ("requests", owner, type_id)
    found = world.request_book.waiting(owner, type_id, cursor(params, question))
    return page("QualificationRequests", ((row.request_id, row.wire()) for row in found), params, question)


def accept(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Grant what the worker asked for; overwrites a value the worker already has."""
    row = _pending(world, owner, params["QualificationRequestId"])
    world.put_grant(row.type_id, row.worker_id, params.get("IntegerValue", 1))
    world.put_request(dataclasses.replace(row, state="granted"))
    if world.settings.mail_on_accept:
        name = world.types[row.type_id].name
        world.put_mail("granted", owner, row.type_id, row.worker_id, f"You have been granted {name}.")
    return {}


def reject(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Turn the request down; a qualification the worker already has stays as it is."""
    row = _pending(world, owner, params["QualificationRequestId"])
    reason = params.get("Reason")
    world.put_request(dataclasses.replace(row, state="rejected", reason=reason))
    if world.settings.mail_on_reject:
        world.put_mail("rejected", owner, row.type_id, row.worker_id, reason or "Your request was rejected.")
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
