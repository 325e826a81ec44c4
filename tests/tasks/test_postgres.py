"""What only PostgreSQL does to us: it ends connections (F-41), sessions that sleep (F-11), deadlocks (F-42)."""

import os
import signal

import pytest
from django.db import connection

from qualadmin.core.models import QualificationType, User
from qualadmin.emulator.testing import Emulator
from tests.tasks.invariants import calls_by_worker
from tests.tasks.lists import make_job
from tests.tasks.processes import Processes
from tests.tasks.test_crash import ASSOCIATE, IDS, recover_and_check

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.postgres]


def test_f41_a_server_that_ends_all_connections(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> None:
    """As a restart of PostgreSQL does to everybody who is connected."""
    job = make_job(granter, live_type, IDS)
    emulator.configure(latency_ms=100)
    [pid] = processes.start("drain", job.account_id)
    emulator.wait_for_calls(10)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] >= 1
    assert processes.wait(pid).code == 1
    emulator.configure(latency_ms=0)
    recover_and_check(emulator, processes, job)


def test_f11_a_process_frozen_inside_a_transaction_holds_up_the_account_until_the_server_ends_it(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> None:
    job = make_job(granter, live_type, IDS)
    [frozen] = processes.start("drain", job.account_id, killpoint="claiming:1:stop")
    processes.wait_until_asleep(frozen)
    try:
        # Others give up after the lock's five seconds, having sent nothing; the sweep rings for them again.
        assert processes.wait(processes.start("drain", job.account_id)[0]).code == 1
        assert "lock timeout" in processes.log
        assert calls_by_worker(emulator) == {}
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("1min",)
            # As the server does by itself after that minute.
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'idle in transaction'"
            )
            assert cursor.fetchone() == (1,)
        processes.run("recover", job.account_id)
    finally:
        os.kill(frozen, signal.SIGCONT)
    assert processes.wait(frozen).code == 1
    recover_and_check(emulator, processes, job)


def test_f42_no_deadlock_between_drains_looks_and_sweeps(
    emulator: Emulator, processes: Processes, live_type: QualificationType, granter: User
) -> None:
    job = make_job(granter, live_type, IDS)

    def deadlocks() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            return int(cursor.fetchone()[0])

    before = deadlocks()
    emulator.fault("reset", when="after", operation=ASSOCIATE, every=15)
    pids = [processes.start(deed, *words)[0] for words in ((), (job.account_id,)) for deed in deeds_of(words) * 2]
    assert {processes.wait(pid).code for pid in pids} == {0}, processes.log
    emulator.clear_faults()
    recover_and_check(emulator, processes, job)
    assert deadlocks() == before


def deeds_of(words: tuple[object, ...]) -> list[str]:
    return ["drain", "reconcile"] if words else ["sweep"]
