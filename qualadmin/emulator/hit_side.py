"""What workers do with HITs: find, preview, accept, return, hand in. Requesters' side: `operations.hits`.

Every function lets happen what is due first. Refusals are `worker_side.WorkerRefused`, in words for a worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from qualadmin.emulator.hits import answers as documents
from qualadmin.emulator.hits import eligibility, life
from qualadmin.emulator.hits.people import Profile
from qualadmin.emulator.hits.records import IN_HAND, Assignment, Hit
from qualadmin.emulator.worker_side import WorkerRefused, check_ids
from qualadmin.emulator.world import World, new_id

_LOOKED_AT = 1000
"""So many HITs are looked through for one worker's list at the most."""


def discover(world: World, worker_id: str | None = None, *, limit: int = 20) -> list[Hit]:
    """HITs with free assignments, newest first; with a worker only those the worker may see and not yet had."""
    life.settle(world)
    found: Iterator[Hit] = islice(world.hits.newest(("assignable",)), _LOOKED_AT)
    if worker_id is not None:
        _check_worker(world, worker_id)
        found = (hit for hit in found if _shows(world, hit, worker_id))
    return list(islice(found, limit))


def _shows(world: World, hit: Hit, worker_id: str) -> bool:
    hidden = eligibility.missed(world, world.hits.type_of(hit), worker_id, "Discover")
    return not hidden and (hit.hit_id, worker_id) not in world.hits.going


def preview(world: World, hit_id: str, worker_id: str | None = None) -> Hit:
    """The HIT, for a look before accepting."""
    life.settle(world)
    hit = _hit(world, hit_id)
    if worker_id is not None:
        _check_worker(world, worker_id)
        _check_qualified(world, hit, worker_id, "Preview")
    return hit


def missing_for(world: World, hit_id: str, worker_id: str) -> list[dict[str, Any]]:
    """The QualificationRequirements that keep the worker from accepting; [] = may accept."""
    kind = world.hits.type_of(_hit(world, hit_id))
    return eligibility.missed(world, kind, worker_id, "Accept")


def accept(world: World, hit_id: str, worker_id: str) -> Assignment:
    """Take one assignment of the HIT; the time to complete it begins."""
    life.settle(world)
    hit = _hit(world, hit_id)
    _check_worker(world, worker_id)
    if world.blocks.holds(hit.owner, worker_id):
        raise WorkerRefused("This requester has blocked this worker.")
    _check_qualified(world, hit, worker_id, "Accept")
    if (hit_id, worker_id) in world.hits.going:
        raise WorkerRefused("This worker already has an assignment of this HIT or has submitted one.")
    if hit.status != "Assignable":
        raise WorkerRefused("There is no assignment of this HIT to be had any more.")
    at = world.now()
    row = Assignment(
        assignment_id=new_id("3", 30),
        serial=len(world.hits.assignments),
        hit_id=hit_id,
        worker_id=worker_id,
        accepted_at=at,
        deadline=at + world.hits.type_of(hit).duration,
    )
    life.take(world, row)
    return world.hits.assignments[row.assignment_id]


def submit(
    world: World, assignment_id: str, answers: str | Mapping[str, str | list[str]], worker_id: str | None = None
) -> Assignment:
    """Hand in. `answers`: a QuestionFormAnswers document, or question or field name to value(s)."""
    life.settle(world)
    row = _in_hand(world, assignment_id, worker_id)
    try:
        document = answers if isinstance(answers, str) else documents.document(answers)
        documents.values(document)
    except ValueError as error:
        raise WorkerRefused(f"These answers cannot be handed in. {error}") from error
    life.hand_in(world, row, document, world.now())
    return row


def return_(world: World, assignment_id: str, worker_id: str | None = None) -> Assignment:
    """Give the assignment back; somebody else can have it, or the same worker again."""
    life.settle(world)
    row = _in_hand(world, assignment_id, worker_id)
    life.let_go(world, row, "Returned", world.now())
    return row


def in_hand(world: World, worker_id: str) -> list[Assignment]:
    """The worker's accepted assignments, oldest first."""
    life.settle(world)
    return [world.hits.assignments[one] for one in world.hits.held_by.get(worker_id, ())]


def set_profile(world: World, worker_id: str, **changes: Any) -> Profile:
    """Change what Amazon knows of a worker; fields and types as in `Profile`."""
    check_ids([worker_id])
    for name, value in changes.items():
        if name not in Profile.__slots__:
            raise WorkerRefused(f"A worker's profile has no {name}.")
        if not _may_be(name, value):
            raise WorkerRefused(f"{value!r} cannot be a worker's {name}.")
    if changes:
        world.record(["profile", worker_id, changes])
    return world.people.profile(worker_id)


def _may_be(name: str, value: Any) -> bool:
    if name in ("adult", "masters"):
        return isinstance(value, bool)
    if name in ("country", "subdivision"):
        return (name == "subdivision" and value is None) or (isinstance(value, str) and len(value) == 2)
    if name == "percent" and value is None:
        return True
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and 0 <= value <= (100 if name == "percent" else 2**31 - 1)


def _hit(world: World, hit_id: str) -> Hit:
    hit = world.hits.hits.get(hit_id)
    if hit is None or hit.disposed:
        raise WorkerRefused("There is no HIT with this id.")
    return hit


def _in_hand(world: World, assignment_id: str, worker_id: str | None) -> Assignment:
    row = world.hits.assignments.get(assignment_id)
    if row is None or worker_id not in (None, row.worker_id):
        raise WorkerRefused("This worker has no assignment with this id.")
    if row.status != IN_HAND:
        raise WorkerRefused(f"This assignment is {row.status.lower()}: it is no longer in the worker's hands.")
    return row


def _check_worker(world: World, worker_id: str) -> None:
    check_ids([worker_id])
    if not world.knows_worker(worker_id):
        raise WorkerRefused("This worker does not exist in this environment.")


def _check_qualified(world: World, hit: Hit, worker_id: str, action: str) -> None:
    missed = eligibility.missed(world, world.hits.type_of(hit), worker_id, action)
    if missed:
        names = ", ".join(_name(world, row["QualificationTypeId"]) for row in missed)
        raise WorkerRefused(f"This worker does not meet the requirements of this HIT: {names}.")


def _name(world: World, type_id: str) -> str:
    row = world.types.get(type_id)
    return row.name if row else type_id
