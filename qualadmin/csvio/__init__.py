"""Bytes in, rows and line errors out; rows in, safe CSV out. Pure Python, no Django.

The way of a file: ``read_table`` (or ``read_pasted``) → ``propose_mapping`` → the person confirms →
``interpret``. Only ``InputRefused`` is ever raised, and only for what spoils the whole input.
"""

from qualadmin.csvio.errors import InputRefused
from qualadmin.csvio.export import Cell, SafeCsvWriter, problem_rows, problems_csv, safe_cell, sample_file
from qualadmin.csvio.file_names import download_name, shown_file_name
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
from qualadmin.csvio.interpreting import interpret
from qualadmin.csvio.mapping import Mapping, TypeColumn, propose_mapping, remap
from qualadmin.csvio.moments import read_moment
from qualadmin.csvio.participants import Participants, UnreadLine, participants
from qualadmin.csvio.program_rows import read_rows, write_rows
from qualadmin.csvio.reading import read_pasted, read_table
from qualadmin.csvio.scores import AMAZON_MAXIMUM, AMAZON_MINIMUM, ScoreResult, check_score
from qualadmin.csvio.table import DEFAULT_LIMITS, Limits, Row, Table, TableKind
from qualadmin.csvio.worker_ids import USUAL_LENGTHS, WORKER_ID, WorkerIdResult, check_worker_id

__all__ = [
    "AMAZON_MAXIMUM",
    "AMAZON_MINIMUM",
    "DEFAULT_LIMITS",
    "USUAL_LENGTHS",
    "WORKER_ID",
    "Cell",
    "Counts",
    "InputRefused",
    "Interpretation",
    "Limits",
    "Line",
    "Mapping",
    "Options",
    "Participants",
    "Repeat",
    "Row",
    "SafeCsvWriter",
    "ScoreRange",
    "ScoreResult",
    "Table",
    "TableKind",
    "Target",
    "TypeColumn",
    "Unhandled",
    "UnreadLine",
    "WorkerIdResult",
    "check_score",
    "check_worker_id",
    "download_name",
    "interpret",
    "participants",
    "problem_rows",
    "problems_csv",
    "propose_mapping",
    "read_moment",
    "read_pasted",
    "read_rows",
    "read_table",
    "remap",
    "safe_cell",
    "sample_file",
    "shown_file_name",
    "write_rows",
]
