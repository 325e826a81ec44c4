"""Statements that are planned once for a connection."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from qualadmin.audit.models import AuditStream
from qualadmin.audit.prepared import in_one_go, prepared

pytestmark = pytest.mark.django_db
TEXT = "SELECT size + CAST(%s AS bigint) FROM audit_head WHERE id = 1"


def ask(value: int) -> Any:
    with prepared(connection) as cursor:
        cursor.execute(TEXT, [value])
        return cursor.fetchone()[0]


def test_answers_as_any_cursor_does() -> None:
    with connection.cursor() as cursor:
        cursor.execute(TEXT, [7])
        assert ask(7) == cursor.fetchone()[0]


def test_is_seen_by_whoever_counts_queries() -> None:
    with CaptureQueriesContext(connection) as seen:
        ask(1)
    assert len(seen) == 1
    assert "audit_head" in seen.captured_queries[0]["sql"]


def test_faults_are_those_of_django() -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), prepared(connection) as cursor:
        cursor.execute("INSERT INTO audit_stream (name, size) VALUES (%s, %s), (%s, %s)", ["a", 1, "a", 1])
    assert ask(0) >= 0  # the connection goes on


@pytest.mark.postgres  # the driver of SQLite does it by itself
def test_postgres_plans_it_once() -> None:
    for value in range(300, 304):
        ask(value)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements "
            "WHERE statement LIKE 'SELECT size +%%'",
            [],
        )
        assert cursor.fetchall() == [(4,)]


@pytest.mark.postgres  # the driver of SQLite does it by itself
def test_what_the_orm_asks_is_not_prepared() -> None:
    ask(1)
    assert not AuditStream.objects.filter(name="nobody").exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements", [])
        kept = [text for (text,) in cursor.fetchall()]
    assert kept
    assert not [text for text in kept if "audit_stream" in text and text.startswith("SELECT")]


def count_on(name: str) -> None:
    with prepared(connection) as cursor:
        cursor.execute("INSERT INTO audit_stream (name, size) VALUES (%s, %s)", [name, 1])


def test_in_one_go_all_are_run_in_their_order() -> None:
    with in_one_go(connection), prepared(connection) as cursor:
        count_on("a")
        cursor.execute("SELECT count(*) FROM audit_stream WHERE name IN ('a', 'b')", [])
        count_on("b")
        assert cursor.fetchone() == (1,)
    assert AuditStream.objects.filter(name__in=["a", "b"]).count() == 2


def count_on_together(*names: str) -> None:
    with transaction.atomic(), in_one_go(connection):
        for name in names:
            count_on(name)


def test_in_one_go_a_fault_is_told_and_nothing_is_left() -> None:
    with pytest.raises(IntegrityError):
        count_on_together("a", "a", "b")
    assert not AuditStream.objects.filter(name__in=["a", "b"]).exists()
    assert ask(0) >= 0
