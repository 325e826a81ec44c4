"""The framework's check of a call's parameters, made from Amazon's own description of the API.

First the types: a wrong one ends the check with SerializationException. Then everything else (missing, too
long, wrong pattern, out of range) in one ValidationException that names up to ten faults. The wording is that
of Amazon's framework as other services show it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from qualadmin.wire.errors import ApiError, framework_error, serialization_error
from qualadmin.wire.model import service_model

Check = Callable[[Any, str, list[str]], Any]
"""(value, where it is, faults so far) to the value as the operation gets it. Adds faults; raises ApiError for
a wrong type."""
Shape = dict[str, Any]

MOST_FAULTS = 10
LAST_SECOND = 253_402_300_799
"""The end of the year 9999: what lies behind it is no time for a client."""
_NOT_NULL = "Member must not be null"


def check(operation: str, params: object) -> dict[str, Any]:
    """The members that are set, without unknown ones: what the framework hands to the operation.

    Raises ApiError (SerializationException, ValidationException). `operation` must exist.
    """
    faults: list[str] = []
    given: dict[str, Any] = _INPUTS[operation](params, "", faults)
    if faults:
        raise _invalid(faults[:MOST_FAULTS])
    return given


def fits(shape: str, value: object) -> bool:
    """Whether a value is well-formed, e.g. fits("CustomerId", worker_id)."""
    faults: list[str] = []
    try:
        _compiled(shape)(value, shape, faults)
    except ApiError:
        return False
    return not faults


def _invalid(faults: list[str]) -> ApiError:
    count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected: "
    return framework_error("ValidationException", count + "; ".join(faults))


def _fault(shown: str, at: str, rule: str) -> str:
    return f"Value {shown} at '{at}' failed to satisfy constraint: {rule}"


# One function for each kind of shape; each returns a Check.


def _structure(shape: Shape) -> Check:
    required = set(shape.get("required", ()))
    members = [
        (name, name[0].lower() + name[1:], name in required, _compiled(member["shape"]))
        for name, member in shape["members"].items()
    ]

    def run(value: Any, at: str, faults: list[str]) -> dict[str, Any]:
        if type(value) is not dict:
            _mistyped(value, "Expected null")
        given = {}
        for name, path, is_required, member in members:
            item = value.get(name)
            where = f"{at}.{path}" if at else path
            if item is not None:
                given[name] = member(item, where, faults)
            elif is_required:
                faults.append(_fault("null", where, _NOT_NULL))
        return given

    return run


def _list(shape: Shape) -> Check:
    inner = service_model().shapes[shape["member"]["shape"]]
    member = _compiled(shape["member"]["shape"])
    kept = [sentence for sentence, _ in _text_rules(inner)] if inner["type"] == "string" else []
    rules = f"Member must satisfy constraint: [{', '.join([*kept, _NOT_NULL])}]"

    def run(value: Any, at: str, faults: list[str]) -> list[Any]:
        if type(value) is not list:
            _mistyped(value, "Expected list or null")
        if inner["type"] == "structure" and None not in value:
            return [member(item, f"{at}.{place}.member", faults) for place, item in enumerate(value, 1)]
        own: list[str] = []
        items = [item if item is None else member(item, at, own) for item in value]
        if own or None in value:
            shown = ", ".join("null" if item is None else str(item) for item in value)
            faults.append(_fault(f"'[{shown}]'", at, rules))
        return items

    return run


def _string(shape: Shape) -> Check:
    rules = _text_rules(shape)

    def run(value: Any, at: str, faults: list[str]) -> str:
        if type(value) is not str:
            _mistyped(value, f"{_token(value)} can not be converted to a String")
        for rule, holds in rules:
            if not holds(value):
                faults.append(_fault(f"'{value}'", at, rule))
        return value

    return run


def _text_rules(shape: Shape) -> list[tuple[str, Callable[[str], object]]]:
    """(sentence, whether a text keeps it) in the framework's order."""
    rules: list[tuple[str, Callable[[str], object]]] = []
    if "max" in shape:
        high = shape["max"]
        rules.append((f"Member must have length less than or equal to {high}", lambda text: len(text) <= high))
    if "min" in shape:
        low = shape["min"]
        rules.append((f"Member must have length greater than or equal to {low}", lambda text: len(text) >= low))
    if "pattern" in shape:
        pattern = re.compile(shape["pattern"])
        rules.append((f"Member must satisfy regular expression pattern: {shape['pattern']}", pattern.fullmatch))
    if "enum" in shape:
        choices = frozenset(shape["enum"])
        sentence = f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]"
        rules.append((sentence, choices.__contains__))
    return rules


def _whole_number(shape: Shape) -> Check:
    word, bits = ("an Integer", 32) if shape["type"] == "integer" else ("a Long", 64)
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    low, high = shape.get("min", least), shape.get("max", most)

    def run(value: Any, at: str, faults: list[str]) -> int:
        number = value
        if type(number) is float and math.isfinite(number):
            number = math.trunc(number)  # the framework cuts a fraction off
        if type(number) is not int or not least <= number <= most:
            _mistyped(value, f"{_token(value)} can not be converted to {word}")
        if number > high:
            faults.append(_fault(f"'{number}'", at, f"Member must have value less than or equal to {high}"))
        elif number < low:
            faults.append(_fault(f"'{number}'", at, f"Member must have value greater than or equal to {low}"))
        return number

    return run


def _boolean(_: Shape) -> Check:
    def run(value: Any, at: str, faults: list[str]) -> bool:
        if type(value) is not bool:
            _mistyped(value, f"{_token(value)} can not be converted to a Boolean")
        return value

    return run


def _timestamp(_: Shape) -> Check:
    """Epoch seconds, whole or not."""

    def run(value: Any, at: str, faults: list[str]) -> int | float:
        if (
            not isinstance(value, (int, float))
            or isinstance(value, bool)
            or not -LAST_SECOND <= value <= LAST_SECOND
        ):
            _mistyped(value, f"{_token(value)} can not be converted to milliseconds since epoch")
        return value

    return run


def _mistyped(value: object, message: str) -> NoReturn:
    if isinstance(value, list):
        message = "Start of list found where not expected"
    elif isinstance(value, dict):
        message = "Start of structure or map found where not expected."
    raise serialization_error(message)


def _token(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"


_MAKERS: dict[str, Callable[[Shape], Check]] = {
    "structure": _structure,
    "list": _list,
    "string": _string,
    "integer": _whole_number,
    "long": _whole_number,
    "boolean": _boolean,
    "timestamp": _timestamp,
}
_checks: dict[str, Check] = {}


def _compiled(name: str) -> Check:
    # No shape of this API contains itself, so plain recursion ends.
    if name not in _checks:
        shape = service_model().shapes[name]
        _checks[name] = _MAKERS[shape["type"]](shape)
    return _checks[name]


_INPUTS = {operation: _compiled(shape) for operation, shape in service_model().inputs.items()}
OPERATION_NAMES = frozenset(_INPUTS)
"""All operations of the API."""
