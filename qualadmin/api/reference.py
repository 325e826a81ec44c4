"""The page that says to people what the OpenAPI document says to programs. Made from the same list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render

from qualadmin.core.permissions import Scope
from qualadmin.web.http import Request, page
from qualadmin.web.words import grouped

from .openapi import REFUSALS
from .operation import Operation, Repeats
from .urls import OPERATIONS

SCOPES: Final = {
    Scope.READ: "What is known here of types, holders, jobs and changes. Nobody asks Amazon for it.",
    Scope.GRANT: "Single changes and whole lists. Amazon is told later, by the task cluster.",
    Scope.TYPES: "Qualification types, made, changed and deleted. Amazon is told by the task cluster.",
    Scope.AUDIT: "Who did what, when and why, and that nothing of it was altered.",
}
_PATTERNS: Final = {
    "^A[A-Z0-9]{1,63}$": "a worker ID",
    "^[0-9a-f]{64}$": "64 hex digits",
    "^[0-9]{1,18}$": "digits",
}
#: A bound that says nothing but that the number is one.
_LARGE: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Named:
    """A parameter, or a field of an answer. `parts` are those of an object within."""

    name: str
    kind: str
    about: str = ""
    required: bool = False
    parts: "tuple[Named, ...]" = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation as the page shows it."""

    name: str
    about: str
    takes: tuple[Named, ...]
    answers: tuple[Named, ...]
    is_list: bool
    takes_key: bool
    status: int


@page(None, account=False)
def reference(request: Request) -> HttpResponse:
    """Every operation, by the scope that a token needs for it. It tells nothing of this installation."""
    groups = [(scope, about, tuple(_entries(scope))) for scope, about in SCOPES.items()]
    return render(request, "help/api.html", {"groups": groups, "refusals": REFUSALS})


def _entries(scope: Scope) -> Iterable[Entry]:
    return (entry_of(one) for one in OPERATIONS if one.scope == scope)


def entry_of(one: Operation) -> Entry:
    """An operation in words."""
    return Entry(
        name=one.name,
        about=one.about,
        takes=tuple(_named(part.name, part.described, part.required) for part in one.parameters),
        answers=_fields(one.data),
        is_list=one.is_list,
        takes_key=one.repeats is not Repeats.READS,
        status=202 if one.accepted else 200,
    )


def _named(name: str, schema: Mapping[str, Any], required: bool = False) -> Named:
    inner = schema.get("items", schema)
    parts = tuple(
        _named(part, inner["properties"][part], part in inner.get("required", ()))
        for part in inner.get("properties", {})
    )
    return Named(name, kind_of(schema), schema.get("description", ""), required, parts)


def _fields(schema: Mapping[str, Any]) -> tuple[Named, ...]:
    return tuple(_named(name, one) for name, one in schema["properties"].items())


def kind_of(schema: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words, its default among them."""
    known = schema.get("default")
    said = (
        "" if known in (None, "") else f", {str(known).lower() if isinstance(known, bool) else known} by default"
    )
    return _kind(schema) + said


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return (
            " or ".join([", ".join(schema["enum"][:-1]), schema["enum"][-1]])
            if schema["enum"][1:]
            else schema["enum"][0]
        )
    types = [schema["type"]] if isinstance(schema["type"], str) else list(schema["type"])
    word = {"string": _text, "integer": _number, "array": _array}.get(types[0], _plain)(schema)
    return f"{word}, or null" if "null" in types else word


def _text(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return "time in UTC"
    if schema.get("format") == "uuid":
        return "id"
    if "contentEncoding" in schema:
        return "bytes in base64"
    if schema.get("pattern") in _PATTERNS:
        return _PATTERNS[schema["pattern"]]
    return f"text, at most {grouped(schema['maxLength'])} characters" if "maxLength" in schema else "text"


def _number(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None or high is None or (low < 0 and high >= _LARGE):
        return "whole number"
    return f"whole number from {grouped(low)}" + ("" if high >= _LARGE else f" to {grouped(high)}")


def _array(schema: Mapping[str, Any]) -> str:
    most = f", at most {grouped(schema['maxItems'])}" if "maxItems" in schema else ""
    each = {"string": "texts", "integer": "whole numbers", "object": "objects"}[schema["items"]["type"]]
    return f"list of {each}{most}"


def _plain(schema: Mapping[str, Any]) -> str:
    if schema["type"] != "object":
        return "true or false"
    return "object of names and texts" if "maxProperties" in schema else "object"
