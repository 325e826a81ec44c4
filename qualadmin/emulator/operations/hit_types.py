"""HIT types: what HITs have in common. The same properties are the same type."""

from __future__ import annotations

import dataclasses
from typing import Any

from qualadmin.emulator import hit_errors
from qualadmin.emulator.hits.records import HitType
from qualadmin.emulator.operations.limits import amount, check_length, check_range
from qualadmin.emulator.operations.requirements import checked
from qualadmin.emulator.world import World, new_id

SHORTEST, LONGEST = 30, 31_536_000
"""Seconds an assignment or a HIT may last."""
LONGEST_APPROVAL_DELAY = 2_592_000
"""Seconds, 30 days; also what an omitted AutoApprovalDelayInSeconds means."""


def create(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    kind = described(world, owner, params)
    keep(world, kind)
    return {"HITTypeId": kind.hit_type_id}


def described(world: World, owner: str, params: dict[str, Any]) -> HitType:
    """The owner's HIT type with these properties, or a new one that has yet to be kept. Raises ApiError."""
    row = _checked(world, owner, params)
    known = world.hits.type_ids.get(row.key)
    return row if known is None else world.hits.types[known]


def keep(world: World, row: HitType) -> None:
    if row.hit_type_id not in world.hits.types:
        world.record(["hit_type", *dataclasses.astuple(row)])


def _checked(world: World, owner: str, params: dict[str, Any]) -> HitType:
    check_length(params, "Title", 128, 1)
    check_length(params, "Description", 2000, 1)
    check_length(params, "Keywords", 1000)
    check_range(params, "AssignmentDurationInSeconds", SHORTEST, LONGEST)
    check_range(params, "AutoApprovalDelayInSeconds", 0, LONGEST_APPROVAL_DELAY)
    return HitType(
        hit_type_id=new_id("3", 30),
        group_id=new_id("3", 30),
        owner=owner,
        title=params["Title"],
        description=params["Description"],
        keywords=params.get("Keywords"),
        reward=amount(params, "Reward"),
        duration=params["AssignmentDurationInSeconds"],
        auto_approval_delay=params.get("AutoApprovalDelayInSeconds", LONGEST_APPROVAL_DELAY),
        requirements=checked(world, params.get("QualificationRequirements", [])),
    )


def owned(world: World, owner: str, hit_type_id: str) -> HitType:
    """A HIT type of the caller's. Raises ApiError; somebody else's type is as if it were not there."""
    row = world.hits.types.get(hit_type_id)
    if row is None or row.deleted or row.owner != owner:
        raise hit_errors.hit_type_missing(hit_type_id)
    return row


def forget_requiring(world: World, type_id: str) -> None:
    """A deleted qualification type takes the HIT types that require it along; their HITs stay."""
    for hit_type_id in sorted(world.hits.types_requiring.get(type_id, ())):
        row = world.hits.types[hit_type_id]
        if not row.deleted:
            world.record(["hit_type", *dataclasses.astuple(dataclasses.replace(row, deleted=True))])
