"""Which column means what: a proposal by name, then by content, that the person can change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TypeColumn:
    """One qualification type of Amazon's worker file: its name and its columns."""

    name: str
    current: int | None
    update: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Column indexes, 0-based, None where no column has that meaning.

    ``ignored`` names every column that is not read. ``notes`` say what the person should decide.
    Change it with ``dataclasses.replace``.
    """

    worker: int | None
    score: int | None = None
    action: int | None = None
    status: int | None = None
    block: int | None = None
    type_columns: tuple[TypeColumn, ...] = ()
    ignored: tuple[str, ...] = ()
    batch_ids: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
