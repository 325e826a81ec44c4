from collections.abc import Iterator

import pytest

from qualadmin.mturk import client as client_module
from qualadmin.mturk.client import ClientCache
from qualadmin.mturk.credentials import AccountCredentials
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import Environment
from tests.mturk.scripted import ScriptedServer


def open_gateway(url: str) -> QualificationGateway:
    credentials = AccountCredentials(Environment.EMULATOR, access_key_id="AKIADEMOEXAMPLE", emulator_url=url)
    return ClientCache().gateway(credentials, threads=2)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def gateway(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> QualificationGateway:
    monkeypatch.setattr(client_module, "READ_SECONDS", 0.5)
    return open_gateway(server.url)
