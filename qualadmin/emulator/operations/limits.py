"""Checks of single parameters that the framework does not make, and request tokens."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator import hit_errors
from qualadmin.emulator.errors import ApiError, invalid_value
from qualadmin.emulator.hits import money
from qualadmin.emulator.hits.balance import covers
from qualadmin.emulator.world import World

LONGEST_AMOUNT = 12
"""Characters of an amount. What is longer is no money."""
FEEDBACK = 1024
"""Characters of a feedback or reason (client libraries say so, Amazon does not)."""


def check_length(params: dict[str, Any], name: str, most: int, least: int = 0) -> None:
    value = params.get(name)
    if value is None:
        return
    if len(value) > most:
        raise _bad_length(name, "maximum", most)
    if len(value.strip()) < least:
        raise _bad_length(name, "minimum", least)


def _bad_length(name: str, which: str, length: int) -> ApiError:
    # The two blanks are Amazon's.
    text = f"Your request parameter {name}  has a {which} length of {length}."
    return ApiError("ParameterValidationError", text, code="AWS.MechanicalTurk.InvalidParameterValue")


def check_range(params: dict[str, Any], name: str, low: int, high: int) -> None:
    value = params.get(name)
    if value is not None and not low <= value <= high:
        raise hit_errors.out_of_range(value, name, low, high)


def amount(params: dict[str, Any], name: str, least: int = 0) -> int:
    """Cents."""
    given: str = params[name]
    if len(given) > LONGEST_AMOUNT or money.cents(given) < least:
        raise invalid_value(given, name)
    return money.cents(given)


def used_token(world: World, owner: str, operation: str, params: dict[str, Any]) -> str | None:
    """What an earlier request with the same UniqueRequestToken made, if there was one within a day."""
    token = params.get("UniqueRequestToken")
    return world.ledger.made_by(owner, operation, token, world.now()) if token else None


def keep_token(world: World, owner: str, operation: str, params: dict[str, Any], made: str) -> None:
    token = params.get("UniqueRequestToken")
    if token:
        world.record(["token", owner, operation, token, world.now(), made])


def check_funds(world: World, owner: str, needed: int) -> None:
    """Whether the balance covers `needed` cents more."""
    if not covers(world, owner, needed):
        raise hit_errors.insufficient_funds()
