"""From a table and a mapping to intended lines: every fault at once, repeats merged, conflicts named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from qualadmin.csvio.characters import shown
from qualadmin.csvio.errors import InputRefused
from qualadmin.csvio.interpretation import Interpretation, Line, Options, ScoreRange, Target, Unhandled
from qualadmin.csvio.mapping import Mapping, TypeColumn
from qualadmin.csvio.merging import merge
from qualadmin.csvio.scores import check_score
from qualadmin.csvio.table import Row, Table
from qualadmin.csvio.worker_ids import WorkerIdResult, check_worker_id

_GIVEN = 200
_KEPT_IDS = 5_000  # judged once: files with a row per assignment repeat ids. Beyond it memory counts more
_SET_WORDS = frozenset({"", "grant", "set", "give", "update", "assign", "add", "associate"})
_REVOKE_WORDS = frozenset({"revoke", "remove", "take away", "disassociate", "delete"})
_REVOKE = "revoke"  # Amazon's own word in UPDATE- columns


def interpret(table: Table, mapping: Mapping, *, wanted: Options) -> Interpretation:
    """Read every row with the chosen columns. Raises InputRefused only for a mapping that cannot be used."""
    _check_mapping(table, mapping, wanted)
    reader = _Reader(table, mapping, wanted)
    for row in table.rows:
        reader.read(row)
    return reader.result()


class _Reader:
    """Goes through the rows once and collects lines per target."""

    def __init__(self, table: Table, mapping: Mapping, wanted: Options) -> None:
        assert mapping.worker is not None  # noqa: S101 - _check_mapping refused None
        self._table, self._mapping, self._wanted = table, mapping, wanted
        self._worker = mapping.worker
        self._targets = [Target(column.name) for column in mapping.type_columns] or [Target(None)]
        self._unhandled: list[Unhandled] = []
        self._statuses: dict[str, set[str]] = {}
        self._workers: set[str] = set()
        self._ids: dict[str, WorkerIdResult] = {}

    def read(self, row: Row) -> None:
        cells = self._fitted(row)
        if cells is None:
            for target in self._targets:
                target.lines.append(self._wrong_width(row))
            return
        given = cells[self._worker]
        found = self._ids.get(given) or check_worker_id(given)
        if len(self._ids) < _KEPT_IDS:
            self._ids[given] = found
        if found.worker_id is not None:
            self._workers.add(found.worker_id)
        self._note_block(row.line, cells, given)
        if self._mapping.type_columns:
            for target, column in zip(self._targets, self._mapping.type_columns, strict=True):
                self._read_type_cell(target, column, row.line, cells, found)
        else:
            self._read_single(self._targets[0], row.line, cells, found)

    def result(self) -> Interpretation:
        per_assignment = self._mapping.status is not None
        for target in self._targets:
            merge(target, list_repeats=not per_assignment)
        worker_statuses = {worker: frozenset(own) for worker, own in self._statuses.items()}
        found = Interpretation(
            kind=self._table.kind,
            rows=len(self._table.rows),
            workers=len(self._workers),
            targets=self._targets,
            unhandled=self._unhandled,
            statuses=Counter(status for own in worker_statuses.values() for status in own),
            worker_statuses=worker_statuses,
            repeats_expected=per_assignment,
        )
        found.notes.extend(_notes(found))
        return found

    def _fitted(self, row: Row) -> tuple[str, ...] | None:
        """The cells without blank ones beyond the last column; None if there are too few or too many."""
        cells, width = row.cells, self._table.width
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            return cells[:width]
        return cells if len(cells) == width else None

    def _wrong_width(self, row: Row) -> Line:
        few = len(row.cells) < self._table.width
        fault = (
            f"This row has {_number(len(row.cells), 'column')}, the file has {self._table.width}. "
            f"Too {'few' if few else 'many'}: what stands where is not certain. Correct the row."
        )
        given = self._table.separator.join(row.cells)[:_GIVEN]
        return Line(row.line, given, fault=fault, fault_code="too_few_columns" if few else "too_many_columns")

    def _line(self, number: int, found: WorkerIdResult) -> Line:
        line = Line(number, found.given[:_GIVEN], column=self._table.column_name(self._worker))
        line.hint = found.hint
        if found.worker_id is not None:
            line.worker_id, line.column = found.worker_id, None
        elif found.proposal is not None and self._wanted.accepts(number):
            line.worker_id, line.corrected, line.column = found.proposal, True, None
        else:
            line.proposal, line.fault, line.fault_code = found.proposal, found.reason, found.code
        return line

    def _set_score(self, line: Line, text: str, allowed: ScoreRange, column: int) -> None:
        result = check_score(text, minimum=allowed.minimum, maximum=allowed.maximum)
        line.score = result.score
        # A refused worker id is the graver fault; a proposed one is no help while the score is wrong.
        if result.reason is not None and (line.fault is None or line.proposal is not None):
            line.fault, line.fault_code, line.proposal = result.reason, f"score_{result.code}", None
            line.worker_id, line.column = None, self._table.column_name(column)

    def _read_type_cell(
        self, target: Target, column: TypeColumn, number: int, cells: tuple[str, ...], found: WorkerIdResult
    ) -> None:
        text = cells[column.update]
        if not text.strip():
            target.nothing_asked += 1
            return
        line = self._line(number, found)
        before = cells[column.current] if column.current is not None else None
        line.current = check_score(before, minimum=-(2**31), maximum=2**31 - 1).score if before else None
        if _says_revoke(text):
            line.revoke = True
            line.already = before is not None and not before.strip()
        else:
            allowed = self._wanted.ranges.get(target.name or "", self._wanted.scores)
            self._set_score(line, text, allowed, column.update)
            line.already = line.score is not None and line.score == line.current
        target.lines.append(line)

    def _read_single(self, target: Target, number: int, cells: tuple[str, ...], found: WorkerIdResult) -> None:
        line = self._line(number, found)
        if self._mapping.status is not None and not self._has_wanted_status(line, cells[self._mapping.status]):
            target.left_out += 1
            return
        line.revoke = self._wanted.revoke_all
        if self._mapping.action is not None and not self._wanted.revoke_all:
            self._read_action(line, cells[self._mapping.action], self._mapping.action)
        column = self._mapping.score
        said = self._mapping.action is not None and cells[self._mapping.action].strip()
        if not line.revoke and not said and column is not None and _says_revoke(cells[column]):
            line.revoke = True
        elif not line.revoke and column is not None:
            self._set_score(line, cells[column], self._wanted.scores, column)
        elif not line.revoke:
            line.score = self._wanted.default_score
        target.lines.append(line)

    def _read_action(self, line: Line, text: str, column: int) -> None:
        word = " ".join(text.split()).casefold()
        line.revoke = word in _REVOKE_WORDS
        if not line.revoke and word not in _SET_WORDS and line.fault is None:
            line.fault = f"“{shown(text)}” is no action this file can ask for. Write Grant or Revoke."
            line.fault_code, line.column = "unknown_action", self._table.column_name(column)
            line.worker_id = None

    def _has_wanted_status(self, line: Line, text: str) -> bool:
        status = text.strip()
        if line.worker_id is not None:
            self._statuses.setdefault(line.worker_id, set()).add(status)
        return self._wanted.statuses is None or status in self._wanted.statuses

    def _note_block(self, number: int, cells: tuple[str, ...], given: str) -> None:
        block = self._mapping.block
        if block is not None and cells[block].strip():
            text = shown(cells[block].strip())
            self._unhandled.append(Unhandled(number, self._table.column_name(block), text, shown(given)))


def _check_mapping(table: Table, mapping: Mapping, wanted: Options) -> None:
    if mapping.worker is None:
        raise InputRefused("Choose the column that holds the worker IDs.", code="no_worker_column")
    single = (mapping.worker, mapping.score, mapping.action, mapping.status, mapping.block)
    typed = (index for column in mapping.type_columns for index in (column.current, column.update))
    chosen = [index for index in (*single, *typed) if index is not None]
    if any(not 0 <= index < table.width for index in chosen):
        raise InputRefused(
            f"A column was chosen that the file does not have; it has {_number(table.width, 'column')}.",
            code="unknown_column",
        )
    if len(set(chosen)) < len(chosen):
        raise InputRefused("One column was chosen twice. Choose each column once.", code="column_twice")
    if mapping.type_columns and wanted.revoke_all:
        raise InputRefused(
            "This file says in each cell what to do. Write Revoke in its UPDATE columns instead.",
            code="revoke_all_with_types",
        )


def _notes(found: Interpretation) -> Iterable[str]:
    if found.repeats_expected:
        yield f"{_number(found.rows, 'row')}, {_number(found.workers, 'different worker')}."
    if found.unhandled:
        yield (
            f"{_number(len(found.unhandled), 'cell')} about blocking workers: not handled here. "
            "Block workers on Amazon's own pages."
        )


def _says_revoke(text: str) -> bool:
    return text.strip().casefold() == _REVOKE


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
