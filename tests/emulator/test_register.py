"""The canary: if moto finds its services in another way, this says where to look."""

from __future__ import annotations

import sys

import boto3
import pytest
from botocore.config import Config
from moto import backend_index, mock_aws
from moto.server import ThreadedMotoServer

from qualadmin.emulator.register import RegistrationFailed, register
from tests.emulator.conftest import create_type, make_client


def patterns() -> int:
    return sum(name == "mturk" for name, _ in backend_index.backend_url_patterns)


def test_registering_twice_is_once() -> None:
    register()
    register()
    assert patterns() == 1


def test_state_lasts_as_long_as_the_mock() -> None:
    register()
    url = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
    with mock_aws():
        create_type(make_client(url, "AKIADEMOFIRST"))
    with mock_aws():
        client = make_client(url, "AKIADEMOFIRST")
        assert client.list_qualification_types(MustBeRequestable=True)["NumResults"] == 0


def test_registering_after_the_mock_has_started() -> None:
    with mock_aws():
        register()
        client = boto3.client(
            "mturk",
            region_name="us-east-1",
            aws_access_key_id="AKIADEMOFIRST",
            aws_secret_access_key="made-up",
            config=Config(retries={"total_max_attempts": 1}),
        )
        assert client.get_account_balance()["AvailableBalance"] == "250.00"


def test_pseudo_region_sandbox() -> None:
    register()
    with mock_aws():
        client = boto3.client(
            "mturk", region_name="sandbox", aws_access_key_id="AKIADEMOFIRST", aws_secret_access_key="made-up"
        )
        assert client.get_account_balance()["AvailableBalance"] == "10000.00"


def test_motos_own_server() -> None:
    register()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        client = make_client(f"http://{host}:{port}", "AKIADEMOFIRST")
        create_type(client)
        assert client.list_qualification_types(MustBeRequestable=True)["NumResults"] == 1
        client.close()
    finally:
        server.stop()


def test_self_check_names_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moto.backends.get_backend", lambda name: object())
    with pytest.raises(RegistrationFailed, match=r"register\.py"):
        register()
    assert "moto.mturk" in sys.modules


@pytest.mark.parametrize("missing", ["moto.backend_index.backend_url_patterns", "moto.backends.get_backend"])
def test_what_moto_may_take_away(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.delattr(missing)
    with pytest.raises(RegistrationFailed, match=r"register\.py"):
        register()


@pytest.mark.parametrize("entries", [[("mturk",)], [None], {"mturk": "x"}])
def test_another_form_of_motos_list(monkeypatch: pytest.MonkeyPatch, entries: object) -> None:
    monkeypatch.setattr("moto.backend_index.backend_url_patterns", entries)
    with pytest.raises(RegistrationFailed, match=r"register\.py"):
        register()
