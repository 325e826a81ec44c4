"""Which tables a piece of code wrote to, seen at the database connection itself."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection

_WRITE: Final = re.compile(r'^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+"?(\w+)"?', re.I)
_OTHER: Final = re.compile(r"^\s*(?:CREATE|DROP|ALTER|TRUNCATE|PRAGMA \w+\s*=|COPY)\b", re.I)

#: Keeping a session and writing the log are no changes of what the site is about.
BOOKKEEPING: Final = frozenset({"django_session", "audit_entry", "audit_head", "audit_stream", "audit_payload"})


@contextmanager
def written() -> Iterator[set[str]]:
    """`with written() as tables: …`; afterwards `tables` holds the domain tables that were written to."""
    tables: set[str] = set()

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = _WRITE.match(sql)
        if found and found[1] not in BOOKKEEPING:
            tables.add(found[1])
        elif _OTHER.match(sql):
            tables.add(sql[:60])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield tables
