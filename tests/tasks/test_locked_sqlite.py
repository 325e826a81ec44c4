"""Another program holds SQLite's only write lock: for a while everybody waits, then people are told (F-26).

A real installation waits for 30 seconds. Here the patience is cut to one second where it has to run out.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Change, QualificationType, Study, User
from qualadmin.emulator.testing import Emulator
from tests.audit.conftest import OwnDatabase
from tests.people import Cast
from tests.tasks.invariants import assert_every_worker_granted_once, assert_log_tells_everything, calls_by_worker
from tests.tasks.lists import make_job, worker_ids
from tests.tasks.processes import Processes
from tests.web.lists import hidden_of, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

HOLD: Final = """
import sqlite3, sys, time
lock = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
lock.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
lock.execute("ROLLBACK")
"""


@contextmanager
def held(database: OwnDatabase) -> Iterator[Any]:
    """A process of its own holds the write lock; call what this yields to end it (else at the end)."""
    command = [sys.executable, "-c", HOLD, str(database.file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield lambda: holder.communicate("let go\n", timeout=20)
        if holder.poll() is None:
            holder.communicate("let go\n", timeout=20)


@pytest.fixture
def impatient(own_database: OwnDatabase) -> Iterator[None]:
    """This process waits for the lock for one second only."""
    options = connection.settings_dict["OPTIONS"]
    usual = options["timeout"]
    connection.close()
    options["timeout"] = 1
    yield
    connection.close()
    options["timeout"] = usual


@pytest.fixture
def visitor(cast: Cast, client: Client) -> Client:
    cache.clear()
    client.force_login(cast.manager)
    return client


def test_f26_five_seconds_are_waited_for(
    processes: Processes,
    own_database: OwnDatabase,
    emulator: Emulator,
    live_type: QualificationType,
    granter: User,
    visitor: Client,
    cast: Cast,
) -> None:
    ids = worker_ids(12)
    job = make_job(granter, live_type, ids)
    address = f"/studies/{cast.study.pk}/edit/"
    form = hidden_of(visitor.get(address)) | {"title": "Renamed while locked", "is_open": "on"}
    began = time.monotonic()
    with held(own_database) as let_go:
        drain = processes.start("drain", job.account_id)[0]
        threading.Timer(5, let_go).start()
        response = visitor.post(address, form)
        assert processes.wait(drain).code == 0, processes.log
    assert time.monotonic() - began > 5
    assert response.status_code == 302
    assert Study.objects.get(pk=cast.study.pk).title == "Renamed while locked"
    processes.run("recover", job.account_id)
    assert_every_worker_granted_once(emulator, job, ids)
    assert_log_tells_everything(emulator)


def test_f26_longer_and_the_page_says_so_and_keeps_the_form(
    own_database: OwnDatabase, impatient: None, visitor: Client, cast: Cast
) -> None:
    address = f"/studies/{cast.study.pk}/edit/"
    form = hidden_of(visitor.get(address)) | {"title": "Typed with <care>", "is_open": "on"}
    before = AuditEntry.objects.count()
    with held(own_database):
        response = visitor.post(address, form)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    said = text_of(response)
    assert "Nothing was changed" in said
    assert "it is not done twice" in said
    assert AuditEntry.objects.count() == before
    assert Study.objects.get(pk=cast.study.pk).title == cast.study.title
    again = hidden_of(response)
    assert {name: again[name] for name in form} == form
    assert f'action="{address}"' in response.content.decode()
    for _ in range(2):  # and the second click is the first one's
        assert visitor.post(address, again).status_code == 302
    assert Study.objects.get(pk=cast.study.pk).title == "Typed with <care>"
    assert AuditEntry.objects.filter(action="study.updated").count() == 1


def test_f26_longer_and_the_drain_goes_on_afterwards(
    own_database: OwnDatabase, emulator: Emulator, live_type: QualificationType, granter: User, tmp_path: Path
) -> None:
    ids = worker_ids(20)
    job = make_job(granter, live_type, ids)
    settings = {"emulator_url": emulator.url, "settle_seconds": 1, "drain_threads": 8}
    with Processes(f"{own_database.url}?timeout=1", tmp_path, **settings) as processes:
        with held(own_database):  # the intent can't be written down: nothing is called
            assert processes.wait(processes.start("drain", job.account_id)[0]).code == 1
        assert set(job.changes.values_list("state", flat=True)) == {Change.State.PLANNED}
        assert calls_by_worker(emulator) == {}

        emulator.configure(latency_ms=1_000)
        drain = processes.start("drain", job.account_id)[0]
        wait_for(lambda: job.changes.filter(state=Change.State.SENDING).exists())
        with held(own_database):  # the calls are under way: their answers can't be written down
            assert processes.wait(drain).code == 1
        assert processes.log.count("django.db.utils.OperationalError: database is locked") == 2
        emulator.configure(latency_ms=0)
        processes.run("recover", job.account_id)
    assert_every_worker_granted_once(emulator, job, ids)
    assert_log_tells_everything(emulator)


def wait_for(condition: Any) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
