"""Pages of HITs, newest first."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator.hits.book import Key
from qualadmin.emulator.operations import hit_types
from qualadmin.emulator.paging import cursor, page
from qualadmin.emulator.world import World


def list_hits(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    return _page(world, ("owned", owner), params)


def list_reviewable(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    status, hit_type_id = params.get("Status", "Reviewable"), params.get("HITTypeId")
    if hit_type_id is None:
        return _page(world, (status, owner), params)
    hit_types.owned(world, owner, hit_type_id)
    return _page(world, (status, owner, hit_type_id), params)


def list_requiring(world: World, owner: str, params: dict[str, Any]) -> dict[str, Any]:
    """ListHITsForQualificationType: the caller's HITs, whoever owns the qualification type."""
    row = world.readable_type(params["QualificationTypeId"])
    return _page(world, ("requiring", row.type_id, owner), params)


def _page(world: World, key: Key, params: dict[str, Any]) -> dict[str, Any]:
    place = cursor(params, key)
    rows = ((str(hit.serial), world.hits.wire(hit)) for hit in world.hits.newest(key, place))
    return page("HITs", rows, params, key)
