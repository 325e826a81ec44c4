"""What each operation takes, and the framework's check of it, before any rule of the service is asked.

Wrong JSON types answer SerializationException, everything else (missing, too long, wrong pattern, out of
range) ValidationException with all faults at once, in the wording of Amazon's framework.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from qualadmin.emulator.errors import framework_error


class Field(NamedTuple):
    kind: type
    required: bool = False
    pattern: re.Pattern[str] | None = None
    length: tuple[int, int] | None = None
    span: tuple[int, int] | None = None
    choices: tuple[str, ...] | None = None
    bits: int | None = None

    def needed(self) -> Field:
        return self._replace(required=True)


TEXT = Field(str)
FLAG = Field(bool)
INTEGER = Field(int, bits=32)
LONG = Field(int, bits=64)
ENTITY_ID = Field(str, pattern=re.compile(r"[A-Z0-9]+"), length=(1, 64))
WORKER_ID = Field(str, pattern=re.compile(r"A[A-Z0-9]+"), length=(1, 64))
TYPE_STATUS = Field(str, choices=("Active", "Inactive"))
GRANT_STATUS = Field(str, choices=("Granted", "Revoked"))
PAGING = {"NextToken": Field(str, length=(1, 255)), "MaxResults": Field(int, span=(1, 100))}

Shape = dict[str, Field]


def check(shape: Shape, params: dict[str, Any]) -> dict[str, Any]:
    """Known members that are set; unknown ones are dropped, as the framework does. Raises ApiError."""
    given: dict[str, Any] = {}
    faults: list[str] = []
    for name, field in shape.items():
        value = params.get(name)
        if value is None:
            if field.required:
                faults.append(_fault("null", name, "Member must not be null"))
            continue
        _check_kind(name, field, value)
        faults.extend(_faults(name, field, value))
        given[name] = value
    if faults:
        count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected: "
        raise framework_error("ValidationException", count + "; ".join(faults))
    return given


def _check_kind(name: str, field: Field, value: Any) -> None:
    # bool is an int for Python but not for the wire.
    fits = isinstance(value, field.kind) and not (field.kind is int and isinstance(value, bool))
    if fits and field.bits is not None:
        fits = -(2 ** (field.bits - 1)) <= value < 2 ** (field.bits - 1)
    if not fits:
        raise framework_error("SerializationException", f"{name} can not be converted to {_WORDS[field.kind]}")


_WORDS = {str: "a String", int: "an Integer", bool: "a Boolean"}


def _faults(name: str, field: Field, value: Any) -> list[str]:
    faults = []
    if field.length is not None:
        low, high = field.length
        if len(value) > high:
            faults.append(_fault(f"'{value}'", name, f"Member must have length less than or equal to {high}"))
        elif len(value) < low:
            faults.append(_fault(f"'{value}'", name, f"Member must have length greater than or equal to {low}"))
    if field.pattern is not None and not field.pattern.fullmatch(value):
        rule = f"Member must satisfy regular expression pattern: ^{field.pattern.pattern}$"
        faults.append(_fault(f"'{value}'", name, rule))
    if field.span is not None:
        low, high = field.span
        if value > high:
            faults.append(_fault(f"'{value}'", name, f"Member must have value less than or equal to {high}"))
        elif value < low:
            faults.append(_fault(f"'{value}'", name, f"Member must have value greater than or equal to {low}"))
    if field.choices is not None and value not in field.choices:
        rule = f"Member must satisfy enum value set: [{', '.join(field.choices)}]"
        faults.append(_fault(f"'{value}'", name, rule))
    return faults


def _fault(shown: str, name: str, rule: str) -> str:
    member = name[0].lower() + name[1:]
    at = "Value " + shown
    return f"{at} at '{member}' failed to satisfy constraint: {rule}"
