"""Worker ids as people keep them in notebooks: one a line or many, with any separator, with comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qualadmin.csvio.decoding import ended_lines
from qualadmin.csvio.headers import WORKER_NAMES, only_names, plain
from qualadmin.csvio.refusals import no_worker_ids, too_many_rows, unbalanced_quote
from qualadmin.csvio.table import Limits, Row, Table
from qualadmin.csvio.worker_ids import WORKER_ID, looks_like_worker_id

_SEPARATOR = re.compile(r"[,;\t]")
_QUOTED = re.compile(r'"([^"]*)"')


def list_table(
    text: str,
    encoding: str,
    limits: Limits,
    notes: list[str],
    *,
    first_line: int,
    strict: bool,
    header: bool | None,
) -> Table:
    """A Table of kind "list" with one id in each row. Raises InputRefused.

    ``strict`` refuses a line with an opening quotation mark that is not closed in the same line, as in a
    file it can hide what follows. In a pasted text only that id is questioned.
    """
    rows: list[Row] = []
    comments: list[int] = []
    total = 0
    named: Row | None = None
    for row in _items(text, first_line, comments, strict):
        if named is None and total == 0 and _is_name(row.cells[0], header):
            named = row
            continue
        total += 1
        if total <= limits.max_rows:
            rows.append(row)
    if total > limits.max_rows:
        raise too_many_rows(total, limits)
    if not rows or (strict and named is None and only_names(rows)):
        raise no_worker_ids()
    if comments:
        notes.append(_comments_note(comments))
    if named is not None:
        notes.append(f"Line {named.line} was read as the name of the column.")
    line = named.line if named else None
    return Table(encoding, "", named.cells if named else None, rows, "list", 1, line, notes)


def _items(text: str, first_line: int, comments: list[int], strict: bool) -> Iterator[Row]:
    for number, ended in enumerate(ended_lines(text), start=first_line):
        if ended.isspace():
            continue
        line = ended.rstrip("\r\n")
        if line.lstrip().startswith("#"):
            comments.append(number)
            continue
        for part in _parts(line):
            if strict and part.lstrip().startswith('"') and line.count('"') % 2:
                raise unbalanced_quote(number)
            for item in _words(part):
                yield Row(number, (item,))


def _parts(line: str) -> list[str]:
    """What stands between separators. Blanks beside a separator belong to it, those at the ends do not."""
    first, *others = _SEPARATOR.split(line)
    if others:
        first = first.rstrip(" ")
        others = [part.strip(" ") for part in others[:-1]] + [others[-1].lstrip(" ")]
    return [part for part in (first, *others) if part and not part.isspace()]


def _words(part: str) -> list[str]:
    quoted = _QUOTED.fullmatch(part)
    if quoted:  # CSV's own way to write a cell, no part of the id
        return [quoted.group(1)]
    words = part.split()
    if len(words) > 1 and all(WORKER_ID.fullmatch(word) and looks_like_worker_id(word) for word in words):
        return words
    return [part]


def _is_name(item: str, header: bool | None) -> bool:
    return plain(item) in WORKER_NAMES if header is None else header


def _comments_note(lines: list[int]) -> str:
    if len(lines) == 1:
        return f"Line {lines[0]} is a comment and was skipped."
    some = ", ".join(str(line) for line in lines[:10]) + (", …" if len(lines) > 10 else "")
    return f"{len(lines):,} comment lines were skipped (lines {some})."
