"""Reading, approving and rejecting what workers hand in."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator import errors, hit_errors
from qualadmin.emulator.hits import life
from qualadmin.emulator.hits.records import REJECTED, SUBMITTED, VISIBLE, Assignment, Hit
from qualadmin.emulator.operations import hits
from qualadmin.emulator.operations.limits import FEEDBACK, check_funds, check_length
from qualadmin.emulator.paging import cursor, page
from qualadmin.emulator.world import World

OVERRIDE_SECONDS = 30 * 86_400
"""So long after its submission a rejected assignment can still be approved."""


def owned(world: World, owner: str, assignment_id: str) -> tuple[Assignment, Hit]:
    """An assignment of one of the caller's HITs. Raises ApiError."""
    row = world.hits.assignments.get(assignment_id)
    if row is None:
        raise hit_errors.assignment_missing(assignment_id)
    hit = world.hits.hits[row.hit_id]
    if hit.owner != owner:
        raise errors.permission_denied()
    return row, hit


def get(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    row, hit = owned(world, owner, params["AssignmentId"])
    if row.status not in VISIBLE:
        raise hit_errors.assignment_state("Reviewable,Approved,Rejected")
    return {"Assignment": row.wire(), "HIT": world.hits.wire(hit)}


def list_for_hit(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """In the order of submission."""
    hit = hits.owned(world, owner, params["HITId"], disposed=True)
    statuses = tuple(sorted(set(params.get("AssignmentStatuses") or VISIBLE)))
    question = ("assignments", owner, hit.hit_id, *statuses)
    found = world.hits.submissions_of(hit.hit_id, statuses, int(cursor(params, question) or -1))
    return page("Assignments", ((str(row.submission), row.wire()) for row in found), params, question)


def approve(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Pay. A rejected assignment only with OverrideRejection."""
    row, hit = owned(world, owner, params["AssignmentId"])
    check_length(params, "RequesterFeedback", FEEDBACK)
    if row.status == REJECTED and params.get("OverrideRejection", False):
        _check_override(world, row, hit)
    elif row.status != SUBMITTED:
        raise _undecidable(row)
    life.approve(world, row, world.now(), params.get("RequesterFeedback"))
    return {}


def reject(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    row, _ = owned(world, owner, params["AssignmentId"])
    check_length(params, "RequesterFeedback", FEEDBACK)
    if row.status != SUBMITTED:
        raise _undecidable(row)
    life.reject(world, row, world.now(), params["RequesterFeedback"])
    return {}


def _undecidable(row: Assignment) -> errors.ApiError:
    # "null" is what Amazon says of an assignment that has not been handed in.
    return hit_errors.assignment_state(SUBMITTED if row.status in VISIBLE else "null")


def _check_override(world: World, row: Assignment, hit: Hit) -> None:
    if hit.disposed:
        raise hit_errors.hit_missing(hit.hit_id)
    if row.submitted_at is None or world.now() > row.submitted_at + OVERRIDE_SECONDS:
        raise hit_errors.assignment_state(SUBMITTED)
    # Its money was set free when it was rejected.
    check_funds(world, hit.owner, world.hits.cost(hit))
