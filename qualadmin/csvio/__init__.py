"""Bytes in, rows and line errors out; rows in, safe CSV out. Pure Python, no Django."""

from qualadmin.csvio.errors import InputRefused
from qualadmin.csvio.interpretation import (
    Counts,
    Interpretation,
    Line,
    Options,
    Repeat,
    ScoreRange,
    Target,
    Unhandled,
)
from qualadmin.csvio.mapping import Mapping, TypeColumn
from qualadmin.csvio.table import Limits, Row, Table, TableKind

__all__ = [
    "Counts",
    "InputRefused",
    "Interpretation",
    "Limits",
    "Line",
    "Mapping",
    "Options",
    "Repeat",
    "Row",
    "ScoreRange",
    "Table",
    "TableKind",
    "Target",
    "TypeColumn",
    "Unhandled",
]
