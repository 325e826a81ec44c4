"""Refusals of a whole input that more than one reader raises."""

from __future__ import annotations

from qualadmin.csvio.errors import InputRefused
from qualadmin.csvio.table import Limits


def no_worker_ids() -> InputRefused:
    """For an empty file, blank lines only, column names only."""
    return InputRefused("No worker IDs found. Give one worker ID on each line.", code="no_worker_ids")


def too_many_rows(count: int, limits: Limits) -> InputRefused:
    """Says how many rows there are and how many may be."""
    return InputRefused(
        f"There are {count:,} rows. At most {limits.max_rows:,} can be read at once. Split the file.",
        code="too_many_rows",
    )


def unbalanced_quote(line: int) -> InputRefused:
    """``line`` is where the row begins whose quotation does not end as it should."""
    return InputRefused(
        f"A quotation mark is missing or in the wrong place in the row that begins in line {line}. The "
        'rows after it cannot be told apart. Close the quotation. Inside a cell, write the mark twice ("").',
        code="unbalanced_quote",
        line=line,
    )


def swallowed_rows(line: int) -> InputRefused:
    """Valid CSV, but one cell holds what are plainly rows."""
    return InputRefused(
        f"The row that begins in line {line} holds other rows inside quotation marks. A quotation mark is "
        "missing or in the wrong place there. Correct it and upload the file again.",
        code="unbalanced_quote",
        line=line,
    )
