"""The whole of qualadmin over real HTTP: gunicorn, cluster and emulator on the test's own database."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from django.core.cache import cache

from qualadmin.core.actions.access_keys import create_access_key
from qualadmin.core.models import RequesterAccount, Study, User
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.demo import gunicorn
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)
from tests.tasks.cluster_process import ROOT
from tests.tasks.conftest import (  # noqa: F401  (fixtures)
    _callers,
    _emulators,
    cluster,
    emulator,
    gateway,
    live_type,
)

START_SECONDS = 60
WAIT = 2  # seconds a call waits for Amazon
#: As boto3 does by itself, only longer: on a busy machine the first call waits for processes that start.
PATIENT: Any = {"mode": "standard", "total_max_attempts": 12}


@pytest.fixture(autouse=True)
def _counted_from_nothing(db: None) -> None:
    cache.clear()


class Site:
    """One gunicorn beside the cluster, on the same database."""

    def __init__(self, database: OwnDatabase, emulator: Emulator, folder: Path) -> None:  # noqa: F811
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/mturk/"
        self.log = folder / "web.log"
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "QUALADMIN_MODE": "test",
            "QUALADMIN_TEST_DATABASE_URL": database.url,
            "QUALADMIN_VAR_DIR": str(folder),
            "QUALADMIN_EMULATOR_URL": emulator.url,
            "QUALADMIN_MTURK_WAIT_SECONDS": str(WAIT),
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                gunicorn(self.port), cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    def wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            assert self._process.poll() is None, self.said
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(self.said)

    @property
    def said(self) -> str:
        return self.log.read_text()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


@pytest.fixture
def site(own_database: OwnDatabase, emulator: Emulator, tmp_path: Path) -> Iterator[Site]:  # noqa: F811
    """Ask for it before anything that writes rows."""
    made = Site(own_database, emulator, tmp_path)
    yield made
    made.stop()


def key_for(
    user: User,
    account: RequesterAccount,
    *,
    may_change: bool = True,
    study: Study | None = None,
    reason: str = "",
) -> tuple[str, str]:
    """Key id and secret."""
    row, secret = create_access_key(
        actor=user.as_actor(),
        name="script",
        account=account,
        may_change=may_change,
        days=30,
        study=study,
        reason=reason,
    )
    return row.key_id, secret


def client_for(url: str, key: tuple[str, str], **config: Any) -> Any:
    """boto3's client as a lab's script has it: nothing is different but the address."""
    return boto3.client(
        "mturk",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=Config(retries=PATIENT, **config),
    )
