"""What a list would change: its lines against what Amazon is known to hold. Reading only."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from qualadmin.core.models import (
    PreviewRow,
    Qualification,
    QualificationRequest,
    QualificationType,
    Verb,
    Worker,
)
from qualadmin.csvio import Interpretation, Line, Target

IN_LIST: Final = 900  # values in one IN list: SQLite's oldest limit is 999
Group = PreviewRow.Group


@dataclass(frozen=True, slots=True)
class Held:
    """What one worker holds of one type, as last seen."""

    status: str
    value: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """Everything the comparison needs about one target, read in a handful of queries."""

    workers: Mapping[str, uuid.UUID]
    held: Mapping[uuid.UUID, Held]
    waiting: frozenset[uuid.UUID]
    name_repeats: bool


def compare(reading: Interpretation, types: Mapping[str, QualificationType], verb: Verb) -> list[PreviewRow]:
    """The rows of the check page, unsaved, in the order of the file."""
    workers = _workers({line.worker_id for target in reading.targets for line in target.lines if line.worker_id})
    rows: list[PreviewRow] = []
    for target in reading.targets:
        chosen = types.get(target.name or "")
        if chosen is not None:
            rows += _rows_of(target, chosen, workers, name_repeats=not reading.repeats_expected)
    rows += [
        PreviewRow(
            line=one.line,
            column=one.column[:200],
            group=Group.PROBLEM,
            given=one.worker[:200],
            verb=verb,
            code="not_handled",
            why=f"{one.column}: “{one.text[:60]}” is not handled here. Do it on Amazon’s own site.",
        )
        for one in reading.unhandled
    ]
    rows.sort(key=lambda row: row.line)
    for number, row in enumerate(rows, start=1):
        row.n = number
    return rows


def _rows_of(
    target: Target, chosen: QualificationType, workers: Mapping[str, uuid.UUID], *, name_repeats: bool
) -> Iterator[PreviewRow]:
    ids = [workers[line.worker_id] for line in target.lines if line.worker_id and line.worker_id in workers]
    known = Known(workers, _held(chosen, ids), _waiting(chosen, ids), name_repeats)
    for line in target.lines:
        yield _row(line, target, chosen, known)


def _row(line: Line, target: Target, chosen: QualificationType, known: Known) -> PreviewRow:
    worker = known.workers.get(line.worker_id) if line.worker_id else None
    held = known.held.get(worker) if worker else None
    row = PreviewRow(
        line=line.line,
        column=(line.column or target.name or "")[:200],
        given=line.given[:200],
        worker_id=line.worker_id or "",
        # An accepted correction stays visible beside what stood there.
        proposal=(line.worker_id if line.corrected else line.proposal) or "",
        type_id=chosen.pk,
        known_id=worker,
        verb=Verb.REVOKE if line.revoke else Verb.GRANT,
        status_before=held.status if held else "",
        value_before=held.value if held else None,
        value=None if line.revoke else line.score,
        has_request=worker in known.waiting,
    )
    # A file with a row per assignment names most workers several times: nothing to point out.
    _classify(row, line, held, _merged(line) if known.name_repeats else "")
    return row


def _classify(row: PreviewRow, line: Line, held: Held | None, merged: str) -> None:
    granted = held is not None and held.status == Qualification.Status.GRANTED
    if line.fault is not None:
        row.group, row.why, row.code = Group.PROBLEM, line.fault, line.fault_code or "fault"
    elif row.verb == Verb.REVOKE:
        row.group = Group.REVOKE if granted else Group.SAME
        row.why = merged if granted else _join("Does not hold it, as last seen at Amazon.", merged)
    elif row.value is None:
        row.group, row.code = Group.PROBLEM, "no_score"
        row.why = "No score: this line brings none and no score was chosen for all."
    elif granted and held is not None and held.value == row.value:
        row.group, row.why = Group.SAME, merged
    elif granted and held is not None:
        row.group, row.why = Group.SCORE, merged
    else:
        row.group = Group.NEW
        row.why = _join("Was taken away before." if held else "", merged)
    if line.hint and line.fault is None:
        row.why = _join(row.why, line.hint)


def _merged(line: Line) -> str:
    if not line.merged_lines:
        return ""
    lines = ", ".join(str(number) for number in line.merged_lines[:20])
    more = len(line.merged_lines) - 20
    rest = f" and {more} more" if more > 0 else ""
    return f"Said again in line{'s' if len(line.merged_lines) > 1 else ''} {lines}{rest}."


def _join(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


Value = TypeVar("Value", str, uuid.UUID)


def _parts(values: Iterable[Value]) -> Iterator[Sequence[Value]]:
    items = list(values)
    for start in range(0, len(items), IN_LIST):
        yield items[start : start + IN_LIST]


def _workers(worker_ids: Iterable[str]) -> dict[str, uuid.UUID]:
    found: dict[str, uuid.UUID] = {}
    for part in _parts(worker_ids):
        for worker_id, pk in Worker.objects.filter(worker_id__in=part).values_list("worker_id", "pk"):
            if worker_id is not None:
                found[worker_id] = pk
    return found


def _held(chosen: QualificationType, workers: Iterable[uuid.UUID]) -> dict[uuid.UUID, Held]:
    found = {}
    for part in _parts(workers):
        rows = Qualification.objects.filter(type=chosen, worker__in=part)
        for worker, status, value in rows.values_list("worker_id", "status", "value"):
            found[worker] = Held(status, value)
    return found


def _waiting(chosen: QualificationType, workers: Iterable[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Workers of the list who have asked for this type themselves and wait for an answer."""
    waiting = QualificationRequest.objects.filter(type=chosen, state=QualificationRequest.State.WAITING)
    everybody = set(waiting.values_list("worker_id", flat=True))
    return frozenset(everybody.intersection(workers))
