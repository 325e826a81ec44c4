"""Points 71 to 76: workers ask, requesters answer."""

from __future__ import annotations

from typing import Any

import pytest

from qualadmin.emulator.control import ControlError
from qualadmin.emulator.testing import EmulatorFailed
from qualadmin.questions.answers import Answer, write_answers
from tests.emulator.conftest import Side, create_type
from tests.emulator.documents import ANSWER_KEY, TEST
from tests.emulator.refusals import TURK, refusal

WORKER = "A1ASKINGWORKER"


def ask(amazon: Side, type_id: str, worker_id: str = WORKER, **fields: Any) -> str:
    content = {"qualification_type_id": type_id, "worker_id": worker_id, **fields}
    request_id: str = amazon.control("POST", "requests", content)["qualification_request_id"]
    return request_id


def listed(client: Any, **fields: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_qualification_requests").paginate(**fields)
    return [row for page in pages for row in page["QualificationRequests"]]


def value(client: Any, type_id: str) -> int:
    row = client.get_qualification_score(QualificationTypeId=type_id, WorkerId=WORKER)["Qualification"]
    score: int = row["IntegerValue"]
    return score


def test_71_all_own_types_or_one(amazon: Side, mturk: Any) -> None:
    first, second = create_type(mturk, "First"), create_type(mturk, "Second")
    theirs = create_type(amazon.client(account="second"), "Theirs")
    asked = [ask(amazon, type_id) for type_id in (first, second, theirs)]
    assert [row["QualificationRequestId"] for row in listed(mturk)] == asked[:2]
    assert [row["QualificationRequestId"] for row in listed(mturk, QualificationTypeId=second)] == [asked[1]]
    found = refusal(mturk.list_qualification_requests, QualificationTypeId=theirs)
    assert found.turk_code == f"{TURK}PermissionDenied"


def test_71_form_of_a_request(amazon: Side, mturk: Any, type_id: str) -> None:
    request_id = ask(amazon, type_id)
    (row,) = listed(mturk)
    assert row.pop("SubmitTime").microsecond == 0
    assert row == {
        "QualificationRequestId": request_id,
        "QualificationTypeId": type_id,
        "WorkerId": WORKER,
    }
    assert len(request_id) == 40


def test_71_test_and_answer_come_along(amazon: Side, mturk: Any) -> None:
    type_id = create_type(mturk, Test=TEST, TestDurationInSeconds=60)
    answer = write_answers([Answer("colour", frozenset({"red"}))])
    ask(amazon, type_id, answer=answer)
    (row,) = listed(mturk)
    assert (row["Test"], row["Answer"]) == (TEST, answer)


@pytest.mark.parametrize(("fields", "expected"), [({}, 1), ({"IntegerValue": 9}, 9), ({"IntegerValue": 0}, 0)])
def test_72_accept(amazon: Side, mturk: Any, type_id: str, fields: dict[str, int], expected: int) -> None:
    mturk.accept_qualification_request(QualificationRequestId=ask(amazon, type_id), **fields)
    assert value(mturk, type_id) == expected
    assert listed(mturk) == []


def test_73_accept_overwrites(amazon: Side, mturk: Any, type_id: str) -> None:
    request_id = ask(amazon, type_id)
    mturk.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=WORKER, IntegerValue=5)
    mturk.accept_qualification_request(QualificationRequestId=request_id, IntegerValue=9)
    assert value(mturk, type_id) == 9


def test_74_reject_leaves_the_grant(amazon: Side, mturk: Any, type_id: str) -> None:
    request_id = ask(amazon, type_id)
    mturk.associate_qualification_with_worker(
        QualificationTypeId=type_id, WorkerId=WORKER, IntegerValue=5, SendNotification=False
    )
    mturk.reject_qualification_request(QualificationRequestId=request_id, Reason="Not now.")
    assert value(mturk, type_id) == 5
    assert listed(mturk) == []
    assert amazon.control("GET", "outbox")["mails"] == []


def test_75_grant_leaves_the_request(amazon: Side, mturk: Any, type_id: str) -> None:
    request_id = ask(amazon, type_id)
    mturk.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=WORKER)
    assert [row["QualificationRequestId"] for row in listed(mturk)] == [request_id]


def test_76_auto_granted_types_show_no_requests(amazon: Side, mturk: Any) -> None:
    type_id = create_type(mturk, AutoGranted=True, AutoGrantedValue=3)
    ask(amazon, type_id)
    assert listed(mturk) == []
    assert value(mturk, type_id) == 3


def test_76_auto_scored_types_show_no_requests(amazon: Side, mturk: Any) -> None:
    type_id = create_type(mturk, Test=TEST, TestDurationInSeconds=60, AnswerKey=ANSWER_KEY)
    ask(amazon, type_id, answer=write_answers([Answer("colour", frozenset({"red"}))]))
    assert listed(mturk) == []
    assert value(mturk, type_id) == 70


def test_unknown_decided_and_foreign_requests(amazon: Side, mturk: Any, type_id: str) -> None:
    request_id = ask(amazon, type_id)
    stranger = amazon.client(account="second")
    for name in ("accept_qualification_request", "reject_qualification_request"):
        found = refusal(getattr(mturk, name), QualificationRequestId="no such request")
        assert found.turk_code == f"{TURK}QualificationRequestDoesNotExist"
        found = refusal(getattr(stranger, name), QualificationRequestId=request_id)
        assert found.turk_code == f"{TURK}PermissionDenied"
    mturk.reject_qualification_request(QualificationRequestId=request_id)
    found = refusal(mturk.accept_qualification_request, QualificationRequestId=request_id)
    assert found.turk_code == f"{TURK}InvalidQualificationRequestState"
    assert refusal(mturk.get_qualification_score, QualificationTypeId=type_id, WorkerId=WORKER)


def test_worker_asks_once_unless_retries_are_allowed(amazon: Side, mturk: Any) -> None:
    once, again = create_type(mturk, "Once"), create_type(mturk, "Again", RetryDelayInSeconds=60)
    for type_id in (once, again):
        request_id = ask(amazon, type_id)
        with pytest.raises((ControlError, EmulatorFailed), match="waits for an answer"):
            ask(amazon, type_id)
        mturk.reject_qualification_request(QualificationRequestId=request_id)
    with pytest.raises((ControlError, EmulatorFailed), match="only once"):
        ask(amazon, once)
    with pytest.raises((ControlError, EmulatorFailed), match="has not passed"):
        ask(amazon, again)
    amazon.control("POST", "clock", {"advance_seconds": 61})
    assert ask(amazon, again)


def test_nobody_asks_for_inactive_deleted_or_system_types(amazon: Side, mturk: Any) -> None:
    closed = create_type(mturk, "Closed", QualificationTypeStatus="Inactive")
    deleted = create_type(mturk, "Deleted")
    mturk.delete_qualification_type(QualificationTypeId=deleted)
    for type_id in (closed, deleted, "00000000000000000040", "3NONE"):
        with pytest.raises((ControlError, EmulatorFailed)):
            ask(amazon, type_id)
