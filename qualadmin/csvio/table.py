"""What reading a file or a pasted text gives: rows of text cells, each with its line number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: batch_results and worker_file are Amazon's own downloads; list is worker ids only; table is the rest.
TableKind = Literal["batch_results", "worker_file", "table", "list"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is read. Bytes of the file, rows below the header (ids of a list), characters of a line."""

    max_bytes: int = 2 * 1024 * 1024
    max_rows: int = 10_000
    max_line: int = 131_072  # also the largest cell the csv module reads
    max_columns: int = 1_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Row:
    """One record. ``line`` is the line of the file, 1-based, in which the record starts."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A file as read; no cell is altered.

    ``separator`` is the character between cells, "" for a list whose separators are mixed.
    ``width`` is the number of columns a row must have. ``notes`` say in plain English what was noticed.
    A list has one id in each row; several rows may then have the same line.
    """

    encoding: str
    separator: str
    header: tuple[str, ...] | None
    rows: list[Row]
    kind: TableKind
    width: int
    header_line: int | None = None
    notes: list[str] = field(default_factory=list)

    def column_name(self, index: int) -> str:
        """The name of a column for people: its header, or "column 3"."""
        if self.header is not None and index < len(self.header) and self.header[index].strip():
            return self.header[index].strip()
        return f"column {index + 1}"
