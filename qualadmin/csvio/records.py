"""Text to records: quotes, line breaks inside quotes, any line ends, and the line of each record."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from qualadmin.csvio.decoding import ended_lines
from qualadmin.csvio.errors import InputRefused
from qualadmin.csvio.refusals import swallowed_rows, too_many_rows, unbalanced_quote
from qualadmin.csvio.table import Limits, Row
from qualadmin.csvio.worker_ids import WORKER_ID, looks_like_worker_id


def read_records(text: str, separator: str, *, first_line: int = 1) -> Iterator[Row]:
    """Every record that has a cell with something in it. Raises InputRefused at broken quotes.

    CR, LF and CRLF end lines, also mixed. Strict on purpose: reading on after a quote in the wrong place
    merges rows in silence.
    """
    # With their ends, so the reader's line count is that of an editor.
    reader = csv.reader(ended_lines(text), delimiter=separator, strict=True)
    start = first_line
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _broken_quotes(error, start) from error
        if cells is None:
            return
        if any(cell and not cell.isspace() for cell in cells):
            yield Row(start, tuple(cells))
        start = first_line + reader.line_num


def sample_widths(text: str, separator: str, records: int) -> list[tuple[str, ...]]:
    """The first records, read leniently, for guessing the separator. Broken quotes end the sample."""
    reader = csv.reader(ended_lines(text), delimiter=separator)
    sample: list[tuple[str, ...]] = []
    try:
        for cells in reader:
            if any(cell and not cell.isspace() for cell in cells):
                sample.append(tuple(cells))
            if len(sample) == records:
                break
    except csv.Error:
        return sample  # the strict reading names the fault
    return sample


def _broken_quotes(error: csv.Error, line: int) -> InputRefused:
    if "limit" in str(error):
        return InputRefused(
            f"A cell in the row that begins in line {line} is too long. Is a quotation mark missing?",
            code="cell_too_long",
            line=line,
        )
    return unbalanced_quote(line)


def refuse_swallowed_rows(rows: list[Row], separator: str, width: int) -> None:
    """Refuse a file in which two missing quotation marks hide whole rows inside one cell.

    Such a file is valid CSV. It shows by a cell with line breaks one of whose inner lines is a complete
    row that repeats the form of its own record: as many cells, and a worker id where the record has one.
    """
    if width < 2:
        return
    for row in rows:
        for cell in row.cells:
            if ("\n" in cell or "\r" in cell) and _holds_row(cell, row, separator, width):
                raise swallowed_rows(row.line)


def _holds_row(cell: str, row: Row, separator: str, width: int) -> bool:
    for inner in io.StringIO(cell, newline=None).readlines()[1:]:
        parts = inner.split(separator)
        if len(parts) >= width and any(
            looks_like_worker_id(part) and WORKER_ID.fullmatch(own)
            for part, own in zip(parts, row.cells, strict=False)
        ):
            return True
    return False


def take_rows(records: Iterator[Row], limits: Limits, *, header: bool) -> list[Row]:
    """All records, or InputRefused with their number if they are more than the limit."""
    allowed = limits.max_rows + header
    rows: list[Row] = []
    total = 0
    for row in records:
        total += 1
        if total <= allowed:
            rows.append(row)
    if total > allowed:
        raise too_many_rows(total - header, limits)
    return rows
