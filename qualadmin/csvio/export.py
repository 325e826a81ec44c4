"""CSV that no spreadsheet executes: exports, the rows with problems, a sample to start from.

A spreadsheet runs a cell that begins with = + - @ (or their full-width forms, or a tab or line end before
them) as a formula, whatever its quotation. Such cells of text get a leading apostrophe, as OWASP's ASVS
1.2.10 asks. Numbers made by the program stay numbers.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence

from qualadmin.csvio.interpretation import Interpretation, Line
from qualadmin.csvio.table import Table

Cell = str | int | float | dt.datetime | dt.date | None

_BOM = "\ufeff"
_RISKY = "=+\\-@＝＋－＠﹢﹣﹦﹫−"
_BEGINS_RISKY = re.compile(
    rf"[\t\r\n\x00]|[\s\x00-\x20\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\"'`‘’“”]*[{_RISKY}]"
)
# A program that takes another separator (Excel in much of Europe takes ;) begins a new cell here.
_INNER_RISKY = re.compile(rf"(?<=.)([;\t\r\n|][\s\"']{{0,8}})(?=[{_RISKY}])", re.DOTALL)


def safe_cell(value: Cell) -> str:
    """One cell as text that is not run. Numbers and dates of the program are not changed."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = _INNER_RISKY.sub(r"\1'", value)
        return f"'{text}" if _BEGINS_RISKY.match(text) else text
    if isinstance(value, dt.date):  # datetimes too
        return value.isoformat()
    return str(value)


class SafeCsvWriter:
    """Turns rows into CSV: every cell quoted, CRLF, UTF-8, a byte order mark for Excel unless told not to.

    Streams: nothing is kept. The header row is written by the first call of ``stream``.
    """

    def __init__(self, header: Sequence[str], *, bom: bool = True) -> None:
        self._header = tuple(header)
        self._bom = bom

    def line(self, cells: Iterable[Cell]) -> str:
        """One row of CSV with its line end."""
        quoted = ('"' + safe_cell(cell).replace('"', '""') + '"' for cell in cells)
        return ",".join(quoted) + "\r\n"

    def stream(self, rows: Iterable[Iterable[Cell]]) -> Iterator[bytes]:
        """The file in pieces, one for each row, for a streaming response."""
        yield self._encoded((_BOM if self._bom else "") + self.line(self._header))
        for row in rows:
            yield self._encoded(self.line(row))

    def document(self, rows: Iterable[Iterable[Cell]]) -> bytes:
        """The whole file; for small ones."""
        return b"".join(self.stream(rows))

    @staticmethod
    def _encoded(text: str) -> bytes:
        return text.encode("utf-8", errors="replace")  # half characters from elsewhere become "?"


def sample_file() -> bytes:
    """A small file to download and fill in. The ids are made up."""
    rows: list[tuple[Cell, ...]] = [
        ("A1EXAMPLE00001", 100, "gets the score 100"),
        ("A2EXAMPLE00002", 75, "gets the score 75, or has it changed to 75"),
        ("A3EXAMPLE00003", "Revoke", "the qualification is taken away"),
    ]
    return SafeCsvWriter(("WorkerId", "Score", "Note")).document(rows)


def problem_rows(table: Table, problems: Iterable[Line]) -> Iterator[tuple[Cell, ...]]:
    """The rows as they were given, each with its line and why it is refused or questioned."""
    if table.kind == "list":  # several ids may share a line, so the line does not name the row
        for line in problems:
            yield (line.given, line.line, line.fault)
        return
    cells = {row.line: row.cells for row in table.rows}
    for line in problems:
        given = cells.get(line.line, (line.given,))
        # A row with too many cells keeps them all: the last column takes what is over.
        fitted = (*given[: table.width - 1], table.separator.join(given[table.width - 1 :]))
        yield (*fitted, *[""] * (table.width - len(fitted)), line.line, line.fault)


def problems_csv(table: Table, interpretation: Interpretation) -> Iterator[bytes]:
    """The problems as CSV: the file's columns, then *line* and *why*. Corrected, it can be read again."""
    columns = [table.column_name(index) for index in range(table.width)]
    names = ["WorkerId"] if table.kind == "list" else columns
    return SafeCsvWriter((*names, "line", "why")).stream(problem_rows(table, interpretation.problems))
