"""How answers are described (JSON Schema, draft 2020-12) and how times are written."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

TIME: Final[Mapping[str, Any]] = {"type": "string", "format": "date-time"}
TIME_OR_NULL: Final[Mapping[str, Any]] = {"type": ["string", "null"], "format": "date-time"}
TEXT: Final[Mapping[str, Any]] = {"type": "string"}
TEXT_OR_NULL: Final[Mapping[str, Any]] = {"type": ["string", "null"]}
INTEGER: Final[Mapping[str, Any]] = {"type": "integer"}
INTEGER_OR_NULL: Final[Mapping[str, Any]] = {"type": ["integer", "null"]}
FLAG: Final[Mapping[str, Any]] = {"type": "boolean"}


def one_of(*words: str) -> Mapping[str, Any]:
    """A text that is one of these."""
    return {"type": "string", "enum": list(words)}


def many(each: Mapping[str, Any]) -> Mapping[str, Any]:
    """A list of these."""
    return {"type": "array", "items": each}


def thing(**properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """An object that always has exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def time(moment: datetime) -> str:
    """`2026-11-24T03:00:00Z`: UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def time_or_none(moment: datetime | None) -> str | None:
    """The same, where there may be none."""
    return time(moment) if moment is not None else None
