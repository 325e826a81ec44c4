"""Blocking workers."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator.errors import invalid_value, request_error
from qualadmin.emulator.paging import cursor, page
from qualadmin.emulator.world import World

MOST = 100_000
"""Blocked workers of one requester."""


def create(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Block; a worker who is blocked already gets the new reason."""
    worker_id = params["WorkerId"]
    if not world.knows_worker(worker_id):
        raise invalid_value(worker_id, "WorkerId")
    if world.blocks.count(owner) >= MOST and not world.blocks.holds(owner, worker_id):
        # The limit is documented, code and text are not.
        raise request_error("ExceedsMaxWorkerBlocks", f"You can block up to {MOST} Workers.")
    world.record(["block", owner, worker_id, params["Reason"]])
    return {}


def delete(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Reinstate; a worker who is not blocked is no error."""
    worker_id = params["WorkerId"]
    if not world.knows_worker(worker_id):
        raise invalid_value(worker_id, "WorkerId")
    if world.blocks.holds(owner, worker_id):
        world.record(["unblock", owner, worker_id])
    return {}


def list_blocks(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """In the order of blocking."""
    question = ("blocks", owner)
    found = world.blocks.after(owner, int(cursor(params, question) or 0))
    rows = ((str(serial), {"WorkerId": worker_id, "Reason": reason}) for serial, worker_id, reason in found)
    return page("WorkerBlocks", rows, params, question)
