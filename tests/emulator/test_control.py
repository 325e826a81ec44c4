"""The control interface: what it refuses, and what the call log tells."""

from __future__ import annotations

import time
from http.client import HTTPConnection

import pytest

from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator, EmulatorFailed
from tests.emulator.conftest import create_type, make_client


@pytest.fixture
def emulator(servers: dict[str, Emulator]) -> Emulator:
    server = servers["sandbox"]
    server.reset()
    server.configure(**Settings().as_dict())
    return server


def test_settings_change_all_or_none(emulator: Emulator) -> None:
    assert emulator.configure(latency_ms=5)["latency_ms"] == 5.0
    with pytest.raises(EmulatorFailed, match="no setting called colour"):
        emulator.configure(latency_ms=9, colour="red")
    assert emulator.control("GET", "settings")["latency_ms"] == 5.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latency_ms", -1),
        ("latency_ms", "5"),
        ("latency_ms", True),
        ("latency_ms", float("nan")),
        ("unknown_workers", "maybe"),
        ("require_prior_work", 1),
        ("unlinked_accounts", "AKIAFIRST"),
    ],
)
def test_impossible_settings(emulator: Emulator, name: str, value: object) -> None:
    before = emulator.control("GET", "settings")
    with pytest.raises(EmulatorFailed, match=f"{name} must be"):
        emulator.configure(**{name: value})
    assert emulator.control("GET", "settings") == before


def test_health(emulator: Emulator) -> None:
    create_type(make_client(emulator.url, "AKIAFIRST"))
    health = emulator.control("GET", "health")
    assert health["calls"] >= 1
    assert {k: health[k] for k in ("status", "environment", "qualification_types", "grants")} == {
        "status": "ok",
        "environment": "sandbox",
        "qualification_types": 1,
        "grants": 0,
    }


def test_call_log_tells_all(emulator: Emulator) -> None:
    start = time.time()
    client = make_client(emulator.url, "AKIAFIRST")
    type_id = create_type(client)
    client.associate_qualification_with_worker(
        QualificationTypeId=type_id, WorkerId="A1LOGGED", IntegerValue=3, SendNotification=False
    )
    request_id = emulator.ask(type_id, "A1ASKING")
    client.accept_qualification_request(QualificationRequestId=request_id)
    created, granted, accepted = emulator.calls()
    assert start - 1 <= granted.pop("at") <= time.time() + 1
    assert granted.pop("sequence") == created["sequence"] + 1
    assert granted == {
        "access_key": "AKIAFIRST",
        "operation": "AssociateQualificationWithWorker",
        "worker_id": "A1LOGGED",
        "qualification_type_id": type_id,
        "qualification_request_id": None,
        "value": 3,
        "send_notification": False,
        "outcome": "ok",
        "applied": True,
    }
    assert (accepted["worker_id"], accepted["qualification_type_id"]) == ("A1ASKING", type_id)
    assert accepted["qualification_request_id"] == request_id


def test_call_log_since(emulator: Emulator) -> None:
    client = make_client(emulator.url, "AKIAFIRST")
    for _ in range(5):
        client.get_account_balance()
    numbers = [call["sequence"] for call in emulator.calls()]
    assert [call["sequence"] for call in emulator.calls(since=numbers[2])] == numbers[3:]
    assert emulator.calls(since=numbers[-1]) == []
    limited = emulator.control("GET", "calls", {"since": numbers[0], "limit": 2})
    assert [call["sequence"] for call in limited["calls"]] == numbers[1:3]
    assert limited["last"] == numbers[-1]


@pytest.mark.parametrize(
    ("method", "name", "content", "complaint"),
    [
        ("GET", "nothing", {}, "404"),
        ("POST", "health", {}, "405"),
        ("GET", "calls", {"since": "x"}, "since must be a whole number"),
        ("GET", "holders", {}, "type_id is missing"),
        ("POST", "workers", {"worker_ids": "A1"}, "must be a list"),
        ("POST", "workers", {"worker_ids": ["bad id"]}, "is not a worker id"),
        ("POST", "workers", {"worker_ids": ["AUNKNOWN1"]}, "never known"),
        ("POST", "work", {"worker_ids": []}, "account is missing"),
        ("POST", "clock", {"advance_seconds": -1}, "advance_seconds must be"),
        ("POST", "requests", {"worker_id": "A1"}, "qualification_type_id is missing"),
        ("POST", "seed", {}, "right form"),
        ("POST", "seed", {"accounts": {"AKIA": [{"name": "x"}]}}, "right form"),
    ],
)
def test_refusals(emulator: Emulator, method: str, name: str, content: dict[str, object], complaint: str) -> None:
    with pytest.raises(EmulatorFailed, match=complaint):
        emulator.control(method, name, content)


def test_web_pages_cannot_steer_it(emulator: Emulator) -> None:
    """A form or a simple fetch of a foreign page has another content type."""
    create_type(make_client(emulator.url, "AKIAFIRST"))
    connection = HTTPConnection(emulator.host, emulator.port, timeout=5)
    connection.request("POST", "/_emulator/reset", body="{}", headers={"Content-Type": "text/plain"})
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == 415
    assert len(emulator.calls()) == 1


def test_reset_empties_the_world_and_keeps_the_settings(emulator: Emulator) -> None:
    client = make_client(emulator.url, "AKIAFIRST")
    type_id = create_type(client)
    client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId="A1GONE")
    emulator.fault("reset")
    emulator.configure(latency_ms=1)
    emulator.reset()
    assert emulator.grant_map(type_id) == {}
    assert emulator.outbox() == []
    assert emulator.control("GET", "faults")["faults"] == []
    assert emulator.control("GET", "settings")["latency_ms"] == 1
    assert create_type(client) != type_id
