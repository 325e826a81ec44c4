"""Whether a worker meets the qualification requirements of a HIT."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qualadmin.emulator.hits.records import HitType, Requirement
from qualadmin.emulator.system_types import ADULT, LOCALE, MASTERS, NUMBER_APPROVED, PERCENT_APPROVED
from qualadmin.emulator.world import World

ACTIONS = ("Discover", "Preview", "Accept")
_GUARDS = {"Accept": 2, "PreviewAndAccept": 1, "DiscoverPreviewAndAccept": 0}
_ENOUGH_TO_COUNT = 100
"""Below this number of submitted assignments a worker's share of approved ones reads 100."""
_COMPARE: dict[str, Callable[[int, list[int]], bool]] = {
    "LessThan": lambda value, given: value < given[0],
    "LessThanOrEqualTo": lambda value, given: value <= given[0],
    "GreaterThan": lambda value, given: value > given[0],
    "GreaterThanOrEqualTo": lambda value, given: value >= given[0],
    "EqualTo": lambda value, given: value == given[0],
    "NotEqualTo": lambda value, given: value != given[0],
    "In": lambda value, given: value in given,
    "NotIn": lambda value, given: value not in given,
}


def missed(world: World, kind: HitType, worker_id: str, action: str) -> list[Requirement]:
    """The requirements that keep the worker from this action (one of ACTIONS)."""
    step = ACTIONS.index(action)
    guarding = [row for row in kind.requirements if _GUARDS[row["ActionsGuarded"]] <= step]
    return [row for row in guarding if not _meets(world, row, worker_id)]


def _meets(world: World, row: Requirement, worker_id: str) -> bool:
    type_id: str = row["QualificationTypeId"]
    comparator: str = row["Comparator"]
    if type_id == LOCALE:
        return _lives_there(world, row, worker_id)
    value = _value(world, type_id, worker_id)
    if comparator in ("Exists", "DoesNotExist"):
        return (value is None) is (comparator == "DoesNotExist")
    # A worker without the qualification fails every comparison, NotEqualTo and NotIn too (not documented).
    return value is not None and _COMPARE[comparator](value, row["IntegerValues"])


def _value(world: World, type_id: str, worker_id: str) -> int | None:
    profile, record = world.people.profile(worker_id), world.hits.records.get(worker_id)
    if type_id == MASTERS[world.environment]:
        return 1 if profile.masters else None
    if type_id == ADULT:
        return int(profile.adult)
    if type_id == NUMBER_APPROVED:
        return profile.approved + (record.approved if record else 0)
    if type_id == PERCENT_APPROVED:
        if profile.percent is not None:
            return profile.percent
        if record is None or record.submitted < _ENOUGH_TO_COUNT:
            return 100
        return record.approved * 100 // record.submitted
    grant = world.grant(type_id, worker_id)
    return grant.value if grant is not None and grant.status == "Granted" else None


def _lives_there(world: World, row: Requirement, worker_id: str) -> bool:
    profile = world.people.profile(worker_id)
    comparator: str = row["Comparator"]
    if comparator in ("Exists", "DoesNotExist"):
        return comparator == "Exists"
    inside = any(_fits(place, profile.country, profile.subdivision) for place in row["LocaleValues"])
    return inside if comparator in ("EqualTo", "In") else not inside


def _fits(place: dict[str, Any], country: str, subdivision: str | None) -> bool:
    return bool(place["Country"] == country) and place.get("Subdivision") in (None, subdivision)
