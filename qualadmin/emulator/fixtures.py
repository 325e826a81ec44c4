"""Fixtures for anybody's tests with pytest: `pytest_plugins = ["qualadmin.emulator.fixtures"]`.

With either of them, every client that is made by `boto3.client("mturk")` talks to an empty sandbox of the
emulator; the program under test need not know.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qualadmin.emulator.accounts import DEMO_SECRET
from qualadmin.emulator.control import Control
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator

ACCESS_KEY = "AKIADEMOEMULATOR0001"
SANDBOX = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"


@pytest.fixture(scope="session")
def mturk_server() -> Iterator[Emulator]:
    """A server for all tests of a run; `mturk_emulator` is the one to ask for."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def mturk_emulator(mturk_server: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator in a process of its own, as `mturk_emulator.url`, with nothing in it and its settings as at
    the start."""
    mturk_server.reset()
    mturk_server.configure(**Settings().as_dict())
    _point_to(mturk_server.url, monkeypatch)
    return mturk_server


@pytest.fixture
def mock_mturk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """The emulator inside moto's `mock_aws`, which is quicker to start. `mock_mturk.handle("POST", "faults",
    {...})` is what is under /_emulator/ elsewhere."""
    # moto takes a second to import; who only wants the server need not wait for it.
    from moto import mock_aws

    from qualadmin.emulator.register import register
    from qualadmin.emulator.service.models import engine

    register()
    with mock_aws():
        _point_to(SANDBOX, monkeypatch)
        yield Control(engine("sandbox"))


def _point_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_MTURK", url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", DEMO_SECRET)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        monkeypatch.delenv(name, raising=False)
    # A session that was made before keeps the credentials it found then.
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
