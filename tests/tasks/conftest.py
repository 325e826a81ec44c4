"""An emulator, a type the account owns there, and real processes that share the test's database."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.models import AccountPace, Job, QualificationType, RequesterAccount
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk import pacing
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.tasks import callers
from qualadmin.tasks.accounts import gateway_for
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)
from tests.factories import TypeFactory
from tests.tasks.clusters import Cluster
from tests.tasks.processes import Processes

# Only SQLite has one write lock for everybody.
collect_ignore = [] if connection.vendor == "sqlite" else ["test_full_disk_sqlite.py", "test_locked_sqlite.py"]


@pytest.fixture(scope="session")
def _emulators() -> Iterator[list[Emulator]]:
    """The one server of this run, started anew when a test has ended it."""
    running: list[Emulator] = []
    yield running
    for one in running:
        one.stop()


@pytest.fixture
def _callers() -> Iterator[None]:
    """Each test has accounts of its own, so their calling processes end with it."""
    yield
    callers.close_all()


@pytest.fixture
def emulator(settings: Any, _emulators: list[Emulator], _callers: None) -> Emulator:
    """Where accounts of the environment `emulator` are served during the test: empty, and without faults."""
    if not _emulators:
        _emulators.append(Emulator().start())
    running = _emulators[0]
    running.reset()
    running.clear_faults()
    running.configure(
        latency_ms=0, rate=0, burst=10, unknown_workers="accept", list_lag_seconds=0, unlinked_accounts=[]
    )
    settings.EMULATOR_URL = running.url
    settings.SETTLE_SECONDS = 1
    settings.DRAIN_THREADS = 8
    return running


@pytest.fixture
def own_emulator(settings: Any, _callers: None) -> Iterator[Emulator]:
    """One that the test may end."""
    with Emulator() as running:
        settings.EMULATOR_URL = running.url
        settings.SETTLE_SECONDS = 1
        settings.DRAIN_THREADS = 8
        yield running


@pytest.fixture
def gateway(emulator: Emulator, account: RequesterAccount) -> QualificationGateway:
    return gateway_for(account)


@pytest.fixture
def live_type(gateway: QualificationGateway, account: RequesterAccount) -> QualificationType:
    """A type that really exists at the emulator."""
    return make_live_type(account)


def make_live_type(account: RequesterAccount) -> QualificationType:
    """Create one at Amazon's side and note it here."""
    remote, _ = gateway_for(account).create_type(name="Wave 3", description="Took part in wave 2.")
    found: QualificationType = TypeFactory(account=account, name="Wave 3", mturk_id=remote.type_id)
    let_it_run(account)
    return found


def make_live_type_again(account: RequesterAccount, job: Job) -> str:
    """The emulator forgot everything when it ended; give it the type under a new id and note that."""
    remote, _ = gateway_for(account).create_type(name="Wave 3", description="Took part in wave 2.")
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("qtype.imported", changes={"mturk_id": [None, remote.type_id]})
        QualificationType.objects.filter(changes__job=job).update(mturk_id=remote.type_id, audit_id=entry)
    let_it_run(account)
    return remote.type_id


def let_it_run(account: RequesterAccount, rate: float = 400.0) -> None:
    """As if Amazon had long been known to take this many calls a second: tests need not find out anew."""
    AccountPace.objects.update_or_create(account=account, defaults={"state": pacing.start(rate=rate).to_dict()})


@pytest.fixture
def processes(
    emulator: Emulator,
    own_database: OwnDatabase,  # noqa: F811
    tmp_path: Path,
) -> Iterator[Processes]:
    """Processes that share database and emulator with the test. Ask for it before anything that writes rows."""
    with ExitStack() as stack:
        yield stack.enter_context(
            Processes(own_database.url, tmp_path, emulator_url=emulator.url, settle_seconds=1, drain_threads=8)
        )


@pytest.fixture
def cluster(
    emulator: Emulator,
    own_database: OwnDatabase,  # noqa: F811
    tmp_path: Path,
) -> Iterator[Cluster]:
    made = Cluster(own_database, emulator, tmp_path)
    yield made
    made.kill()
