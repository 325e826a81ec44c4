"""Names of columns that people and Amazon use, and whether a first row is names or data."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qualadmin.csvio.table import Row
from qualadmin.csvio.worker_ids import looks_like_worker_id

WORKER_NAMES = frozenset(
    {
        "workerid",
        "workerids",
        "worker",
        "mturkid",
        "mturkworker",
        "mturkworkerid",
        "amtid",
        "amtworkerid",
        "amazonid",
        "amazonworkerid",
        "turkerid",
    }
)
SCORE_NAMES = frozenset(
    {
        "score",
        "scores",
        "value",
        "integervalue",
        "integer",
        "points",
        "qualificationscore",
        "qualificationvalue",
    }
)
ACTION_NAMES = frozenset({"action", "operation", "revoke", "todo"})
STATUS_NAMES = frozenset({"assignmentstatus"})

_UPDATE = re.compile(r"update[- ](.+)", re.IGNORECASE | re.DOTALL)
_CURRENT = re.compile(r"current[- ](.+)", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(r"update[- ]blockstatus", re.IGNORECASE)
_CURRENT_BLOCK = re.compile(r"current[- ]blockstatus", re.IGNORECASE)
_DATA_LIKE = re.compile(r"-?[0-9]+|[+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?|\S+@\S+|[A-Za-z]+://.*")
_LONGEST_NAME = 300  # longer cells are texts; the pattern would take long on hostile ones
_NOT_PLAIN = re.compile(r"[\W_]+")

#: Columns of Amazon's downloads that mark a first row as names, whatever else it holds.
_AMAZON_NAMES = frozenset(["hitid", "hittypeid", "assignmentid", "assignmentstatus", "requesterannotation"])


def plain(name: str) -> str:
    """A column name without case, blanks and punctuation: "Worker ID" and "worker_id" are "workerid"."""
    return _NOT_PLAIN.sub("", name).casefold()


def is_block_column(name: str) -> bool:
    """True for Amazon's ``UPDATE BlockStatus``."""
    return _BLOCK.fullmatch(name.strip()) is not None


def update_type(name: str) -> str | None:
    """The type a column updates: "Wave 1" for ``UPDATE-Wave 1``; None for other columns."""
    found = None if is_block_column(name) else _UPDATE.fullmatch(name.strip())
    return found.group(1).strip() if found else None


def current_type(name: str) -> str | None:
    """The type whose present score a column shows; None for other columns."""
    found = None if _CURRENT_BLOCK.fullmatch(name.strip()) else _CURRENT.fullmatch(name.strip())
    return found.group(1).strip() if found else None


def has_known_name(cells: Sequence[str]) -> bool:
    """True if a row holds a column name this program knows by itself."""
    names = {plain(cell) for cell in cells}
    if names & (WORKER_NAMES | _AMAZON_NAMES):
        return True
    return any(is_block_column(cell) or update_type(cell) is not None for cell in cells)


def is_header(first: Sequence[str], following: Sequence[Sequence[str]]) -> bool:
    """Judge whether the first row is column names.

    Unknown names count only if nothing in the row looks like data and the rows below do hold worker ids,
    so that a first worker is never swallowed as a name.
    """
    if has_known_name(first):
        return True
    if any(_is_data(cell) for cell in first):
        return False
    return any(looks_like_worker_id(cell) for cells in following for cell in cells)


def only_names(rows: Sequence[Row]) -> bool:
    """True if all there is stands in one line and nothing in it looks like data: names without rows."""
    if len({row.line for row in rows}) > 1:
        return False
    return not any(_is_data(cell) for row in rows for cell in row.cells)


def _is_data(cell: str) -> bool:
    if len(cell) > _LONGEST_NAME:
        return False
    return _DATA_LIKE.fullmatch(cell.strip()) is not None or looks_like_worker_id(cell)
