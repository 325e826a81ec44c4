"""Kinds of misbehaviour that mean the same inside mock_aws and over HTTP, with the truth behind them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from tests.emulator.conftest import Side
from tests.emulator.refusals import refusal

WORKER = "A1EVERYWHERE"
GRANT = "AssociateQualificationWithWorker"
MOMENTS = pytest.mark.parametrize(("when", "held"), [("before", {}), ("after", {WORKER: 7})])


def fault(amazon: Side, kind: str, **fields: Any) -> int:
    number: int = amazon.control("POST", "faults", {"kind": kind, "operation": GRANT, **fields})["number"]
    return number


def grant(client: Any, type_id: str, worker_id: str = WORKER) -> dict[str, Any]:
    answer: dict[str, Any] = client.associate_qualification_with_worker(
        QualificationTypeId=type_id, WorkerId=worker_id, IntegerValue=7
    )
    return answer


def held_by(amazon: Side, type_id: str) -> Any:
    return amazon.control("GET", "holders", {"type_id": type_id})["granted"]


def outcome(amazon: Side) -> str:
    last: str = amazon.control("GET", "calls")["calls"][-1]["outcome"]
    return last


@MOMENTS
def test_reset(amazon: Side, mturk: Any, type_id: str, when: str, held: dict[str, int]) -> None:
    fault(amazon, "reset", when=when)
    with pytest.raises(ConnectionClosedError):
        grant(mturk, type_id)
    assert (outcome(amazon), held_by(amazon, type_id)) == (f"fault:reset_{when}", held)


@MOMENTS
def test_lost_answer(amazon: Side, type_id: str, when: str, held: dict[str, int]) -> None:
    fault(amazon, "lost", when=when)
    with pytest.raises(ReadTimeoutError):
        grant(amazon.client(read_timeout=0.4), type_id)
    assert (outcome(amazon), held_by(amazon, type_id)) == (f"fault:lost_{when}", held)


@MOMENTS
def test_server_error(amazon: Side, mturk: Any, type_id: str, when: str, held: dict[str, int]) -> None:
    fault(amazon, "error", when=when)
    found = refusal(
        mturk.associate_qualification_with_worker, QualificationTypeId=type_id, WorkerId=WORKER, IntegerValue=7
    )
    assert (found.kind, found.status) == ("ServiceFault", 500)
    assert held_by(amazon, type_id) == held


@MOMENTS
def test_web_page(amazon: Side, mturk: Any, type_id: str, when: str, held: dict[str, int]) -> None:
    fault(amazon, "html", when=when)
    assert "RequestId" not in grant(mturk, type_id)["ResponseMetadata"]
    assert held_by(amazon, type_id) == held


def test_expired_credentials(amazon: Side, mturk: Any, type_id: str) -> None:
    fault(amazon, "error", code="ExpiredTokenException")
    found = refusal(mturk.associate_qualification_with_worker, QualificationTypeId=type_id, WorkerId=WORKER)
    assert (found.kind, found.status) == ("ExpiredTokenException", 400)
    assert held_by(amazon, type_id) == {}


def test_truncated_body(amazon: Side, mturk: Any) -> None:
    fault(amazon, "truncate", operation="GetAccountBalance")
    assert set(mturk.get_account_balance()) == {"ResponseMetadata"}


def test_missing_request_id(amazon: Side, mturk: Any, type_id: str) -> None:
    fault(amazon, "no_request_id")
    assert "RequestId" not in grant(mturk, type_id)["ResponseMetadata"]
    assert held_by(amazon, type_id) == {WORKER: 7}


def test_body_that_is_not_json(amazon: Side, mturk: Any) -> None:
    """boto3 takes it for a success without content; the request id is there."""
    fault(amazon, "wrong_json", operation="GetAccountBalance", when="after")
    answer = mturk.get_account_balance()
    assert "AvailableBalance" not in answer
    assert answer["ResponseMetadata"]["RequestId"]


def test_json_of_another_shape(amazon: Side, mturk: Any, type_id: str) -> None:
    body = '{"Qualifications": null, "NumResults": "many"}'
    fault(amazon, "wrong_json", operation="ListWorkersWithQualificationType", when="after", body=body)
    answer = mturk.list_workers_with_qualification_type(QualificationTypeId=type_id)
    assert answer["NumResults"] == "many"
    assert "Qualifications" not in answer


def test_delay_with_a_distribution(amazon: Side, mturk: Any) -> None:
    fields = {"distribution": "uniform", "delay_ms": 150, "spread_ms": 50, "seed": 1}
    fault(amazon, "delay", operation="GetAccountBalance", **fields)
    start = time.monotonic()
    mturk.get_account_balance()
    assert time.monotonic() - start >= 0.1


def test_rule_for_a_worker_strikes_the_answer_to_their_request_too(amazon: Side, mturk: Any, type_id: str) -> None:
    asked = [
        amazon.control("POST", "requests", {"qualification_type_id": type_id, "worker_id": worker_id})
        for worker_id in ("A1FINE", WORKER)
    ]
    fine, struck = (answer["qualification_request_id"] for answer in asked)
    amazon.control("POST", "faults", {"kind": "error", "code": "AccessDeniedException", "worker_id": WORKER})
    mturk.accept_qualification_request(QualificationRequestId=fine)
    assert (
        refusal(mturk.accept_qualification_request, QualificationRequestId=struck).kind == "AccessDeniedException"
    )
    assert held_by(amazon, type_id) == {"A1FINE": 1}


def test_the_next_three_and_then_no_more(amazon: Side, mturk: Any, type_id: str) -> None:
    fault(amazon, "error", code="ThrottlingException", times=3)
    for number in range(3):
        found = refusal(
            mturk.associate_qualification_with_worker, QualificationTypeId=type_id, WorkerId=f"A1NEXT{number}"
        )
        assert found.kind == "ThrottlingException"
    grant(mturk, type_id)
    (rule,) = amazon.control("GET", "faults")["faults"]
    assert (rule["matched"], rule["fired"]) == (4, 3)


def test_one_rule_is_removed_and_the_others_stay(amazon: Side, mturk: Any, type_id: str) -> None:
    first = fault(amazon, "error", code="AccessDeniedException")
    second = fault(amazon, "error", code="RequestError")
    assert amazon.control("DELETE", "faults", {"number": first}) == {"removed": 1}
    assert [rule["number"] for rule in amazon.control("GET", "faults")["faults"]] == [second]
    found = refusal(mturk.associate_qualification_with_worker, QualificationTypeId=type_id, WorkerId=WORKER)
    assert found.kind == "RequestError"
