"""Rows that a program gave one by one: kept as bytes like any list, and read without guessing."""

from __future__ import annotations

import json
from collections.abc import Iterable

from qualadmin.csvio.refusals import no_worker_ids, too_many_rows
from qualadmin.csvio.table import DEFAULT_LIMITS, Limits, Row, Table

HEADER = ("WorkerId", "IntegerValue", "Action")


def write_rows(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Worker ID, score and action of each row, all of them text as cells of a file are; "" where there is none."""
    return json.dumps([list(row) for row in rows], ensure_ascii=False, separators=(",", ":")).encode()


def read_rows(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Table:
    """What ``write_rows`` wrote. The line of a row is its number, from 1. Raises InputRefused."""
    rows = json.loads(data)
    if not rows:
        raise no_worker_ids()
    if len(rows) > limits.max_rows:
        raise too_many_rows(len(rows), limits)
    lines = [Row(number, tuple(cells)) for number, cells in enumerate(rows, start=1)]
    return Table("utf-8", ",", HEADER, lines, "table", len(HEADER))
