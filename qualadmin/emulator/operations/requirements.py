"""QualificationRequirements: checked when a HIT type is made, kept in full as Amazon gives them back."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator import errors, hit_errors
from qualadmin.emulator.hits.records import Requirement
from qualadmin.emulator.system_types import LOCALE
from qualadmin.emulator.world import World

MOST = 10
_MOST_INTEGERS, _MOST_LOCALES = 15, 30
_SETS = ("In", "NotIn")
_PRESENCE = ("Exists", "DoesNotExist")
_LOCALE_COMPARATORS = ("EqualTo", "NotEqualTo", *_SETS)


def checked(world: World, given: list[dict[str, Any]]) -> list[Requirement]:
    """The requirements in Amazon's full form. Raises ApiError."""
    if len(given) > MOST:
        raise errors.bad_parameter(f"A HIT can have at most {MOST} QualificationRequirements.")
    return [_checked(world, row) for row in given]


def _checked(world: World, row: dict[str, Any]) -> Requirement:
    type_id = row["QualificationTypeId"]
    _check_type(world, type_id)
    problem = _locale_problem(row) if type_id == LOCALE else _integer_problem(row)
    if problem is None and "ActionsGuarded" in row and "RequiredToPreview" in row:
        problem = "ActionsGuarded cannot be used together with RequiredToPreview"
    if problem is not None:
        raise hit_errors.requirement_refused(type_id, problem)
    guarded = row.get("ActionsGuarded") or ("PreviewAndAccept" if row.get("RequiredToPreview") else "Accept")
    full: Requirement = {"QualificationTypeId": type_id, "Comparator": row["Comparator"]}
    full |= {name: row[name] for name in ("IntegerValues", "LocaleValues") if row.get(name)}
    return {**full, "RequiredToPreview": guarded != "Accept", "ActionsGuarded": guarded}


def _check_type(world: World, type_id: str) -> None:
    kind = world.readable_type(type_id)
    if kind.deleted_at is not None:
        raise errors.type_disposing()
    if kind.status != "Active":
        raise errors.request_error(
            "InvalidQualificationTypeState", "This operation can be called with a status of: Active"
        )


def _integer_problem(row: dict[str, Any]) -> str | None:
    values = row.get("IntegerValues", [])
    if row.get("LocaleValues"):
        return "LocaleValues can only be used with Worker_Locale"
    return _count_problem(row["Comparator"], len(values), _MOST_INTEGERS, "IntegerValues")


def _locale_problem(row: dict[str, Any]) -> str | None:
    comparator, values = row["Comparator"], row.get("LocaleValues", [])
    if row.get("IntegerValues"):
        return "IntegerValues cannot be used with Worker_Locale"
    if comparator not in (*_LOCALE_COMPARATORS, *_PRESENCE):
        return f"{comparator} cannot be used with LocaleValues"
    return _count_problem(comparator, len(values), _MOST_LOCALES, "LocaleValues")


def _count_problem(comparator: str, count: int, most: int, name: str) -> str | None:
    if comparator in _PRESENCE:
        return f"{name} must not be given with {comparator}" if count else None
    if comparator in _SETS:
        return None if 1 <= count <= most else f"{comparator} takes 1 to {most} {name}"
    return None if count == 1 else f"{comparator} takes one of {name}"
