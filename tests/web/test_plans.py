"""With statistics collected, the questions of daily pages are answered from an index, on both databases."""

import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from benchmarks.bulk import put
from benchmarks.lab import CONTEXT, HELD_COLUMNS, SALT, WORKER_COLUMNS
from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions import workers
from qualadmin.core.actions.holders import apply_holders, unlisted_holders
from qualadmin.core.actions.restorations import undecided
from qualadmin.core.actions.seen import SeenHolder
from qualadmin.core.actions.type_changes import has_open_changes
from qualadmin.core.actions.workers import Found, find_workers
from qualadmin.core.actor import Actor
from qualadmin.core.models import QualificationType, Restoration
from qualadmin.core.vitals import read_vitals
from tests.factories import JobFactory, RoleFactory, StudyFactory, TypeFactory, UserFactory
from tests.people import Cast
from tests.web.lists import Someone

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 1, tzinfo=UTC)
WORKERS, CHANGES = 4_000, 4_000
CHANGE_COLUMNS = (
    "job_id", "n", "line", "type_id", "worker_id", "verb", "status_before", "value", "state", "attempt", "code",
    "message", "aws_request_id", "created_at", "finished_at", "due_at", "lease_by", "checks", "throttles",
    "audit_id",
)  # fmt: skip


@pytest.fixture
def crowd(cast: Cast) -> None:
    """Thousands of workers with their grants; a quiet type, a quiet study and a quiet account."""
    types = [TypeFactory(account=cast.account, name=f"Wave {n}") for n in range(4)]
    TypeFactory(account=cast.account, name="Quiet")
    job = JobFactory(account=cast.account, created_by=cast.granter)
    people = [uuid.uuid4() for _ in range(WORKERS)]
    with audit.transaction(CONTEXT) as tx:
        entry = tx.record("qtype.synced", stream=cast.account.stream)
        for _ in range(1_000):  # most of the log is of others
            tx.record("qtype.synced", stream="study:loud")
        ids = [f"A{n:09d}" for n in range(WORKERS)]
        put(
            "core_worker",
            WORKER_COLUMNS,
            [(pk, one, SALT, NOW, entry) for pk, one in zip(people, ids, strict=True)],
        )
        put(
            "core_qualification",
            HELD_COLUMNS,
            [(types[0].pk, pk, "Granted", 1, NOW, NOW, entry) for pk in people],
        )
        put("core_change", CHANGE_COLUMNS, [
            (
                job.pk, n, n, types[n % 4].pk, people[n], "grant", "", 1, "done", 1, "", "", "", NOW, NOW, NOW, "",
                0, 0, entry,
            )
            for n in range(CHANGES)
        ])  # fmt: skip
    loud = StudyFactory(title="Loud")
    JobFactory.create_batch(60, account=cast.account, created_by=cast.granter, study=loud)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


LARGE = ("core_worker", "core_change", "core_qualification", "audit_entry")


def plans_of(visit: Callable[[], Any], *, small: bool = False) -> dict[str, str]:
    """The questions of a visit, each with how the database goes about it.

    `small`: of tables so small here that PostgreSQL is told not to read them whole.
    """
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        visit()
    explain = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    found = {}
    with connection.cursor() as cursor:
        if small and connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        for sql, params in asked:
            if sql.startswith("SELECT"):
                cursor.execute(explain + sql, params)
                found[sql] = "\n".join(str(row[-1]) for row in cursor.fetchall())
    return found


def read_whole(plans: dict[str, str], tables: Iterable[str] = LARGE) -> list[str]:
    """Plans that read a table, or an index that holds all of it, from one end to the other."""
    partial = "change_needs_person|change_planned|change_open"
    return [
        plan
        for plan in plans.values()
        for table in tables
        if re.search(rf"(SCAN|Seq Scan on) {table}\b(?!.*INDEX ({partial}))", plan)
    ]


def using(plans: dict[str, str], index: str) -> list[str]:
    """Questions that are answered from this index."""
    return [sql for sql, plan in plans.items() if index in plan]


def test_workers_are_found_by_the_index_of_their_ids(
    crowd: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "LOOKED_AT", 20)
    monkeypatch.setattr(workers, "PAGE", 10)
    outsider = UserFactory()
    RoleFactory(user=outsider, role="granter", account=cast.other_account)
    index = "core_worker_worker_id_" if connection.vendor == "postgresql" else "sqlite_autoindex_core_worker_2"
    for person, shown in ((cast.granter, 10), (outsider, 0)):
        for text in ("A", "A0000012", "A000001234", "AZ"):
            found: list[Found] = []
            plans = plans_of(lambda: found.append(find_workers(actor=person.as_actor(), text=text)))  # noqa: B023
            assert len(found[0].workers) == min(shown, {"A": 10, "A0000012": 100, "A000001234": 1, "AZ": 0}[text])
            # Of a few thousand holders PostgreSQL rather collects all than to ask for each of the twenty.
            few = person is outsider and connection.vendor == "postgresql"
            assert read_whole(plans, LARGE[:1] if few else LARGE) == [], plans
            assert using(plans, index), plans
    page = find_workers(actor=cast.granter.as_actor(), text="A")
    plans = plans_of(lambda: find_workers(actor=cast.granter.as_actor(), text="A", after=page.after))
    assert read_whole(plans) == []
    assert using(plans, index)


def test_the_list_of_types_asks_an_index_for_the_last_grant(crowd: None, cast: Cast, client: Client) -> None:
    plans = plans_of(lambda: Someone(client, cast.granter, cast.account).get("/types/"))
    assert using(plans, "change_granted"), [p for q, p in plans.items() if "core_change" in q]
    assert read_whole(plans, ["core_change"]) == []


def test_what_needs_a_person_is_counted_by_its_own_index(crowd: None) -> None:
    plans = plans_of(lambda: read_vitals(timezone.now()))
    assert using(plans, "change_needs_person"), plans
    assert read_whole(plans, ["core_change"]) == [], plans


def test_what_is_under_way_is_read_by_an_index_of_its_own(crowd: None, cast: Cast) -> None:
    """Comparing holders asks once for each thousand of them: it must not read the whole history of the type."""
    row = QualificationType.objects.get(name="Wave 0")
    seen = [SeenHolder(f"A{n:09d}", "Granted", 1, NOW) for n in range(100)]
    plans = plans_of(
        lambda: (
            apply_holders(actor=Actor.system("sync_type"), type=row, holders=seen),
            unlisted_holders(type=row, as_of=NOW, limit=1),
            has_open_changes(row),
            undecided(Restoration()),
        )
    )
    asked = {sql: plan for sql, plan in plans.items() if "core_change" in sql}
    assert len(asked) == 5
    for sql, plan in asked.items():
        assert re.search("one_call_in_flight|change_in_flight|change_open", plan), (sql, plan)


def test_no_page_goes_through_all_workers_for_what_waits(crowd: None, cast: Cast, client: Client) -> None:
    """The badge of approvals counts wishes to erase a worker, for who may decide on them."""
    for name in ("pi", "manager"):
        plans = plans_of(lambda: Someone(client, cast.user(name), cast.account).get("/types/"))  # noqa: B023
        asked = {sql: plan for sql, plan in plans.items() if "core_erasure" in sql}
        assert asked
        assert not any("core_worker" in sql for sql in asked), asked


def test_a_pi_of_quiet_studies_reads_no_other_log(crowd: None, cast: Cast, client: Client) -> None:
    pi = Someone(client, cast.pi, cast.account)
    last = AuditEntry.objects.order_by("-seq").values_list("seq", flat=True)[3]
    for address in ("/audit/", f"/audit/?after={last}", "/audit/?from=2020-01-01"):
        plans = plans_of(lambda: pi.get(address))  # noqa: B023
        assert using(plans, "audit_stream_log"), plans
        assert read_whole(plans, ["audit_entry"]) == [], plans


def test_a_pi_of_quiet_studies_reads_no_other_jobs(crowd: None, cast: Cast, client: Client) -> None:
    pi = Someone(client, cast.pi, cast.account)
    for address in ("/jobs/", "/jobs/?result=failed"):
        plans = plans_of(lambda: pi.get(address), small=True)  # noqa: B023
        apart = [plan for sql, plan in plans.items() if " UNION " in sql and "core_job" in sql]
        # A few jobs of a study are as quickly sorted, says PostgreSQL.
        assert apart
        assert all(re.search("job_of_study|core_job_study_id", plan) for plan in apart), apart
        assert "job_list" not in "".join(apart), apart
