"""Making, reading, extending, ending and deleting HITs."""

from __future__ import annotations

import dataclasses
from typing import Any

from qualadmin.emulator import errors, hit_errors
from qualadmin.emulator.hits import life, money, notify
from qualadmin.emulator.hits.money import MANY_ASSIGNMENTS
from qualadmin.emulator.hits.records import Hit, HitType
from qualadmin.emulator.operations import hit_types
from qualadmin.emulator.operations.hit_types import LONGEST, SHORTEST
from qualadmin.emulator.operations.limits import (
    check_funds,
    check_length,
    check_range,
    keep_token,
    used_token,
)
from qualadmin.emulator.operations.policies import check_policies
from qualadmin.emulator.operations.questions import question_of
from qualadmin.emulator.system_types import MASTERS
from qualadmin.emulator.world import World, new_id

MOST_ASSIGNMENTS = 1_000_000_000
SHORTEST_EXTENSION = 60
"""Seconds. The greatest is `LONGEST`."""


def create(world: World, owner: str, params: dict[str, Any], *, hit_id: str | None = None) -> dict[str, Any]:
    """CreateHIT: the HIT and, if there is none like it yet, its type. A seed may choose the id."""
    _check_token(world, owner, params)
    question = _checked_question(world, owner, params)
    return _made(world, hit_types.described(world, owner, params), params, question, hit_id)


def create_with_type(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    _check_token(world, owner, params)
    kind = hit_types.owned(world, owner, params["HITTypeId"])
    return _made(world, kind, params, _checked_question(world, owner, params))


def _check_token(world: World, owner: str, params: dict[str, Any]) -> None:
    made = used_token(world, owner, "CreateHIT", params)
    if made is not None:
        raise hit_errors.hit_exists(params["UniqueRequestToken"], made)


def _checked_question(world: World, owner: str, params: dict[str, Any]) -> str:
    check_range(params, "LifetimeInSeconds", SHORTEST, LONGEST)
    check_range(params, "MaxAssignments", 1, MOST_ASSIGNMENTS)
    check_length(params, "RequesterAnnotation", 255)
    check_policies(params)
    return question_of(world, owner, params)


def _made(
    world: World, kind: HitType, params: dict[str, Any], question: str, hit_id: str | None = None
) -> dict[str, Any]:
    at, count = world.now(), params.get("MaxAssignments", 1)
    masters = MASTERS[world.environment] in kind.qualification_type_ids
    check_funds(world, kind.owner, count * (kind.reward + money.fee(kind.reward, count, masters=masters)))
    # Only now: a HIT that is refused leaves no type behind.
    hit_types.keep(world, kind)
    row = Hit(
        hit_id=hit_id or new_id("3", 30),
        serial=len(world.hits.by_serial),
        hit_type_id=kind.hit_type_id,
        owner=kind.owner,
        created_at=at,
        question=question,
        layout_id=params.get("HITLayoutId"),
        annotation=params.get("RequesterAnnotation"),
        policies={name: params[name] for name in ("AssignmentReviewPolicy", "HITReviewPolicy") if name in params},
        max_assignments=count,
        expires_at=at + params["LifetimeInSeconds"],
    )
    world.record(["hit", *dataclasses.astuple(row)])
    keep_token(world, kind.owner, "CreateHIT", params, row.hit_id)
    notify.tell(world, row, "HITCreated", at)
    return {"HIT": world.hits.wire(world.hits.hits[row.hit_id])}


def owned(world: World, owner: str, hit_id: str, *, disposed: bool = False) -> Hit:
    """A HIT of the caller's; a deleted one only if `disposed`. Raises ApiError."""
    hit = world.hits.hits.get(hit_id)
    if hit is None:
        raise hit_errors.hit_missing(hit_id)
    if hit.owner != owner:
        raise errors.permission_denied()
    if hit.disposed and not disposed:
        raise hit_errors.hit_missing(hit_id)
    return hit


def get(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """A deleted HIT is still told, as Disposed."""
    return {"HIT": world.hits.wire(owned(world, owner, params["HITId"], disposed=True))}


def delete(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Only when all is over: reviewable, and every assignment approved or rejected."""
    hit = owned(world, owner, params["HITId"])
    if hit.status not in ("Reviewable", "Reviewing") or hit.undecided:
        # With undecided assignments Amazon's text contradicts itself in the same way.
        raise hit_errors.hit_state(hit.status, "Reviewing", "Reviewable")
    life.dispose(world, hit, world.now())
    return {}


def update_expiration(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """A time that has passed ends the HIT at once; a later one must lie behind the present end."""
    hit, now = owned(world, owner, params["HITId"]), world.now()
    ends_at = int(params["ExpireAt"])
    if ends_at <= now:
        if not hit.expired:
            life.expire(world, hit, now)
        return {}
    # Amazon extends: it counts the new time from the present end, or from now if that is over.
    increment = ends_at - int(now if hit.expired else hit.expires_at)
    if increment != 0 and not SHORTEST_EXTENSION <= increment <= LONGEST:
        raise hit_errors.out_of_range(increment, "ExpirationIncrementInSeconds", SHORTEST_EXTENSION, LONGEST)
    if hit.expired:
        check_funds(world, owner, hit.free * world.hits.cost(hit))
    life.extend(world, hit, now, expires_at=float(ends_at), expired=False)
    return {}


def add_assignments(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    hit, more = owned(world, owner, params["HITId"]), params["NumberOfAdditionalAssignments"]
    made = used_token(world, owner, "CreateAdditionalAssignmentsForHIT", params)
    if made is not None:
        raise hit_errors.token_used(params["UniqueRequestToken"], made)
    check_range(params, "NumberOfAdditionalAssignments", 1, MOST_ASSIGNMENTS)
    total = hit.max_assignments + more
    if hit.max_assignments < MANY_ASSIGNMENTS <= total:
        raise hit_errors.too_many_more()
    if total > MOST_ASSIGNMENTS:
        raise hit_errors.out_of_range(total, "MaxAssignments", 1, MOST_ASSIGNMENTS)
    if not hit.expired:
        check_funds(world, owner, more * world.hits.cost(hit))
    life.extend(world, hit, world.now(), max_assignments=total)
    keep_token(world, owner, "CreateAdditionalAssignmentsForHIT", params, new_id("", 40))
    return {}


def update_review_status(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """Reviewable to Reviewing, or back with Revert."""
    hit, revert = owned(world, owner, params["HITId"]), params.get("Revert", False)
    expected = "Reviewing" if revert else "Reviewable"
    if hit.status != expected:
        raise hit_errors.hit_state(hit.status, expected)
    life.change_hit(world, hit, reviewing=not revert)
    return {}


def update_type(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    hit = owned(world, owner, params["HITId"])
    kind = hit_types.owned(world, owner, params["HITTypeId"])
    life.change_hit(world, hit, hit_type_id=kind.hit_type_id)
    return {}
