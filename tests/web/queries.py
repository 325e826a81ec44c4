"""What a page asks the databases, and which of it grows with the tables."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connections

_COUNT = re.compile(r"\bcount\(", re.I)
_GROUPED = re.compile(r"\bgroup by\b", re.I)
# Django's form of a count that stops: SELECT COUNT(*) FROM (SELECT … LIMIT n) subquery
_CAPPED = re.compile(r"^select count\(\*\) from \(select .* limit \d+\) subquery$", re.I | re.S)


class Queries(list[str]):
    """The statements of one block, in order, of all databases."""

    @property
    def offsets(self) -> list[str]:
        """Those that skip rows: the database reads all it skips."""
        return [sql for sql in self if re.search(r"\boffset\b", sql, re.I)]

    @property
    def full_counts(self) -> list[str]:
        """Those that count a whole result. Counts per group (a histogram) and capped ones do not."""
        return [sql for sql in self if _COUNT.search(sql) and not _GROUPED.search(sql) and not _CAPPED.match(sql)]

    @property
    def number(self) -> int:
        """Without BEGIN, COMMIT and savepoints, which read nothing."""
        words = ("begin", "commit", "savepoint", "release", "rollback", "pragma")
        return sum(not sql.lstrip('"').lower().startswith(words) for sql in self)


@contextmanager
def watched() -> Iterator[Queries]:
    """`with watched() as queries: client.get(...)`."""
    queries = Queries()

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        queries.append(sql)
        return execute(sql, params, many, context)

    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(note))
        yield queries
