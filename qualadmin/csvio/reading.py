"""A file or a pasted text to a Table."""

from __future__ import annotations

from qualadmin.csvio.decoding import check_characters, decode
from qualadmin.csvio.errors import InputRefused
from qualadmin.csvio.headers import (
    STATUS_NAMES,
    WORKER_NAMES,
    is_block_column,
    is_header,
    only_names,
    plain,
    update_type,
)
from qualadmin.csvio.lists import list_table
from qualadmin.csvio.records import read_records, refuse_swallowed_rows, take_rows
from qualadmin.csvio.refusals import no_worker_ids, too_many_rows
from qualadmin.csvio.separators import (
    SEPARATOR_NAMES,
    Shape,
    best_shape,
    excel_separator,
    measure,
    usual_width,
)
from qualadmin.csvio.table import DEFAULT_LIMITS, Limits, Row, Table, TableKind

_ENCODING_NOTES = {
    "utf-8-sig": "The file is UTF-8 with a byte order mark.",
    "utf-16-le": "The file is UTF-16.",
    "utf-16-be": "The file is UTF-16 (big endian).",
}


def read_table(
    data: bytes, *, limits: Limits = DEFAULT_LIMITS, header: bool | None = None, separator: str | None = None
) -> Table:
    """Read an uploaded file. Raises InputRefused, and nothing else, for whatever the bytes are.

    ``header`` and ``separator`` overrule what is found out from the content; None finds out.
    """
    text, encoding = decode(data, limits)
    notes = [_ENCODING_NOTES[encoding]] if encoding in _ENCODING_NOTES else []
    return _read_text(text, encoding, limits, notes, header=header, separator=separator, pasted=False)


def read_pasted(
    text: str, *, limits: Limits = DEFAULT_LIMITS, header: bool | None = None, separator: str | None = None
) -> Table:
    """Read what was pasted into the box: any number of ids in any order, or a table. Raises InputRefused."""
    size = len(text.encode("utf-8", errors="replace"))
    if size > limits.max_bytes:
        raise InputRefused(
            f"The text has {size:,} bytes. At most {limits.max_bytes:,} can be read. Split it.",
            code="too_many_bytes",
        )
    text = text.removeprefix("\ufeff")
    check_characters(text, limits)
    return _read_text(text, "text", limits, [], header=header, separator=separator, pasted=True)


def _read_text(
    text: str,
    encoding: str,
    limits: Limits,
    notes: list[str],
    *,
    header: bool | None,
    separator: str | None,
    pasted: bool,
) -> Table:
    first_line = 1
    excel = excel_separator(text)
    if excel is not None:
        found, start = excel
        text, first_line = text[start:], 2
        separator = separator or found
        notes.append(f"Line 1 names the separator ({SEPARATOR_NAMES.get(found, found)}); it is not data.")
    shape = _shape(text, separator)
    if not shape.is_table and separator is None:
        return list_table(text, encoding, limits, notes, first_line=first_line, strict=not pasted, header=header)
    name = SEPARATOR_NAMES.get(shape.separator, f"“{shape.separator}”")
    notes.append(f"The columns are separated by a {name}.")
    records = take_rows(
        read_records(text, shape.separator, first_line=first_line), limits, header=header is not False
    )
    return _table(records, encoding, shape, limits, notes, header)


def _shape(text: str, separator: str | None) -> Shape:
    if separator is None:
        return best_shape(text)
    if len(separator) != 1 or separator in '\r\n"':
        raise InputRefused("The separator must be one character, such as a comma.", code="bad_separator")
    return measure(text, separator)


def _table(
    records: list[Row], encoding: str, shape: Shape, limits: Limits, notes: list[str], wanted: bool | None
) -> Table:
    named = bool(records) and (
        is_header(records[0].cells, [row.cells for row in records[1:50]]) if wanted is None else wanted
    )
    head, rows = (records[0], records[1:]) if named else (None, records)
    if len(rows) > limits.max_rows:
        raise too_many_rows(len(rows), limits)
    widest = len(head.cells) if head else shape.width
    if widest > limits.max_columns:
        raise InputRefused(
            f"The file has {widest:,} columns. At most {limits.max_columns:,} can be read.",
            code="too_many_columns",
        )
    if not rows or (head is None and only_names(rows)):
        raise no_worker_ids()
    if head is None:
        width = usual_width([row.cells for row in rows])
        notes.append("There is no row of column names.")
    else:
        width = len(head.cells)
        notes.append(f"Line {head.line} was read as column names.")
        _refuse_doubled_columns(head)
    refuse_swallowed_rows(rows, shape.separator, width)
    header = head.cells if head else None
    line = head.line if head else None
    return Table(encoding, shape.separator, header, rows, _kind(header), width, line, notes)


def _kind(header: tuple[str, ...] | None) -> TableKind:
    if header is None:
        return "table"
    names = {plain(name) for name in header}
    if not names & WORKER_NAMES:
        return "table"
    if names & STATUS_NAMES and names & {"hitid", "requesterannotation"}:
        return "batch_results"
    if any(is_block_column(name) or update_type(name) is not None for name in header):
        return "worker_file"
    return "table"


def _refuse_doubled_columns(head: Row) -> None:
    """Two columns for the same type or two worker columns cannot be told apart: ask, do not guess."""
    seen: set[str] = set()
    for name in head.cells:
        key = f"update-{update_type(name)}" if update_type(name) else plain(name)
        if key in seen and (key.startswith("update-") or key in WORKER_NAMES):
            raise InputRefused(
                f"Two columns are named “{name.strip()}” in line {head.line}. Delete or rename one of them.",
                code="doubled_column",
                line=head.line,
            )
        seen.add(key)
