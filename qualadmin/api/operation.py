"""Operations: what each is called, takes, needs and does. The site map and the OpenAPI document read this list."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from qualadmin.core.actor import Actor
from qualadmin.core.permissions import Permission, Scope

from .files import FileAnswer
from .parameters import Parameter

SMALL: Final = 64 * 1024  # bytes: more than any single change or question needs


@dataclass(frozen=True, slots=True)
class Call:
    """One call that got past the door."""

    actor: Actor
    values: Mapping[str, Any]  # by parameter, defaults included


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes into the envelope. `next` opens the next page of a list; a `file` goes in place of `data`."""

    data: Any
    next: str | None = None
    file: FileAnswer | None = None


class Repeats(Enum):
    """What an Idempotency-Key means to an operation."""

    READS = "reads"  # nothing: asked again, it looks again
    ONCE = "once"  # its answer is kept in one transaction with what it did
    HARMLESS = "harmless"  # its answer is kept afterwards: done twice, it does no harm


@dataclass(frozen=True, slots=True)
class Operation:
    """One path. `data` is the JSON Schema of what is answered (of one item, where `is_list`).

    `fields` gives the parameter for each field that an action may name as being at fault.
    """

    name: str
    about: str
    scope: Scope
    needs: tuple[Permission, ...]  # one of these
    parameters: tuple[Parameter, ...]
    data: Mapping[str, Any]
    act: Callable[[Call], Answer]
    repeats: Repeats = Repeats.READS  # whatever changes something takes an Idempotency-Key
    accepted: bool = False  # 202: noted, and sent to Amazon later
    is_list: bool = False
    limit: int = SMALL
    fields: Mapping[str, str] = field(default_factory=dict)
