"""One byte string for one value: canonical JSON, equal to RFC 8785 on the subset that entries may use.

Allowed are str, int up to 2^53-1 in size, bool, None, lists and objects whose keys match `[a-z0-9_]+`.
Floats are refused because their text differs between languages; so are lone surrogates, which are no text.
"""

import json
import re
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any

from qualadmin.audit.types import AuditError

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32
_KEY = re.compile(r"[a-z0-9_]+", re.ASCII)
# Keys come from code, so there are few; a bound keeps a mistake from filling memory.
_known_keys: dict[str, str] = {}
_KNOWN_KEYS_LIMIT = 4096


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
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return integer(value)
    if depth > MAX_DEPTH:
        raise NotCanonical(f"Nested deeper than {MAX_DEPTH} levels.")
    if kind is list or kind is tuple:
        return "[" + ",".join([text(item, depth + 1) for item in value]) + "]"
    if isinstance(value, Mapping):
        pairs = [f"{_key(key)}:{text(value[key], depth + 1)}" for key in sorted(value, key=_sort_key)]
        return "{" + ",".join(pairs) + "}"
    return _subclass(value, kind)


def integer(value: int) -> str:
    """Decimal text of an integer that every JSON reader can hold exactly."""
    if -MAX_INTEGER <= value <= MAX_INTEGER:
        return int.__repr__(value)
    raise NotCanonical("Integers beyond 2^53-1 are not exact in JSON.")


def _sort_key(key: object) -> str:
    if not isinstance(key, str):
        raise NotCanonical(f"A key must be text, not {type(key).__name__}.")
    return key


def _key(key: str) -> str:
    known = _known_keys.get(key)
    if known is not None:
        return known
    if not _KEY.fullmatch(key):
        raise NotCanonical(f"Key {key!r} is not made of a-z, 0-9 and _.")
    if len(_known_keys) < _KNOWN_KEYS_LIMIT:
        _known_keys[str(key)] = f'"{key}"'
    return f'"{key}"'


def _subclass(value: Any, kind: type) -> str:
    # Django's TextChoices and IntegerChoices are str and int with a name; their plain value counts.
    if isinstance(value, str):
        return encode_basestring(str.__str__(value))
    if isinstance(value, int):
        return integer(int(value))
    raise NotCanonical(f"{kind.__name__} has no canonical form here.")


def decode(core: bytes) -> dict[str, Any]:
    """The object behind canonical bytes. Raises NotCanonical if they are not exactly what `encode` writes."""
    try:
        value = json.loads(core)
    except (ValueError, RecursionError) as error:
        raise NotCanonical("Not JSON.") from error
    if not isinstance(value, dict) or encode(value) != core:
        raise NotCanonical("Not in canonical form.")
    return value
