"""Filling a world from a plain description, once: what exists already is left as it is."""

from __future__ import annotations

from itertools import chain
from typing import Any

from qualadmin.emulator import worker_side
from qualadmin.emulator.accounts import BadAccessKey, access_key_event
from qualadmin.emulator.errors import ApiError
from qualadmin.emulator.records import QualificationType
from qualadmin.emulator.seed_hits import plant_hit
from qualadmin.emulator.world import World, new_id
from qualadmin.questions.answer_key import check_fit, read_answer_key
from qualadmin.questions.question_form import read_question_form
from qualadmin.questions.reading import BadDocument


class BadSeed(ValueError):
    """A description that does not have the right form."""


def plant(world: World, description: dict[str, Any]) -> int:
    """Create what `description` lists and is not there yet. Returns the number of new qualification types.

    Form: {"accounts": {ACCESS_KEY: [{"name", "description", "status"?, "keywords"?, "type_id"?, "age_days"?,
    "auto_granted_value"?, "retry_delay"?, "test"?, "answer_key"?, "test_duration"? (an hour if there is a test),
    "holders"?: {WORKER_ID: value}, "revoked"?: {WORKER_ID: value},
    "requests"?: [{"worker_id", "age_hours"?, "request_id"?, "answer"?}]}]},
    "hits"?: {ACCESS_KEY: [see `seed_hits.plant_hit`]}, "access_keys"?: [see `accounts.access_key_event`]}
    """
    created = 0
    try:
        for entry in description.get("access_keys", ()):
            _plant_key(world, entry)
        with_hits = {a: hits for a, hits in description.get("hits", {}).items() if _is_new(world, a)}
        for account, types in description["accounts"].items():
            for entry in types:
                if not _is_there(world, account, entry):
                    _plant_type(world, account, entry)
                    created += 1
        for account, hits in with_hits.items():
            for entry in hits:
                plant_hit(world, account, entry)
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BadSeed(f"The seed does not have the right form ({type(error).__name__}: {error}).") from error
    except (worker_side.WorkerRefused, ApiError, BadAccessKey, BadDocument) as error:
        raise BadSeed(f"The seed is not possible: {error}") from error
    return created


def _plant_key(world: World, entry: dict[str, Any]) -> None:
    if not any(key.key_id == entry.get("access_key") for key in world.accounts.added()):
        world.record(access_key_event(entry, world.now()))


def _is_new(world: World, account: str) -> bool:
    """HITs go only where nothing was made yet: else a type they require may be gone, a worker not qualified."""
    owners = chain((row.owner for row in world.types.values()), (row.owner for row in world.hits.hits.values()))
    return account not in owners


def _is_there(world: World, account: str, entry: dict[str, Any]) -> bool:
    """Also if it was deleted long ago and its name is free: it is not brought back."""
    row = world.types.get(entry.get("type_id", ""))
    if row is not None and row.owner != account:
        raise BadSeed(f"The seed is not possible: the type_id {row.type_id} is in use by another account.")
    return row is not None or world.name_is_taken(account, entry["name"])


def _plant_type(world: World, account: str, entry: dict[str, Any]) -> None:
    auto_value = entry.get("auto_granted_value")
    test, answer_key = _documents(entry)
    row = QualificationType(
        type_id=entry.get("type_id") or new_id("3", 30),
        owner=account,
        name=entry["name"],
        description=entry["description"],
        status=entry.get("status", "Active"),
        created_at=world.now() - 86_400 * entry.get("age_days", 0),
        keywords=entry.get("keywords"),
        retry_delay=entry.get("retry_delay"),
        test=test,
        answer_key=answer_key,
        test_duration=None if test is None else entry.get("test_duration", 3600),
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
            answer=request.get("answer"),
            request_id=request.get("request_id"),
            submitted_at=world.now() - 3600 * request.get("age_hours", 0),
        )


def _documents(entry: dict[str, Any]) -> tuple[str | None, str | None]:
    """Test and answer key, checked as the API checks them. Raises BadDocument."""
    test, answer_key = entry.get("test"), entry.get("answer_key")
    if test is None:
        if answer_key is not None:
            raise BadSeed("The seed is not possible: an answer_key needs a test.")
        return None, None
    form = read_question_form(test)
    if answer_key is not None:
        check_fit(form, read_answer_key(answer_key))
    return test, answer_key
