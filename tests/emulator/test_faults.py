"""Every kind of misbehaviour, as a boto3 program meets it, and what really happened by then."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError

from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator, EmulatorFailed
from tests.emulator.conftest import create_type, make_client
from tests.emulator.refusals import TURK, refusal

WORKER = "A1EXAMPLEWORKER"
ASSOCIATE = "AssociateQualificationWithWorker"


@pytest.fixture
def emulator(servers: dict[str, Emulator]) -> Emulator:
    server = servers["sandbox"]
    server.reset()
    server.configure(**Settings().as_dict())
    return server


class Bench:
    """A client, a type, and the last call with its truth."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.client = make_client(emulator.url, "AKIADEMOFIRST", read_timeout=0.4)
        self.type_id = create_type(self.client)

    def grant(self, worker_id: str = WORKER) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.associate_qualification_with_worker(
            QualificationTypeId=self.type_id, WorkerId=worker_id, IntegerValue=7
        )
        return answer

    def truth(self) -> tuple[str, bool, dict[str, int]]:
        """(outcome, applied) of the last call, and who holds the type."""
        last = self.emulator.calls()[-1]
        return last["outcome"], last["applied"], self.emulator.grant_map(self.type_id)


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return Bench(emulator)


@pytest.mark.parametrize(("when", "held"), [("before", {}), ("after", {WORKER: 7})])
def test_reset(bench: Bench, when: str, held: dict[str, int]) -> None:
    bench.emulator.fault("reset", when=when)
    with pytest.raises(ConnectionClosedError):
        bench.grant()
    assert bench.truth() == (f"fault:reset_{when}", bool(held), held)


@pytest.mark.parametrize(("when", "held"), [("before", {}), ("after", {WORKER: 7})])
def test_server_error(bench: Bench, when: str, held: dict[str, int]) -> None:
    bench.emulator.fault("error", when=when)
    found = refusal(bench.grant)
    assert (found.kind, found.status) == ("ServiceFault", 500)
    assert bench.truth() == (f"fault:error_{when}", bool(held), held)


@pytest.mark.parametrize(("when", "held"), [("before", {}), ("after", {WORKER: 7})])
def test_html_instead_of_an_answer(bench: Bench, when: str, held: dict[str, int]) -> None:
    """boto3 takes this for a success: only the missing request id tells."""
    bench.emulator.fault("html", when=when)
    metadata = bench.grant()["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 200
    assert "RequestId" not in metadata
    assert bench.truth() == (f"fault:html_{when}", bool(held), held)


def test_truncated_body(bench: Bench) -> None:
    """boto3 does not notice: what is missing from the body is missing from its answer."""
    bench.emulator.fault("truncate", operation="GetAccountBalance")
    answer = bench.client.get_account_balance()
    assert set(answer) == {"ResponseMetadata"}
    assert bench.client.list_qualification_requests()["NumResults"] == 0


def test_missing_request_id(bench: Bench) -> None:
    bench.emulator.fault("no_request_id")
    assert "RequestId" not in bench.grant()["ResponseMetadata"]
    assert bench.truth() == ("fault:no_request_id_after", True, {WORKER: 7})


def test_delay_before_the_effect(bench: Bench) -> None:
    bench.emulator.fault("delay", when="before", delay_ms=900, operation=ASSOCIATE)
    with pytest.raises(ReadTimeoutError):
        bench.grant()
    assert bench.emulator.grant_map(bench.type_id) == {}
    bench.emulator.wait_for_calls(2)
    assert bench.truth() == ("ok", True, {WORKER: 7})


def test_delay_after_the_effect(bench: Bench) -> None:
    bench.emulator.fault("delay", when="after", delay_ms=900)
    with pytest.raises(ReadTimeoutError):
        bench.grant()
    assert bench.truth() == ("ok", True, {WORKER: 7})


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDeniedException", 400),
        ("ExpiredTokenException", 400),
        ("UnrecognizedClientException", 400),
        ("InvalidSignatureException", 400),
        ("ThrottlingException", 400),
        ("ServiceUnavailable", 503),
        ("RequestError", 400),
    ],
)
def test_error_by_code(bench: Bench, code: str, status: int) -> None:
    bench.emulator.fault("error", code=code)
    found = refusal(bench.grant)
    assert (found.kind, found.status) == (code, status)
    assert bench.truth()[1:] == (False, {})


def test_error_with_own_words(bench: Bench) -> None:
    code = f"{TURK}InsufficientFunds"
    bench.emulator.fault("error", code="RequestError", turk_error_code=code, message="No money.", status=402)
    found = refusal(bench.grant)
    assert (found.turk_code, found.status) == (code, 402)
    assert found.message.startswith("No money. (")


def test_rule_for_one_worker_and_operation(bench: Bench) -> None:
    bench.emulator.fault("error", operation=ASSOCIATE, worker_id="A1UNLUCKY")
    bench.grant("A1LUCKY")
    refusal(bench.grant, worker_id="A1UNLUCKY")
    other = refusal(bench.client.get_qualification_score, QualificationTypeId=bench.type_id, WorkerId="A1UNLUCKY")
    assert other.turk_code == f"{TURK}QualificationDoesNotExist"


def test_every_nth_call_after_some_a_few_times(bench: Bench) -> None:
    bench.emulator.fault("error", operation=ASSOCIATE, skip=2, every=3, times=2)
    failed = []
    for number in range(1, 15):
        try:
            bench.grant(f"A1WORKER{number}")
        except ClientError:
            failed.append(number)
    assert failed == [5, 8]


def test_first_rule_that_fires_wins_and_delays_add_up(bench: Bench) -> None:
    bench.emulator.fault("delay", when="after", delay_ms=60)
    bench.emulator.fault("delay", when="before", delay_ms=60)
    bench.emulator.fault("error", code="AccessDeniedException")
    bench.emulator.fault("reset")
    start = time.monotonic()
    assert refusal(bench.grant).kind == "AccessDeniedException"
    assert time.monotonic() - start >= 0.12


def test_cleared_faults_are_gone(bench: Bench) -> None:
    bench.emulator.fault("reset")
    with pytest.raises(BotoCoreError):
        bench.grant()
    bench.emulator.clear_faults()
    bench.grant()
    assert bench.emulator.control("GET", "faults")["faults"] == []


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({"kind": "explode"}, "kind must be one of"),
        ({"kind": ["reset"]}, "kind must be one of"),
        ({"kind": "reset", "when": "later"}, "when must be"),
        ({"kind": "truncate", "when": "before"}, "always after"),
        ({"kind": "reset", "operation": "CreateHit"}, "no operation called"),
        ({"kind": "reset", "every": 0}, "every must be"),
        ({"kind": "reset", "times": "2"}, "times must be"),
        ({"kind": "delay"}, "needs delay_ms"),
        ({"kind": "error", "status": 99}, "status must be"),
        ({"kind": "error", "message": 1}, "message must be"),
        ({"kind": "delay", "delay_ms": float("nan")}, "delay_ms must be"),
        ({"kind": "delay", "delay_ms": 10, "distribution": "odd"}, "distribution must be"),
        ({"kind": "delay", "delay_ms": 10, "distribution": "normal"}, "needs spread_ms"),
        ({"kind": "reset", "probability": 0}, "probability must be"),
        ({"kind": "reset", "probability": 1.5}, "probability must be"),
        ({"kind": "reset", "seed": "x"}, "seed must be"),
        ({"kind": "reset", "number": 3}, "no field called number"),
        ({"kind": "reset", "_dice": 3}, "no field called _dice"),
        ({"kind": "reset", "colour": "red"}, "no field called colour"),
        ({"kind": "reset", "fired": 1}, "no field called fired"),
    ],
)
def test_impossible_rules_are_refused(emulator: Emulator, rule: dict[str, Any], complaint: str) -> None:
    with pytest.raises(EmulatorFailed, match=complaint):
        emulator.control("POST", "faults", rule)
    assert emulator.control("GET", "faults")["faults"] == []
