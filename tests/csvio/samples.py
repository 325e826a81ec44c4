"""The sample files of docs/samples, read the way the pages read them."""

from __future__ import annotations

from pathlib import Path

from qualadmin.csvio import Interpretation, Options, Table, interpret, propose_mapping, read_table

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "samples"

BATCH = "Batch_5093217_batch_results.csv"
WORKERS = "User_1149273_workers.csv"
PASTED = "pasted-list.txt"
FAULTS = "scores-with-faults.csv"
SCORES = ("scores-semicolon-bom.csv", "scores-utf16.csv", "scores-no-header.csv")


def sample(name: str) -> Table:
    return read_table((FOLDER / name).read_bytes())


def read(data: bytes | str, **wanted: object) -> Interpretation:
    """Bytes or text all the way to lines, with the mapping the program proposes."""
    table = read_table(data.encode() if isinstance(data, str) else data)
    return interpret(table, propose_mapping(table), wanted=Options(**wanted))


def read_sample(name: str, **wanted: object) -> Interpretation:
    return read((FOLDER / name).read_bytes(), **wanted)
