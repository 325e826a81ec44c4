"""The life of a HIT and its assignments: every change of state, whoever causes it.

Requesters cause it by operations, workers by `hit_side`, time by `settle`. A change is recorded at the moment
it happens in the world, which for `settle` lies in the past.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from qualadmin.emulator.hits import balance, notify, review
from qualadmin.emulator.hits.book import DISPOSED_AFTER_SECONDS
from qualadmin.emulator.hits.records import APPROVED, IN_HAND, REJECTED, SUBMITTED, Assignment, Hit
from qualadmin.emulator.world import World, new_id

_DAY = 86_400.0


def settle(world: World) -> None:
    """Let everything happen that is due by now. To be called before anybody looks."""
    timetable = world.hits.timetable
    while due := timetable.next(world.now()):
        _BY_ITSELF[due.kind](world, due.row_id, due.at)


# what requesters do


def extend(world: World, hit: Hit, at: float, **changes: Any) -> None:
    """More assignments or more time. A HIT under review goes back to the workers."""
    with _watched(world, hit, at):
        change_hit(world, hit, reviewing=False, **changes)
        notify.tell(world, hit, "HITExtended", at)


def expire(world: World, hit: Hit, at: float) -> None:
    """End the HIT now, or at `at` if that is over."""
    with _watched(world, hit, at):
        change_hit(world, hit, expires_at=min(at, hit.expires_at), expired=True)
        notify.tell(world, hit, "HITExpired", at)


def dispose(world: World, hit: Hit, at: float) -> None:
    notify.tell(world, hit, "HITDisposed", at)
    change_hit(world, hit, disposed=True)


def approve(world: World, row: Assignment, at: float, feedback: str | None = None) -> None:
    changes = {"status": APPROVED, "approved_at": at, "rejected_at": None}
    _decide(world, row, changes, feedback)
    notify.tell(world, world.hits.hits[row.hit_id], "AssignmentApproved", at, row.assignment_id)


def reject(world: World, row: Assignment, at: float, feedback: str | None = None) -> None:
    _decide(world, row, {"status": REJECTED, "rejected_at": at}, feedback)
    notify.tell(world, world.hits.hits[row.hit_id], "AssignmentRejected", at, row.assignment_id)


def _decide(world: World, row: Assignment, changes: dict[str, Any], feedback: str | None) -> None:
    if feedback is not None:
        changes["feedback"] = feedback
    world.record(["assignment_now", row.assignment_id, changes])
    owner = world.hits.hits[row.hit_id].owner
    if (owner, row.worker_id) not in world.worked_for:
        world.record(["work", owner, [row.worker_id]])


# what workers do


def take(world: World, row: Assignment) -> None:
    hit = world.hits.hits[row.hit_id]
    with _watched(world, hit, row.accepted_at):
        world.record(["assignment", *dataclasses.astuple(row)])
        notify.tell(world, hit, "AssignmentAccepted", row.accepted_at, row.assignment_id)


def hand_in(world: World, row: Assignment, answer: str, at: float) -> None:
    hit = world.hits.hits[row.hit_id]
    with _watched(world, hit, at):
        changes = {
            "status": SUBMITTED,
            "submitted_at": at,
            "submission": len(world.hits.submissions),
            "auto_approves_at": at + world.hits.type_of(hit).auto_approval_delay,
            "answer": answer,
        }
        world.record(["assignment_now", row.assignment_id, changes])
        notify.tell(world, hit, "AssignmentSubmitted", at, row.assignment_id)
        _act(world, hit, at, review.of_assignment(world.hits, hit, row))


def let_go(world: World, row: Assignment, status: str, at: float) -> None:
    """`status`: Returned or Abandoned. The assignment is free again."""
    hit = world.hits.hits[row.hit_id]
    with _watched(world, hit, at):
        world.record(["assignment_now", row.assignment_id, {"status": status}])
        notify.tell(world, hit, f"Assignment{status}", at, row.assignment_id)


# what time does


def _expire_in_time(world: World, hit_id: str, at: float) -> None:
    hit = world.hits.hits[hit_id]
    if hit.expires_at == at and not hit.expired and not hit.disposed:
        expire(world, hit, at)


def _abandon(world: World, assignment_id: str, at: float) -> None:
    row = world.hits.assignments[assignment_id]
    if row.status == IN_HAND:
        let_go(world, row, "Abandoned", at)


def _approve_in_time(world: World, assignment_id: str, at: float) -> None:
    row = world.hits.assignments[assignment_id]
    if row.status == SUBMITTED:
        approve(world, row, at)


def _dispose_in_time(world: World, hit_id: str, at: float) -> None:
    hit = world.hits.hits[hit_id]
    if hit.disposed or at < hit.expires_at + DISPOSED_AFTER_SECONDS:
        return
    if hit.pending or hit.undecided:
        world.hits.timetable.add(at + _DAY, "dispose", hit_id)
    else:
        dispose(world, hit, at)


_BY_ITSELF: dict[str, Callable[[World, str, float], None]] = {
    "expire": _expire_in_time,
    "deadline": _abandon,
    "approve": _approve_in_time,
    "dispose": _dispose_in_time,
}


# what follows from it


def change_hit(world: World, hit: Hit, **changes: Any) -> None:
    world.record(["hit_now", hit.hit_id, changes])


@contextmanager
def _watched(world: World, hit: Hit, at: float) -> Iterator[None]:
    """Around changes that can make a HIT reviewable: tells so, and carries out its review policy then."""
    before = hit.status
    yield
    if hit.status == "Reviewable" and before in ("Assignable", "Unassignable"):
        notify.tell(world, hit, "HITReviewable", at)
        _act(world, hit, at, review.of_hit(world.hits, hit))


def _act(world: World, hit: Hit, at: float, found: review.Review | None) -> None:
    """Carry out what a review policy decided, and write down its results."""
    if found is None:
        return
    actions = [_carry_out(world, hit, at, action) for action in found.actions]
    results = [{"ActionId": new_id("3", 30), **row} for row in found.results]
    world.record(["review", hit.hit_id, found.level, results, actions])


def _carry_out(world: World, hit: Hit, at: float, action: review.Action) -> dict[str, Any]:
    """The ReviewActionDetail."""
    done = {
        "ActionId": new_id("3", 30),
        "ActionName": action.name,
        "TargetId": action.target_id,
        "TargetType": "HIT" if action.name == "extend" else "Assignment",
        "Status": "Succeeded",
        "CompleteTime": int(at),
    }
    if action.name == "extend":
        if not balance.covers(world, hit.owner, world.hits.cost(hit)):
            code = "AWS.MechanicalTurk.InsufficientFunds"
            return {**done, "Status": "Failed", "Result": "The funds do not suffice.", "ErrorCode": code}
        expires_at = max(hit.expires_at, at + action.seconds)
        changes = {"max_assignments": hit.max_assignments + 1, "expires_at": expires_at}
        extend(world, hit, at, expired=expires_at <= at, **changes)
        return {**done, "Result": "Extended"}
    row = world.hits.assignments[action.target_id]
    decided = {"approve": APPROVED, "reject": REJECTED}[action.name]
    if row.status == decided:
        return {**done, "Result": f"Already {decided.lower()}"}
    if row.status != SUBMITTED:
        text = "Assignment was in an invalid state for this operation."
        code = "AWS.MechanicalTurk.InvalidAssignmentState"
        return {**done, "Status": "Failed", "Result": text, "ErrorCode": code}
    (approve if decided == APPROVED else reject)(world, row, at, action.reason)
    return {**done, "Result": decided}
