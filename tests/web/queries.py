"""What a page asks the databases, and which of it grows with the tables."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connections

_COUNT = re.compile(r"\bcount\(", re.I)
# A count over a table, where one that stops counts a part: FROM (SELECT … LIMIT n)
_OF_TABLE = re.compile(r"\bcount\((?:(?!\bfrom\b).)*?\bfrom (?!\(select\b)", re.I | re.S)
_GROUPED = re.compile(r"\bgroup by\b", re.I)


class Queries(list[str]):
    """The statements of one block, in order, of all databases."""

    @property
    def offsets(self) -> list[str]:
        """Those that skip rows: the database reads all it skips."""
        return [sql for sql in self if re.search(r"\boffset\b", sql, re.I)]

    @property
    def full_counts(self) -> list[str]:
        """Those that count a whole result. Counts per group (a histogram) and capped ones do not."""
        counts = [sql for sql in self if _COUNT.search(sql) and not _GROUPED.search(sql)]
        return [sql for sql in counts if _OF_TABLE.search(sql) or not re.search(r"\blimit\b", sql, re.I)]

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
