"""HITs of a seed, through the operations of the API and the workers' side, so that none is impossible."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator import hit_side
from qualadmin.emulator.operations import OPERATIONS, hits
from qualadmin.emulator.world import World
from qualadmin.wire.validation import check

_DECISIONS = {"approve": "ApproveAssignment", "reject": "RejectAssignment"}


def plant_hit(world: World, account: str, entry: dict[str, Any]) -> None:
    """Create a HIT and let workers work on it, now; a HIT that was ever there is left as it is.

    Form: {"hit_id", "request": {the parameters of CreateHIT}, "work"?: [{"worker_id", "answers"? (a document, or
    field names to texts; without it the worker still has it in hand), "decision"? ("approve" or "reject"),
    "feedback"?}]}. Raises ApiError, WorkerRefused, KeyError.
    """
    hit_id = entry["hit_id"]
    if hit_id in world.hits.hits:
        return
    hits.create(world, account, check("CreateHIT", entry["request"]), hit_id=hit_id)
    for work in entry.get("work", ()):
        _plant_work(world, account, hit_id, work)


def _plant_work(world: World, account: str, hit_id: str, work: dict[str, Any]) -> None:
    row = hit_side.accept(world, hit_id, work["worker_id"])
    if "answers" in work:
        hit_side.submit(world, row.assignment_id, work["answers"])
    if "decision" in work:
        operation = _DECISIONS[work["decision"]]
        params = {"AssignmentId": row.assignment_id}
        if "feedback" in work:
            params["RequesterFeedback"] = work["feedback"]
        OPERATIONS[operation].run(world, account, check(operation, params))
