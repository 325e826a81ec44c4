"""Which column means what: a proposal by name, then by content, that the person can change."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from qualadmin.csvio.headers import (
    ACTION_NAMES,
    SCORE_NAMES,
    STATUS_NAMES,
    WORKER_NAMES,
    current_type,
    is_block_column,
    plain,
    update_type,
)
from qualadmin.csvio.table import Table
from qualadmin.csvio.worker_ids import looks_like_worker_id

_SAMPLE = 500
_BATCH = re.compile(r"BatchId:([0-9]{1,20})")
_WHOLE = re.compile(r"-?[0-9]{1,10}")


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
    Change it with ``remap``, which keeps ``ignored`` true.
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

    @property
    def used(self) -> frozenset[int]:
        """The columns that are read."""
        single = (self.worker, self.score, self.action, self.status, self.block)
        typed = (index for column in self.type_columns for index in (column.current, column.update))
        return frozenset(index for index in (*single, *typed) if index is not None)


def propose_mapping(table: Table) -> Mapping:
    """A proposal for the person to confirm. Amazon's own downloads are recognised completely by name."""
    notes: list[str] = []
    worker = _named(table, WORKER_NAMES)
    types = _type_columns(table) if table.kind == "worker_file" else ()
    if worker is None:
        worker = _worker_by_content(table)
    # A column of ids named "Revoke" or "Value" is the worker column, whatever its name says.
    score = None if types else _named(table, SCORE_NAMES, besides=worker)
    if score is None and table.kind == "table":
        score = _score_by_content(table, {worker}, notes)
    if worker is not None and plain(table.column_name(worker)) in ACTION_NAMES:
        name = table.column_name(worker)
        notes.append(f"The worker IDs stand under “{name}”. Make sure that is what the job does with them.")
    if worker is None:
        notes.append("No column holds worker IDs for sure. Choose the column of the worker IDs.")
    return remap(
        table,
        Mapping(
            worker=worker,
            score=score,
            action=_named(table, ACTION_NAMES, besides=worker),
            status=_named(table, STATUS_NAMES, besides=worker),
            block=_block_column(table) if table.kind == "worker_file" else None,
            type_columns=types,
            batch_ids=_batch_ids(table),
            titles=_titles(table),
            notes=tuple(notes),
        ),
    )


def remap(table: Table, mapping: Mapping) -> Mapping:
    """The same mapping with ``ignored`` naming the columns it does not use."""
    ignored = tuple(table.column_name(index) for index in range(table.width) if index not in mapping.used)
    return replace(mapping, ignored=ignored)


def _named(table: Table, names: Collection[str], *, besides: int | None = None) -> int | None:
    header = enumerate(table.header or ())
    return next((index for index, name in header if plain(name) in names and index != besides), None)


def _type_columns(table: Table) -> tuple[TypeColumn, ...]:
    header = table.header or ()
    current = {name: index for index, cell in enumerate(header) if (name := current_type(cell)) is not None}
    return tuple(
        TypeColumn(name, current.get(name), index)
        for index, cell in enumerate(header)
        if (name := update_type(cell)) is not None
    )


def _block_column(table: Table) -> int | None:
    return next((index for index, name in enumerate(table.header or ()) if is_block_column(name)), None)


def _cells(table: Table, index: int) -> list[str]:
    """The first cells of a column that are not blank."""
    sample = (row.cells[index] for row in table.rows[:_SAMPLE] if index < len(row.cells))
    return [cell for cell in sample if cell.strip()]


def _worker_by_content(table: Table) -> int | None:
    """The column with most worker ids, if they are at least half of its cells."""
    if table.kind == "list":
        return 0
    shares: list[tuple[float, int]] = []
    for index in range(table.width):
        cells = _cells(table, index)
        share = sum(looks_like_worker_id(cell) for cell in cells) / len(cells) if cells else 0.0
        if share >= 0.5:
            shares.append((share, -index))
    return -max(shares)[1] if shares else None


def _score_by_content(table: Table, taken: Collection[int | None], notes: list[str]) -> int | None:
    """The one column of whole numbers; none if there are several, as a wrong score cannot be seen later."""
    found = []
    for index in range(table.width):
        cells = _cells(table, index) if index not in taken else []
        if cells and sum(_WHOLE.fullmatch(cell.strip()) is not None for cell in cells) * 2 > len(cells):
            found.append(index)
    if len(found) > 1:
        names = ", ".join(table.column_name(index) for index in found)
        notes.append(f"Several columns hold whole numbers ({names}). Choose the column of the scores.")
    return found[0] if len(found) == 1 else None


def _batch_ids(table: Table) -> tuple[str, ...]:
    return _distinct(_BATCH.findall(cell) for cell in _whole_column(table, "requesterannotation"))


def _titles(table: Table) -> tuple[str, ...]:
    if table.kind != "batch_results":
        return ()
    return _distinct([cell.strip()] for cell in _whole_column(table, "title") if cell.strip())


def _whole_column(table: Table, name: str) -> list[str]:
    index = _named(table, {name})
    if index is None:
        return []
    return [row.cells[index] for row in table.rows if index < len(row.cells)]


def _distinct(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """In order of first appearance."""
    return tuple(dict.fromkeys(text for group in groups for text in group))
