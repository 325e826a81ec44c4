"""Who is named in a file, and when they took part: for lists of workers, which ask for no change."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from qualadmin.csvio.errors import InputRefused
from qualadmin.csvio.headers import plain
from qualadmin.csvio.mapping import propose_mapping
from qualadmin.csvio.moments import read_moment
from qualadmin.csvio.table import Table
from qualadmin.csvio.worker_ids import check_worker_id

_TIME_NAMES = ("submittime", "submitted", "submittedat")


@dataclass(frozen=True, slots=True)
class UnreadLine:
    """A line without a worker id that is certain. `given` is cut at 100 characters."""

    line: int
    given: str
    reason: str


@dataclass
class Participants:
    """Each worker once, with the last time of taking part; None where the file does not say.

    ``left_out`` counts rows whose assignment has a status that is not wanted, ``undated`` workers without a time.
    """

    workers: dict[str, datetime | None] = field(default_factory=dict)
    unread: list[UnreadLine] = field(default_factory=list)
    left_out: int = 0

    @property
    def undated(self) -> int:
        return sum(moment is None for moment in self.workers.values())


def participants(table: Table, *, unwanted: AbstractSet[str] = frozenset()) -> Participants:
    """Read the column of the worker ids, and those of status and submit time where Amazon's file has them.

    ``unwanted`` are statuses of assignments, in small letters, that do not count as taking part. Raises
    InputRefused if no column holds worker ids for sure.
    """
    mapping = propose_mapping(table)
    column = mapping.worker
    if column is None:
        raise InputRefused(
            "No column holds worker IDs for sure. Name the column “WorkerId”, or paste the IDs alone.",
            code="no_worker_column",
        )
    status, moment = mapping.status, _time_column(table)
    found = Participants()
    for row in table.rows:
        cells = row.cells
        if column >= len(cells):
            found.unread.append(UnreadLine(row.line, " ".join(cells)[:100], "This row has too few columns."))
            continue
        if status is not None and status < len(cells) and cells[status].strip().casefold() in unwanted:
            found.left_out += 1
            continue
        result = check_worker_id(cells[column])
        if result.worker_id is None:
            found.unread.append(UnreadLine(row.line, result.given[:100], result.reason or ""))
            continue
        at = read_moment(cells[moment]) if moment is not None and moment < len(cells) else None
        before = found.workers.get(result.worker_id)
        found.workers[result.worker_id] = max(filter(None, (before, at)), default=None)
    return found


def _time_column(table: Table) -> int | None:
    header = enumerate(table.header or ())
    return next((index for index, name in header if plain(name) in _TIME_NAMES), None)
