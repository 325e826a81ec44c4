"""What a list would change: its lines against what Amazon is known to hold. Reading only."""

import heapq
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any, Final

from django.db import connection

from qualadmin.audit.prepared import prepared
from qualadmin.core.days import last_day
from qualadmin.core.models import (
    PreviewRow,
    Qualification,
    QualificationType,
    Verb,
)
from qualadmin.csvio import Interpretation, Line, Target

from ._sql import db_uuid, from_time, marks
from .workers import any_erased, erased_among

IN_LIST: Final = 900  # values in one IN list: SQLite's oldest limit is 999
Group = PreviewRow.Group
ERASED_BEFORE: Final = "erased_before"
WAS_ERASED: Final = "Was erased here before: granting stores the ID again, as somebody new."
ANOTHER_JOB: Final = "Another job is about to change this."


@dataclass(frozen=True, slots=True)
class Met:
    """A worker who is known, and what they hold of one type, as last seen."""

    key: Any  # of the worker, as the database gives it
    status: str | None
    value: int | None
    has_request: bool  # has asked for the type and waits for an answer
    ends: date | None = None  # the last day of what is held, where it was granted for a time
    soon: tuple[str, int | None] | None = None  # verb and score of the newest change that is not over yet


@dataclass(slots=True)
class Row:
    """A row of the check page before it is stored: the columns of PreviewRow, at a tenth of its price."""

    line: int
    given: str
    verb: str
    column: str = ""
    group: str = PreviewRow.Group.NEW
    n: int = 0
    preview_id: uuid.UUID | None = None
    type_id: uuid.UUID | None = None
    worker_id: str = ""
    proposal: str = ""
    known_id: Any = None  # as the database gives it, or a UUID
    status_before: str = ""
    value_before: int | None = None
    value: int | None = None
    has_request: bool = False
    why: str = ""
    code: str = ""
    undoes_id: int | None = None
    request_id: uuid.UUID | None = None


def compare(
    reading: Interpretation, types: Mapping[str, QualificationType], verb: Verb, *, ends: bool = False
) -> Iterator[Row]:
    """`ends`: what is granted is held for a time only, so that nothing is "already so".

    The rows of the check page, in the order of the file; one at a time, since there may be very many."""
    parts = [
        _rows_of(target, chosen, name_repeats=not reading.repeats_expected, ends=ends)
        for target in reading.targets
        if (chosen := types.get(target.name or "")) is not None
    ]
    parts.append(_unhandled(reading, verb))
    # Each part is in the order of the file already; of one line, the first part comes first.
    for number, row in enumerate(heapq.merge(*parts, key=attrgetter("line")), start=1):
        row.n = number
        yield row


def row_for(chosen: QualificationType, worker_id: str, verb: Verb, score: int | None) -> Row:
    """The row of one worker who was named without any list."""
    revoke = verb == Verb.REVOKE
    line = Line(line=1, given=worker_id, worker_id=worker_id, score=score, revoke=revoke)
    row = _row(line, Target(None), chosen, _met(chosen, [worker_id]).get(worker_id), "", False)
    row.n = 1
    return _warned(row, erased_among([worker_id]) if row.known_id is None and any_erased() else ())


def _unhandled(reading: Interpretation, verb: Verb) -> Iterator[Row]:
    for one in reading.unhandled:
        yield Row(
            line=one.line,
            column=one.column[:200],
            group=Group.PROBLEM,
            given=one.worker[:200],
            verb=verb,
            code="not_handled",
            why=f"{one.column}: “{one.text[:60]}” is not handled here. Do it on Amazon’s own site.",
        )


def _rows_of(target: Target, chosen: QualificationType, *, name_repeats: bool, ends: bool) -> Iterator[Row]:
    look = any_erased()  # in most labs nobody was: then no line is looked up
    for start in range(0, len(target.lines), IN_LIST):
        lines = target.lines[start : start + IN_LIST]
        ids = {line.worker_id for line in lines if line.worker_id}
        met = _met(chosen, ids)
        erased = set(erased_among(ids - met.keys())) if look else set()
        for line in lines:
            # A file with a row per assignment names most workers several times: nothing to point out.
            merged = _merged(line) if name_repeats else ""
            yield _warned(_row(line, target, chosen, met.get(line.worker_id or ""), merged, ends), erased)


def _warned(row: Row, erased: Collection[str]) -> Row:
    """Say of whom would be known again that they were erased: nobody can look it up anywhere else."""
    if row.group == Group.NEW and row.worker_id in erased:
        row.code, row.why = ERASED_BEFORE, _join(WAS_ERASED, row.why)
    return row


def _row(line: Line, target: Target, chosen: QualificationType, met: Met | None, merged: str, ends: bool) -> Row:
    row = Row(
        line=line.line,
        column=(line.column or target.name or "")[:200],
        given=line.given[:200],
        worker_id=line.worker_id or "",
        # An accepted correction stays visible beside what stood there.
        proposal=(line.worker_id if line.corrected else line.proposal) or "",
        type_id=chosen.pk,
        verb=Verb.REVOKE if line.revoke else Verb.GRANT,
        value=None if line.revoke else line.score,
    )
    if met is not None:
        row.known_id, row.has_request = met.key, met.has_request
        row.status_before, row.value_before = met.status or "", met.value
    if met is not None and met.status == Qualification.Status.GRANTED and not line.revoke:
        merged = _join(_end(met, ends), merged)
    _classify(
        row,
        line,
        merged,
        new_end=ends or (met is not None and met.ends is not None),
        overtaken=met is not None and met.soon not in (None, (row.verb, row.value)),
    )
    return row


def _end(met: Met, ends: bool) -> str:
    """What becomes of the end of what is held."""
    if met.ends is None:
        return "From now on it ends." if ends else ""
    return f"Its end was {met.ends.isoformat()}; {'it changes' if ends else 'now it has none'}."


def _classify(row: Row, line: Line, merged: str, *, new_end: bool, overtaken: bool) -> None:
    """`new_end`: another end is wished than what is held has.

    `overtaken`: what is so now will not stay so, since another job is about to do something else.
    """
    granted = row.status_before == Qualification.Status.GRANTED
    if line.fault is not None:
        row.group, row.why, row.code = Group.PROBLEM, line.fault, line.fault_code or "fault"
    elif row.verb == Verb.REVOKE:
        row.group = Group.REVOKE if granted or overtaken else Group.SAME
        why = ANOTHER_JOB if overtaken else "Does not hold it, as last seen at Amazon."
        row.why = merged if granted else _join(why, merged)
    elif row.value is None:
        row.group, row.code = Group.PROBLEM, "no_score"
        row.why = "No score: this line brings none and no score was chosen for all."
    elif granted and row.value_before == row.value:
        row.group = Group.SCORE if overtaken or new_end else Group.SAME
        row.why = _join(ANOTHER_JOB, merged) if overtaken else merged
    elif granted:
        row.group, row.why = Group.SCORE, merged
    else:
        row.group = Group.NEW
        row.why = _join("Was taken away before." if row.status_before else "", merged)
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


_MET: Final = """
SELECT w.worker_id, w.id, q.status, q.value, q.expires_at,
       EXISTS (SELECT 1 FROM core_qualificationrequest r
                WHERE r.worker_id = w.id AND r.type_id = %s AND r.state = 'waiting'),
       (SELECT CASE o.verb WHEN 'accept' THEN 'grant' ELSE o.verb END
               || ' ' || COALESCE(CAST(o.value AS varchar(11)), '')
          FROM core_change o JOIN core_job j ON j.id = o.job_id AND j.state <> 'approval'
         WHERE o.type_id = %s AND o.worker_id = w.id AND o.state IN ('planned', 'sending', 'unknown')
           AND o.verb <> 'reject'
         ORDER BY o.id DESC LIMIT 1)
  FROM core_worker w
  LEFT JOIN core_qualification q ON q.worker_id = w.id AND q.type_id = %s
 WHERE w.worker_id IN ({ids})"""


def _met(chosen: QualificationType, worker_ids: Collection[str]) -> dict[str, Met]:
    """Those of the workers who are known (one query; the ORM would take three times as long)."""
    if not worker_ids:
        return {}
    ids = list(worker_ids)
    with prepared(connection) if len(ids) == 1 else connection.cursor() as cursor:
        cursor.execute(_MET.format(ids=marks(ids)), [*[db_uuid(chosen.pk)] * 3, *ids])
        return {
            one: Met(key, status, value, bool(asks), last_day(from_time(ends)) if ends else None, _soon(words))
            for one, key, status, value, ends, asks, words in cursor.fetchall()
        }


def _soon(words: str | None) -> tuple[str, int | None] | None:
    """Verb and score from "grant 50" or "revoke "."""
    verb, _, score = (words or "").partition(" ")
    return (verb, int(score) if score else None) if verb else None
