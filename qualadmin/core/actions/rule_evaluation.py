"""What a rule would do at this moment, by statements over whole lists and types. Reading only.

Whoever is in a list within the window and does not hold the type gets it. Whoever holds it by this rule and is
not, loses it. Another score is somebody's decision and stays; whom another open job is about is left to that job.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from qualadmin.core.days import window_start
from qualadmin.core.models import ListRule, PreviewRow, Verb

from ._sql import db_time, db_uuid, marks
from .diff import Row

Group = PreviewRow.Group
GUARD_SHARE: Final = 0.5  # of the rule's holders: a run that takes away from more waits for a person
GUARD_FROM: Final = 10  # workers: fewer are never many


@dataclass(slots=True)
class Evaluation:
    """`grants` and `revokes` are lines for a preview. The rest is counted in workers."""

    grants: list[Row] = field(default_factory=list)
    revokes: list[Row] = field(default_factory=list)
    listed: int = 0  # in the lists
    wanted: int = 0  # of these within the window
    undated: int = 0  # of these without any date, which no window can hold
    holding: int = 0  # wanted, and hold the type with this score
    otherwise: int = 0  # wanted, and hold it with another score
    own: int = 0  # hold it by this rule

    @property
    def rows(self) -> list[Row]:
        """The lines of the preview, numbered."""
        rows = [*self.grants, *self.revokes]
        for number, row in enumerate(rows, start=1):
            row.n = row.line = number
        return rows

    @property
    def takes_many(self) -> bool:
        """Whether so many would lose it that a person has to look first."""
        return len(self.revokes) >= GUARD_FROM and len(self.revokes) > GUARD_SHARE * self.own


def evaluate(rule: ListRule, now: datetime, *, below: int | None = None) -> Evaluation:
    """Read the lists as they are; whoever wants them up to date reads their sources first.

    `below`: entries with a smaller number are older than the rule's start; for a draft that takes in holders, the
    length of the log.
    """
    wanted, parameters = _wanted(rule, now)
    found = Evaluation()
    grants = _rows(_GRANTS.format(wanted=wanted), [*parameters, *[db_uuid(rule.type_id)] * 3])
    found.grants = [_grant(rule, row) for row in grants]
    if rule.leavers == ListRule.Leavers.REVOKE:
        own, more = _own(rule, below)
        values = [*parameters, db_uuid(rule.type_id), *more, db_uuid(rule.type_id)]
        found.revokes = [_revoke(rule, row) for row in _rows(_REVOKES.format(wanted=wanted, own=own), values)]
    own, more = _own(rule, below)
    [(found.own,)] = _rows(_OWN.format(own=own), [db_uuid(rule.type_id), *more])
    found.wanted, found.holding, found.otherwise = _rows(
        _HELD.format(wanted=wanted), [*parameters, rule.score, rule.score, db_uuid(rule.type_id)]
    )[0]
    lists = _lists(rule)
    found.listed, found.undated = _rows(_LISTED.format(lists=_any_of(lists)), lists)[0]
    return found


_WANTED: Final = """wanted AS (
  SELECT m.worker_id FROM core_membership m
    JOIN core_listsource s ON s.id = m.source_id AND s.dropped_at IS NULL
   WHERE m.list_id IN ({lists}) {window}
   GROUP BY m.worker_id)"""
_OPEN: Final = """EXISTS (
       SELECT 1 FROM core_change o JOIN core_job j ON j.id = o.job_id
        WHERE o.worker_id = w.id AND o.type_id = %s AND o.state IN ('planned', 'sending', 'unknown')
          AND j.state NOT IN ('stopped', 'declined', 'recalled'))"""
_GRANTS: Final = f"""
WITH {{wanted}}
SELECT w.worker_id, w.id, COALESCE(q.status, ''), q.value,
       EXISTS (SELECT 1 FROM core_qualificationrequest r
                WHERE r.worker_id = w.id AND r.type_id = %s AND r.state = 'waiting')
  FROM wanted x
  JOIN core_worker w ON w.id = x.worker_id
  LEFT JOIN core_qualification q ON q.type_id = %s AND q.worker_id = w.id
 WHERE w.worker_id IS NOT NULL AND COALESCE(q.status, '') <> 'Granted'
   AND NOT {_OPEN}
 ORDER BY w.worker_id"""  # noqa: S608
_REVOKES: Final = f"""
WITH {{wanted}}
SELECT w.worker_id, w.id, q.status, q.value, c.id
  FROM core_qualification q
  JOIN core_worker w ON w.id = q.worker_id
  LEFT JOIN core_change c ON c.worker_id = q.worker_id AND c.type_id = q.type_id AND c.audit_id = q.audit_id
  LEFT JOIN core_job i ON i.id = c.job_id
  LEFT JOIN wanted x ON x.worker_id = q.worker_id
 WHERE q.type_id = %s AND q.status = 'Granted' AND x.worker_id IS NULL AND w.worker_id IS NOT NULL
   AND {{own}}
   AND NOT {_OPEN}
 ORDER BY w.worker_id"""  # noqa: S608
_OWN: Final = """
SELECT COUNT(*) FROM core_qualification q
  LEFT JOIN core_change c ON c.worker_id = q.worker_id AND c.type_id = q.type_id AND c.audit_id = q.audit_id
  LEFT JOIN core_job i ON i.id = c.job_id
 WHERE q.type_id = %s AND q.status = 'Granted' AND {own}"""
_HELD: Final = """
WITH {wanted}
SELECT COUNT(*), COUNT(CASE WHEN q.value = %s THEN 1 END), COUNT(CASE WHEN q.value <> %s THEN 1 END)
  FROM wanted x
  LEFT JOIN core_qualification q ON q.type_id = %s AND q.worker_id = x.worker_id AND q.status = 'Granted'"""
_LISTED: Final = """
SELECT COUNT(*), COUNT(CASE WHEN at IS NULL THEN 1 END) FROM (
  SELECT MAX(m.at) AS at FROM core_membership m
    JOIN core_listsource s ON s.id = m.source_id AND s.dropped_at IS NULL
   WHERE m.list_id IN ({lists}) GROUP BY m.worker_id) one"""


def _lists(rule: ListRule) -> list[Any]:
    return [db_uuid(key) for key in rule.lists.order_by("pk").values_list("pk", flat=True)]


def _any_of(lists: list[Any]) -> str:
    """The inside of an IN. A rule may have no list any more, and PostgreSQL knows no empty one."""
    return marks(lists) or "NULL"


def _wanted(rule: ListRule, now: datetime) -> tuple[str, list[Any]]:
    """The condition of being in a list, and in time, with its parameters."""
    lists = _lists(rule)
    window = "" if rule.days is None else "AND m.at >= %s"
    values = [] if rule.days is None else [db_time(window_start(rule.days, now))]
    return _WANTED.format(lists=_any_of(lists), window=window), [*lists, *values]


def _own(rule: ListRule, below: int | None) -> tuple[str, list[Any]]:
    """What of a holder's entry makes it the rule's."""
    own, values = "i.rule_id = %s", [db_uuid(rule.pk)]
    below = rule.began_below if below is None else below
    if rule.takes_in and below is not None:
        own = f"({own} OR EXISTS (SELECT 1 FROM audit_entry e WHERE e.id = q.audit_id AND e.seq < %s))"  # noqa: S608
        values.append(below)
    return own, values


def _rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        return list(cursor.fetchall())


def _grant(rule: ListRule, row: Sequence[Any]) -> Row:
    worker_id, key, status, value, asks = row
    return Row(
        line=0,
        given=worker_id,
        worker_id=worker_id,
        known_id=key,
        verb=Verb.GRANT,
        group=Group.NEW,
        type_id=rule.type_id,
        status_before=status,
        value_before=value,
        value=rule.score,
        has_request=bool(asks),
        why="Was taken away before." if status else "",
    )


def _revoke(rule: ListRule, row: Sequence[Any]) -> Row:
    worker_id, key, status, value, change = row
    return Row(
        line=0,
        given=worker_id,
        worker_id=worker_id,
        known_id=key,
        verb=Verb.REVOKE,
        group=Group.REVOKE,
        type_id=rule.type_id,
        status_before=status,
        value_before=value,
        undoes_id=change,  # asked again when it is confirmed and when it is sent: a newer grant wins
        why="No longer in the lists." if rule.days is None else "No longer in the lists, or not in these days.",
    )
