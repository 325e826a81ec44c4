"""The control interface: what it refuses, and what the call log tells."""

from __future__ import annotations

import time
from http.client import HTTPConnection
from typing import Any

import pytest

from qualadmin.emulator.control import recorded
from qualadmin.emulator.control.recorded import MOST
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator, EmulatorFailed
from tests.emulator.calls import incoming
from tests.emulator.conftest import create_type, make_client
from tests.emulator.refusals import TURK, refusal


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
        ("unlinked_accounts", "AKIADEMOFIRST"),
    ],
)
def test_impossible_settings(emulator: Emulator, name: str, value: object) -> None:
    before = emulator.control("GET", "settings")
    with pytest.raises(EmulatorFailed, match=f"{name} must be"):
        emulator.configure(**{name: value})
    assert emulator.control("GET", "settings") == before


def test_health(emulator: Emulator) -> None:
    create_type(make_client(emulator.url, "AKIADEMOFIRST"))
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
    client = make_client(emulator.url, "AKIADEMOFIRST")
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
        "access_key": "AKIADEMOFIRST",
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
    client = make_client(emulator.url, "AKIADEMOFIRST")
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
        ("POST", "workers", {"worker_ids": ["bad id"]}, "is not a worker ID"),
        ("POST", "workers", {"worker_ids": ["AUNKNOWN1"]}, "never known"),
        ("POST", "work", {"worker_ids": []}, "account is missing"),
        ("POST", "clock", {"advance_seconds": -1}, "advance_seconds must be"),
        ("POST", "clock", {"advance_seconds": 1e300}, "advance_seconds must be"),
        ("POST", "clock", {"advance_seconds": True}, "advance_seconds must be"),
        ("GET", "calls", {"worker": "A1"}, "no field called worker"),
        ("GET", "outbox", {"since": "1.5"}, "since must be a whole number"),
        ("GET", "outbox", {"before": "x"}, "before must be a whole number"),
        ("GET", "calls", {"before": 5, "since": 3}, "since or before, not both"),
        ("POST", "worker", {}, "worker_id is missing"),
        ("POST", "requests", {"answr": "x"}, "no field called answr"),
        ("POST", "requests", {"score": True}, "score must be a whole number"),
        ("DELETE", "faults", {"number": 99}, "404 There is no fault rule number 99"),
        ("DELETE", "faults", {"numbr": 1}, "no field called numbr"),
        ("POST", "requests", {"worker_id": "A1"}, "qualification_type_id is missing"),
        ("POST", "seed", {}, "right form"),
        ("POST", "seed", {"accounts": {"AKIA": [{"name": "x"}]}}, "right form"),
    ],
)
def test_refusals(emulator: Emulator, method: str, name: str, content: dict[str, object], complaint: str) -> None:
    with pytest.raises(EmulatorFailed, match=complaint):
        emulator.control(method, name, content)


def test_calls_of_one_operation_or_outcome(emulator: Emulator) -> None:
    first, second = make_client(emulator.url, "AKIADEMOFIRST"), make_client(emulator.url, "AKIADEMOSECOND")
    type_id = create_type(first)
    first.get_account_balance()
    second.get_account_balance()
    refusal(second.list_workers_with_qualification_type, QualificationTypeId=type_id)

    def found(**wanted: object) -> list[tuple[str, str]]:
        calls = emulator.control("GET", "calls", wanted)["calls"]
        return [(call["operation"], call["access_key"]) for call in calls]

    assert found(operation="GetAccountBalance") == [
        ("GetAccountBalance", "AKIADEMOFIRST"),
        ("GetAccountBalance", "AKIADEMOSECOND"),
    ]
    assert found(operation="GetAccountBalance", limit=1) == [("GetAccountBalance", "AKIADEMOFIRST")]
    assert found(operation="GetAccountBalance", access_key="AKIADEMOSECOND") == [
        ("GetAccountBalance", "AKIADEMOSECOND")
    ]
    assert found(outcome=f"{TURK}PermissionDenied") == [("ListWorkersWithQualificationType", "AKIADEMOSECOND")]


def test_mails_page_by_page(emulator: Emulator) -> None:
    client = make_client(emulator.url, "AKIADEMOFIRST")
    type_id = create_type(client)
    for number in range(5):
        client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=f"A1MAIL{number}")
    page = emulator.control("GET", "outbox", {"since": 1, "limit": 2})
    assert [(mail["number"], mail["worker_id"]) for mail in page["mails"]] == [(2, "A1MAIL1"), (3, "A1MAIL2")]
    assert page["last"] == 5
    rest = emulator.control("GET", "outbox", {"since": 3})
    assert [mail["number"] for mail in rest["mails"]] == [4, 5]
    assert (page["next"], rest["next"]) == (3, None)
    newest = emulator.control("GET", "outbox", {"before": 6, "limit": 2})
    assert [mail["number"] for mail in newest["mails"]] == [5, 4]
    oldest = emulator.control("GET", "outbox", {"before": newest["next"]})
    assert [mail["number"] for mail in oldest["mails"]] == [3, 2, 1]
    assert oldest["next"] is None


def engine_with_calls(count: int) -> Engine:
    """Every tenth lists HITs."""
    engine = Engine("sandbox", Settings(signatures="ignored"))
    for number in range(count):
        engine.execute(engine.receive(incoming("GetAccountBalance" if number % 10 else "ListHITs", {})))
    return engine


def test_one_answer_never_holds_the_whole_log() -> None:
    engine = engine_with_calls(MOST + 200)
    for content in ({}, {"limit": 0}, {"limit": 10**9}):
        answer = recorded.calls(engine, content)
        assert [call["sequence"] for call in answer["calls"]] == list(range(1, MOST + 1))
        assert (answer["next"], answer["last"]) == (MOST, MOST + 200)
    rest = recorded.calls(engine, {"since": MOST})
    assert [call["sequence"] for call in rest["calls"]] == list(range(MOST + 1, MOST + 201))
    assert rest["next"] is None
    newest = recorded.calls(engine, {"before": MOST + 201, "limit": 3})
    assert [call["sequence"] for call in newest["calls"]] == [MOST + 200, MOST + 199, MOST + 198]
    assert recorded.calls(engine, {"before": 1}) == {"calls": [], "last": MOST + 200, "next": None}


def test_a_filter_stops_after_some_rows_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qualadmin.emulator.packed.LOOKED_AT", 25)
    engine = engine_with_calls(60)
    for name, at in (("since", 0), ("before", 61)):
        found, answers, place = [], 0, at
        while place is not None:
            answer = recorded.calls(engine, {name: place, "operation": "ListHITs"})
            found += [call["sequence"] for call in answer["calls"]]
            place, answers = answer["next"], answers + 1
        assert sorted(found) == [1, 11, 21, 31, 41, 51]
        assert answers == 3


def test_numbers_of_calls_go_on_after_a_reset() -> None:
    engine = engine_with_calls(5)
    engine.reset()
    engine.execute(engine.receive(incoming("GetAccountBalance", {})))
    for content in ({"since": 0}, {"since": 5}, {"before": 100}):
        assert [call["sequence"] for call in recorded.calls(engine, content)["calls"]] == [6]
    assert recorded.calls(engine, {"before": 6})["calls"] == []


def test_the_helper_reads_a_long_log_whole(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client(emulator.url, "AKIADEMOFIRST")
    type_id = create_type(client)
    for number in range(7):
        client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=f"A1MAIL{number}")
    asked, whole = [], (emulator.calls(), emulator.outbox())
    control = Emulator.control

    def in_threes(self: Emulator, method: str, name: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        asked.append(name)
        return control(self, method, name, {**(content or {}), "limit": 3})

    monkeypatch.setattr(Emulator, "control", in_threes)
    assert (emulator.calls(), emulator.outbox()) == whole
    assert asked == ["calls"] * 3 + ["outbox"] * 3


def test_what_one_worker_holds_and_has_asked_for(emulator: Emulator) -> None:
    client = make_client(emulator.url, "AKIADEMOFIRST")
    granted, revoked, wanted = (create_type(client, name) for name in ("Granted", "Revoked", "Wanted"))
    for type_id in (granted, revoked):
        client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId="A1LOOK", IntegerValue=4)
    client.disassociate_qualification_from_worker(QualificationTypeId=revoked, WorkerId="A1LOOK")
    request_id = emulator.ask(wanted, "A1LOOK")
    emulator.ask(wanted, "A1OTHER")
    client.reject_qualification_request(QualificationRequestId=request_id, Reason="Not now.")
    found = emulator.control("POST", "worker", {"worker_id": "A1LOOK"})
    assert found["known"] is True
    assert [(row["name"], row["value"], row["status"]) for row in found["qualifications"]] == [
        ("Granted", 4, "Granted"),
        ("Revoked", 4, "Revoked"),
    ]
    assert [(row["qualification_request_id"], row["state"], row["reason"]) for row in found["requests"]] == [
        (request_id, "rejected", "Not now.")
    ]


def test_the_clock_tells_its_time(emulator: Emulator) -> None:
    ahead = emulator.control("POST", "clock", {"advance_seconds": 3600})
    assert ahead["ahead_seconds"] == 3600
    assert emulator.control("GET", "clock")["now"] == pytest.approx(time.time() + 3600, abs=60)


def test_web_pages_cannot_steer_it(emulator: Emulator) -> None:
    """A form or a simple fetch of a foreign page has another content type."""
    create_type(make_client(emulator.url, "AKIADEMOFIRST"))
    connection = HTTPConnection(emulator.host, emulator.port, timeout=5)
    connection.request("POST", "/_emulator/reset", body="{}", headers={"Content-Type": "text/plain"})
    response = connection.getresponse()
    response.read()
    connection.close()
    assert response.status == 415
    assert len(emulator.calls()) == 1


def test_reset_empties_the_world_and_keeps_the_settings(emulator: Emulator) -> None:
    client = make_client(emulator.url, "AKIADEMOFIRST")
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
