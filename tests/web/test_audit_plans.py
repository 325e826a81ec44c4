"""Each common search of the log reads indexes, by the statistics of a log in which what it finds is rare."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, Who
from qualadmin.core.models import RequesterAccount
from qualadmin.web.audit_presets import SEARCHES, presets
from tests.web.calls import make_calls
from tests.web.lab import Lab
from tests.web.lists import Someone

pytestmark = pytest.mark.django_db
ENTRIES = 1_500


@pytest.fixture
def long_log(lab: Lab, production_account: RequesterAccount) -> None:
    """Calls with different effects, and a log in which they are few."""
    make_calls(lab, production_account)
    with audit.transaction(Context(actor=Who("task", "drain", "drain"))) as tx:
        for number in range(ENTRIES):
            tx.record("auth.logout" if number % 2 else "worker.check.requested", stream=lab.cast.study.stream)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def plan_of(ask: Callable[[], Any]) -> str:
    """How the database goes about the page of the log that `ask` asks for."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith('SELECT "audit_entry"') and "LIMIT 51" in sql:
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        assert ask().status_code == 200
    ((sql, params),) = asked
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}", params)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.mark.parametrize("label", [label for label, _ in SEARCHES])
def test_a_common_search_reads_indexes_of_the_log(lab: Lab, client: Client, long_log: None, label: str) -> None:
    pi = Someone(client, lab.cast.pi, lab.cast.account)
    (url,) = (one.url for one in presets("") if one.label == label)
    plan = plan_of(lambda: pi.get(url))
    begin, whole, found = {
        "sqlite": (
            r"SEARCH U0 USING INDEX audit_recorded \(recorded_at>\?\)",
            r"SCAN audit_entry",
            r"SEARCH audit_entry USING INDEX",
        ),
        "postgresql": (
            r"Index Scan using audit_recorded on audit_entry",
            r"Seq Scan on audit_entry",
            r"(Index Scan( Backward)? using \w+|Bitmap Heap Scan) on audit_entry ",
        ),
    }[connection.vendor]
    assert re.search(begin, plan), plan  # where the 90 days begin
    assert not re.search(whole, plan), plan
    assert re.search(found, plan), plan
