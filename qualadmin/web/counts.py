"""How many rows there are, counted no further than anybody needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from django.db import connection
from django.db.models import IntegerField, QuerySet, Subquery, Value

from .united import counting
from .words import grouped

COUNT_LIMIT: Final = 10_000
Counted = QuerySet[Any] | Sequence[QuerySet[Any]]  # a list, or the parts of one (united.py)


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows, counted up to COUNT_LIMIT."""

    number: int
    more: bool

    @classmethod
    def of(cls, number: int) -> Self:
        """From a number that counting stopped at."""
        return cls(min(number, COUNT_LIMIT), number > COUNT_LIMIT)

    def __str__(self) -> str:
        return f"{grouped(self.number)}+" if self.more else grouped(self.number)


def capped_count(rows: QuerySet[Any], limit: int = COUNT_LIMIT) -> Count:
    """Count no further than `limit`: on a large table a full count costs more than the page itself."""
    number = rows.order_by().values("pk")[: limit + 1].count()
    return Count(min(number, limit), number > limit)


class CappedCount(Subquery):
    """How many rows belong to each of others, as `capped_count` counts: the subquery is for one of them.

    Give `rows` in the order of the index that finds them, else PostgreSQL takes the limit for a reason to read the
    table from its start. Gives up to COUNT_LIMIT and one; `Count.of` says it in words.
    """

    template = "(SELECT count(*) FROM (%(subquery)s) part)"
    output_field = IntegerField()

    def __init__(self, rows: QuerySet[Any]) -> None:
        # A constant, so that an index of the condition is all that is read.
        super().__init__(rows.values(one=Value(1))[: COUNT_LIMIT + 1])


def count_each(lists: Sequence[Counted], limit: int = COUNT_LIMIT, *, disjoint: bool = False) -> list[Count]:
    """The length of each list (or of several together), counted up to `limit`, in one query."""
    parts: list[str] = []
    parameters: list[Any] = []
    for rows in lists:
        sql, values = counting([rows] if isinstance(rows, QuerySet) else rows, limit, disjoint=disjoint)
        parts.append(sql)
        parameters += values
    if not parts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        return [Count(min(number, limit), number > limit) for number in cursor.fetchone()]
