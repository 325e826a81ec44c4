"""What an operation takes: each parameter checks its value and describes itself for the OpenAPI document."""

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from qualadmin.core.models import INTEGER_MAX, INTEGER_MIN, WORKER_ID

from .answers import invalid
from .body import shown

_MISSING: Final = object()


class Fault(Exception):
    """Why a value cannot be, as sentences."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name in the body. `about` is its description; `default` stands where it is left out."""

    name: str
    about: str
    required: bool = False
    default: Any = None

    def take(self, value: Any) -> Any:
        """The value as the operation gets it. Raises Fault."""
        raise NotImplementedError

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the value (draft 2020-12)."""
        raise NotImplementedError

    @property
    def described(self) -> dict[str, Any]:
        """The schema with description and default."""
        known = {} if self.default is None else {"default": self.default}
        return {**self.schema, "description": self.about, **known}


@dataclass(frozen=True, slots=True)
class Text(Parameter):
    """A text of at most `longest` characters, all of them such that a database and a page can hold them."""

    longest: int = 200
    shortest: int = 0
    pattern: re.Pattern[str] | None = None
    must_be: str = ""  # what `pattern` asks for, in words

    def take(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Fault("Must be a text.")
        if len(value) > self.longest:
            raise Fault(f"Has {len(value):,} characters; {self.longest:,} are allowed.")
        if len(value) < self.shortest:
            raise Fault("Must not be empty.")
        if self.pattern is not None and not self.pattern.fullmatch(value):
            raise Fault(self.must_be)
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise Fault("Holds a character that cannot be kept.")
        return value

    @property
    def schema(self) -> dict[str, Any]:
        known: dict[str, Any] = {"type": "string", "maxLength": self.longest}
        if self.shortest:
            known["minLength"] = self.shortest
        if self.pattern is not None:
            known["pattern"] = f"^{self.pattern.pattern}$"
        return known


@dataclass(frozen=True, slots=True)
class Integer(Parameter):
    """A whole number, not written as text, with a point, or as true and false."""

    least: int = INTEGER_MIN
    most: int = INTEGER_MAX

    def take(self, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise Fault("Must be a whole number.")
        if not self.least <= value <= self.most:
            raise Fault(f"Must be from {self.least} to {self.most}.")
        return value

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Flag(Parameter):
    """true or false, and nothing that could mean either."""

    def take(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise Fault("Must be true or false.")
        return value

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Choice(Parameter):
    """One of a few words."""

    words: tuple[str, ...] = ()

    def take(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise Fault(f"Must be one of {', '.join(self.words)}.")
        return value

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Uuid(Parameter):
    """An id of ours."""

    def take(self, value: Any) -> uuid.UUID:
        try:
            found = uuid.UUID(value) if isinstance(value, str) else None
        except ValueError:
            found = None
        if found is None or str(found) != value:
            raise Fault("Must be an id like 3f0c3a52-6e0b-4d5c-9a55-0d3b1f9f0e11.")
        return found

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid"}


def taken(parameters: Iterable[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values by name, defaults included. Raises Refused naming every fault at once. null is not “left out”."""
    known = {one.name: one for one in parameters}
    faults = {shown(name): ["There is no such parameter."] for name in given if name not in known}
    values = {}
    for name, one in known.items():
        value = given.get(name, _MISSING)
        if value is _MISSING:
            if one.required:
                faults[name] = ["Is missing."]
            values[name] = one.default
            continue
        try:
            values[name] = one.take(value)
        except Fault as fault:
            faults[name] = [str(one) for one in fault.args]
    if faults:
        raise invalid(faults)
    return values


#: What several operations take.
TYPE_ID: Final = Text(
    "QualificationTypeId", "Amazon’s id of the qualification type.", required=True, longest=64, shortest=1
)
WORKER: Final = Text(
    "WorkerId",
    "Amazon’s id of the worker.",
    required=True,
    longest=64,
    pattern=WORKER_ID,
    must_be="Must be a worker ID: the letter A, then capital letters and digits.",
)
