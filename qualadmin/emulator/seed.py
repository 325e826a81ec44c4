"""Filling a world from a plain description, once: what exists already is left as it is."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator import worker_side
from qualadmin.emulator.records import QualificationType
from qualadmin.emulator.world import World, new_id


class BadSeed(ValueError):
    """A description that does not have the right form."""


def plant(world: World, description: dict[str, Any]) -> int:
    """Create what `description` lists and is not there yet. Returns the number of new qualification types.

    Form: {"accounts": {ACCESS_KEY: [{"name", "description", "status"?, "keywords"?, "type_id"?, "age_days"?,
    "auto_granted_value"?, "retry_delay"?, "holders"?: {WORKER_ID: value}, "revoked"?: {WORKER_ID: value},
    "requests"?: [{"worker_id", "age_hours"?, "request_id"?}]}]}}
    """
    created = 0
    try:
        for account, types in description["accounts"].items():
            for entry in types:
                if not world.name_is_taken(account, entry["name"]):
                    _plant_type(world, account, entry)
                    created += 1
    except (KeyError, TypeError, AttributeError) as error:
        raise BadSeed(f"The seed does not have the right form ({type(error).__name__}: {error}).") from error
    except worker_side.WorkerRefused as error:
        raise BadSeed(f"The seed is not possible: {error}") from error
    return created


def _plant_type(world: World, account: str, entry: dict[str, Any]) -> None:
    auto_value = entry.get("auto_granted_value")
    row = QualificationType(
        type_id=entry.get("type_id") or new_id("3", 30),
        owner=account,
        name=entry["name"],
        description=entry["description"],
        status=entry.get("status", "Active"),
        created_at=world.now() - 86_400 * entry.get("age_days", 0),
        keywords=entry.get("keywords"),
        retry_delay=entry.get("retry_delay"),
        auto_granted=auto_value is not None,
        auto_granted_value=auto_value,
    )
    world.put_type(row)
    granted_at = int(row.created_at) + 3600
    for status, key in (("Granted", "holders"), ("Revoked", "revoked")):
        for number, (worker_id, value) in enumerate(entry.get(key, {}).items()):
            world.record(["grant", row.type_id, worker_id, value, status, granted_at + 60 * number])
    for request in entry.get("requests", ()):
        worker_side.ask(
            world,
            row.type_id,
            request["worker_id"],
            request_id=request.get("request_id"),
            submitted_at=world.now() - 3600 * request.get("age_hours", 0),
        )
