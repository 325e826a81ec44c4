"""A list that is several lists together: each is read by its own index, as far as a page needs.

"In one of these streams, or done by me" has a database read everything in the order of the page until the page is
full: all of a large table for who may see little of it. Asked apart, each part gives its first rows at once.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

Row = TypeVar("Row", bound=Model)

Select = tuple[str, list[Any]]  # SQL, and its parameters

PARTS_MAX: Final = 40  # with more, the reader sees so much that reading on until a page is full is quick


def united(parts: Sequence[QuerySet[Row]], cut: Callable[[QuerySet[Row]], QuerySet[Row]]) -> Q:
    """The rows of what `cut` (an order and a limit) leaves of each part. A row may be in several parts."""
    sql, parameters = _union([_keys(cut(part)) for part in parts])
    return Q(pk__in=RawSQL(sql, parameters))  # noqa: S611 # made by the query compiler


def counting(parts: Sequence[QuerySet[Any]], limit: int, *, disjoint: bool = False) -> Select:
    """SQL for how many rows there are in all, counted up to `limit` and one more in each part.

    Where one part alone has more than that, no other is read. `disjoint` parts share no row: their sum will do.
    """
    selects = [_keys(part.order_by()[: limit + 1]) for part in parts]
    if disjoint:
        sums = " + ".join(f"(SELECT count(*) FROM ({one}) part)" for one, _ in selects)  # noqa: S608
        return f"({sums})", [one for _, values in selects for one in values]
    sql, parameters = _union(selects)
    count = f"(SELECT count(*) FROM ({sql}) part)"  # noqa: S608
    if len(selects) == 1:
        return count, parameters
    asked = [f"WHEN (SELECT count(*) FROM ({one}) part) > {limit:d} THEN {limit + 1:d}" for one, _ in selects]  # noqa: S608
    return f"(CASE {' '.join(asked)} ELSE {count} END)", [*parameters, *parameters]


def _keys(rows: QuerySet[Any]) -> Select:
    try:
        sql, parameters = rows.values("pk").query.sql_with_params()
    except EmptyResultSet:  # a filter that nothing can meet
        return "SELECT NULL WHERE 1 = 0", []
    # Neither database takes an order and a limit in a part of a union, but in a table within it.
    return f"SELECT * FROM ({sql}) part", list(parameters)  # noqa: S608


def _union(selects: Sequence[Select]) -> Select:
    """The keys of all rows of these lists, each once."""
    return " UNION ".join(sql for sql, _ in selects), [one for _, values in selects for one in values]
