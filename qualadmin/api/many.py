"""Parameters that hold more than one value: lists, rows, names with values, and the bytes of a file."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any, Final

from .body import shown
from .parameters import Fault, Parameter

FAULTS_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Items(Parameter):
    """A list of values that are each what `each` is; its own name counts for nothing."""

    each: Parameter = field(kw_only=True)
    most: int = 1_000
    least: int = 0

    def take(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Fault("Must be a list.")
        if len(value) > self.most:
            raise Fault(f"Has {len(value):,} items; {self.most:,} are allowed.")
        if len(value) < self.least:
            raise Fault("Must not be empty.")
        taken, faults = [], []
        for number, one in enumerate(value, start=1):
            try:
                taken.append(self.each.take(one))
            except Fault as fault:
                faults += [f"Item {number}: {why}" for why in fault.args]
        raise_all(faults)
        return tuple(taken)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.each.schema, "minItems": self.least, "maxItems": self.most}


@dataclass(frozen=True, slots=True)
class Fields(Parameter):
    """An object with these parts. What is left out has the default of its part."""

    parts: tuple[Parameter, ...] = ()

    def take(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Fault("Must be an object.")
        known = {one.name: one for one in self.parts}
        faults = [f"{shown(name)}: There is no such part." for name in value if name not in known]
        taken = {}
        for name, one in known.items():
            if name not in value:
                taken[name] = one.default
                faults += [f"{name}: Is missing."] if one.required else []
                continue
            try:
                taken[name] = one.take(value[name])
            except Fault as fault:
                faults += [f"{name}: {why}" for why in fault.args]
        raise_all(faults)
        return taken

    @property
    def schema(self) -> dict[str, Any]:
        described: dict[str, Any] = {
            "type": "object",
            "properties": {part.name: part.described for part in self.parts},
            "additionalProperties": False,
        }
        if required := [part.name for part in self.parts if part.required]:
            described["required"] = required
        return described


@dataclass(frozen=True, slots=True)
class Named(Parameter):
    """An object of any names, with values that are each what `each` is."""

    each: Parameter = field(kw_only=True)
    most: int = 100

    def take(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Fault("Must be an object.")
        if not 1 <= len(value) <= self.most:
            raise Fault(f"Must have 1 to {self.most} names.")
        taken: dict[str, Any] = {}
        faults = []
        for name, one in value.items():
            try:
                taken[name] = self.each.take(one)
            except Fault as fault:
                faults += [f"{shown(name)}: {why}" for why in fault.args]
        raise_all(faults)
        return taken

    @property
    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "additionalProperties": self.each.schema,
            "minProperties": 1,
            "maxProperties": self.most,
        }


@dataclass(frozen=True, slots=True)
class Bytes(Parameter):
    """The bytes of a file in base64 (RFC 4648, with padding and without line breaks), `most` of them."""

    most: int = 1

    def take(self, value: Any) -> bytes:
        if not isinstance(value, str):
            raise Fault("Must be a text: the bytes of the file in base64.")
        if len(value) > self._longest:
            raise Fault(f"The file has more than {self.most:,} bytes. Split it.")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise Fault("Is not base64 with padding and without line breaks.") from None

    @property
    def _longest(self) -> int:
        return 4 * ((self.most + 2) // 3)

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "contentEncoding": "base64", "maxLength": self._longest}


def raise_all(faults: list[str]) -> None:
    """Raise Fault with the first ones, and how many more there are."""
    if len(faults) > FAULTS_SHOWN:
        faults = [*faults[:FAULTS_SHOWN], f"And {len(faults) - FAULTS_SHOWN:,} more."]
    if faults:
        raise Fault(*faults)
