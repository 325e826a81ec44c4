"""One byte string for one value: canonical JSON, equal to RFC 8785 on the subset that entries may use.

Allowed are str, int up to 2^53-1 in size, bool, None, lists and objects whose keys match `[a-z0-9_]+`.
Floats are refused because their text differs between languages; so are lone surrogates, which are no text.
"""

import json
import re
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from typing import Any

from qualadmin.audit.types import AuditError

MAX_INTEGER = 2**53 - 1
SAFE_DIGITS = len(str(MAX_INTEGER))  # a text of fewer characters is an integer within the limits
MAX_DEPTH = 32
_KEY = re.compile(r"[a-z0-9_]+", re.ASCII)
# Sorting and checking keys is most of the work, and code uses few sets of keys: they are remembered.
_shapes: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {}
_SHAPES_LIMIT = 2048


class NotCanonical(AuditError, ValueError):
    """The value has no canonical form."""


def encode(value: Any) -> bytes:
    """The canonical UTF-8 bytes of `value`. Raises NotCanonical."""
    return to_bytes(text(value))


def to_bytes(encoded: str) -> bytes:
    """UTF-8 of an already encoded text. Raises NotCanonical for a lone surrogate."""
    try:
        return encoded.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("Half of a surrogate pair is no text.") from error


def text(value: Any, depth: int = 0) -> str:
    """As `encode`, before UTF-8: lets an entry be put together from parts that never change."""
    kind, scalar_of = type(value), _SCALARS.get
    scalar = scalar_of(kind)
    if scalar is not None:
        return scalar(value)
    if depth > MAX_DEPTH:
        raise NotCanonical(f"Nested deeper than {MAX_DEPTH} levels.")
    below = depth + 1
    # Plain lists and dicts of plain values are nearly all there is: no question about kinds, no call a value.
    if kind is list or kind is tuple or isinstance(value, list | tuple):
        texts = [one(item) if (one := scalar_of(type(item))) else text(item, below) for item in value]
        return f"[{','.join(texts)}]"
    if kind is dict or isinstance(value, Mapping):
        shape = _shapes.get(tuple(value)) or _shape(value)
        parts = []
        for key, before in shape:
            item = value[key]
            one = scalar_of(type(item))
            parts.append(before + (one(item) if one else text(item, below)))
        return f"{{{','.join(parts)}}}"
    return _subclass(value)


def integer(value: int) -> str:
    """Decimal text of an integer that every JSON reader can hold exactly."""
    if -MAX_INTEGER <= value <= MAX_INTEGER:
        return int.__repr__(value)
    raise NotCanonical("Integers beyond 2^53-1 are not exact in JSON.")


# Exact types only: a subclass may print itself differently, see _subclass.
_SCALARS: dict[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: integer,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}


def _shape(value: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The keys in order, each with the text that stands before its value."""
    for key in value:
        if not isinstance(key, str):
            raise NotCanonical(f"A key must be text, not {type(key).__name__}.")
        if not _KEY.fullmatch(key):
            raise NotCanonical(f"Key {key!r} is not made of a-z, 0-9 and _.")
    shape = tuple((key, f'"{key}":') for key in sorted(value))
    if len(_shapes) < _SHAPES_LIMIT:
        _shapes[tuple(value)] = shape
    return shape


def _subclass(value: Any) -> str:
    # Django's TextChoices and IntegerChoices are str and int with a name; their plain value counts.
    if isinstance(value, str):
        return encode_basestring(str.__str__(value))
    if isinstance(value, int):
        return integer(int(value))
    raise NotCanonical(f"{type(value).__name__} has no canonical form here.")


def decode(core: bytes) -> dict[str, Any]:
    """The object behind canonical bytes. Raises NotCanonical if they are not exactly what `encode` writes."""
    try:
        value = _decoder.decode(core.decode("utf-8"))
    except NotCanonical:
        raise
    except (ValueError, RecursionError) as error:
        raise NotCanonical("Not JSON.") from error
    # Python's own encoder is four times as fast, and writes the same for what the decoder lets through.
    shallow = core.count(b"{") + core.count(b"[") <= MAX_DEPTH
    if not isinstance(value, dict) or (to_bytes(_encoder.encode(value)) if shallow else encode(value)) != core:
        raise NotCanonical("Not in canonical form.")
    return value


def read(core: bytes) -> dict[str, Any]:
    """The object behind the bytes, for showing it; `decode` also proves their form, at twice the work.

    Raises NotCanonical for what is no JSON object.
    """
    try:
        value = json.loads(core)
    except (ValueError, RecursionError) as error:
        raise NotCanonical("Not JSON.") from error
    if not isinstance(value, dict):
        raise NotCanonical("Not an object.")
    return value


def _no_float(text: str) -> Any:
    raise NotCanonical(f"{text[:40]} is a number that entries may not hold.")


def _exact(text: str) -> int:
    return int(text) if len(text) < SAFE_DIGITS else int(integer(int(text)))


def _known_keys(value: dict[str, Any]) -> dict[str, Any]:
    if tuple(value) not in _shapes:
        _shape(value)
    return value


_decoder = json.JSONDecoder(
    object_hook=_known_keys, parse_float=_no_float, parse_int=_exact, parse_constant=_no_float
)
_encoder = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
