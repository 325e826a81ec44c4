"""Statements that PostgreSQL plans once for a connection, and some of them in one go.

To plan a short statement costs more than to run it, and to wait for its answer may cost more than both.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper


def prepared(connection: BaseDatabaseWrapper) -> CursorWrapper:
    """A cursor for statements whose text never changes, only their values. Use it in a `with`.

    Each text is kept by the connection, so texts put together from lists do not belong here. SQLite's driver keeps
    statements by itself. A value whose type its place does not tell needs a CAST.
    """
    if connection.vendor != "postgresql":
        return connection.cursor()
    connection.ensure_connection()
    raw = _kind()(connection.connection)
    wrapped: CursorWrapper = cast("Any", connection)._prepare_cursor(raw)
    return wrapped


@contextmanager
def in_one_go(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Send the `prepared` statements run inside without waiting for the answer to one before sending the next.

    Whatever is wrong with one is raised when an answer is fetched, or at the end; what comes after it is not run.
    How many rows a statement hit is not known inside. SQLite is no server to wait for: there nothing changes.
    """
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


@cache
def _kind() -> type[Any]:
    """Django's cursor that lets the server bind values; the usual one puts them into the text."""
    from django.db.backends.postgresql.base import ServerBindingCursor  # needs the driver, an extra

    send = cast("Any", ServerBindingCursor)._send_query_prepared

    def send_and_note(self: Any, name: bytes, query: Any, **how: Any) -> None:
        self._query = query  # Django shows it to who counts queries; psycopg notes it for other statements only
        send(self, name, query, **how)

    return type("PreparedCursor", (ServerBindingCursor,), {"_send_query_prepared": send_and_note})
