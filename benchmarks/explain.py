"""How the database goes about the queries of a page: for pages that are too slow."""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection

SLOW = 3.0  # milliseconds


def explain(visit: Callable[[], Any]) -> None:
    """Do it once more; print each slow query with its plan."""
    slow: list[tuple[float, str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        result = execute(sql, params, many, context)
        if connection.vendor == "sqlite":
            # SQLite works while rows are fetched: fetch them a second time, all of them.
            with connection.cursor() as again:
                _fetch(again, sql, params)
        took = (time.perf_counter() - began) * 1000
        if took > SLOW and sql.lstrip().upper().startswith("SELECT"):
            slow.append((took, sql, params))
        return result

    with connection.execute_wrapper(note):
        visit()
    for took, sql, params in slow:
        print(f"    {took:6.1f} ms  {sql[:1500]}")
        with connection.cursor() as cursor:
            plan = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ANALYZE "
            cursor.execute(plan + sql, params)
            for row in cursor.fetchall():
                print("             ", row[-1])


def _fetch(cursor: Any, sql: str, params: Any) -> None:
    if sql.lstrip().upper().startswith("SELECT"):
        cursor.cursor.execute(sql, params)
        cursor.cursor.fetchall()
