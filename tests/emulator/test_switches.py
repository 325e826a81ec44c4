"""What Amazon leaves open is a switch: each position does what it says, and the page about it names them all."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from qualadmin.emulator.settings import Settings
from qualadmin.questions.answers import Answer, write_answers
from tests.emulator.conftest import Side, create_type
from tests.emulator.documents import ANSWER_KEY, FREE_TEXT_TEST, TEST
from tests.emulator.refusals import TURK, Refusal, refusal
from tests.questions.documents import key, scored

WORKER = "A1SWITCHWORKER"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "emulator.md"
WITH_TEST = {"Test": TEST, "TestDurationInSeconds": 60}


def turn(amazon: Side, **settings: Any) -> None:
    amazon.control("POST", "settings", settings)


def advance(amazon: Side, seconds: float) -> None:
    amazon.control("POST", "clock", {"advance_seconds": seconds})


def ask(amazon: Side, type_id: str, **fields: Any) -> str:
    content = {"qualification_type_id": type_id, "worker_id": WORKER, **fields}
    request_id: str = amazon.control("POST", "requests", content)["qualification_request_id"]
    return request_id


def mails(amazon: Side) -> list[tuple[str, str]]:
    return [(mail["kind"], mail["text"]) for mail in amazon.control("GET", "outbox")["mails"]]


def grant(client: Any, type_id: str, **fields: Any) -> None:
    client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=WORKER, **fields)


def score(client: Any, type_id: str) -> dict[str, Any]:
    row: dict[str, Any] = client.get_qualification_score(QualificationTypeId=type_id, WorkerId=WORKER)[
        "Qualification"
    ]
    return row


def names(client: Any, query: str) -> list[str]:
    page = client.list_qualification_types(MustBeRequestable=True, Query=query)
    return [row["Name"] for row in page["QualificationTypes"]]


def create_refusal(client: Any, **fields: Any) -> Refusal:
    base = {"Name": "Refused", "Description": "Took part.", "QualificationTypeStatus": "Active"}
    return refusal(client.create_qualification_type, **{**base, **fields})


@pytest.mark.parametrize(("position", "moves"), [("keep", False), ("renew", True)])
def test_grant_time_on_overwrite(amazon: Side, mturk: Any, type_id: str, position: str, moves: bool) -> None:
    turn(amazon, grant_time_on_overwrite=position)
    grant(mturk, type_id)
    first = score(mturk, type_id)["GrantTime"]
    advance(amazon, 60)
    grant(mturk, type_id, IntegerValue=2)
    assert (score(mturk, type_id)["GrantTime"] > first) is moves
    before = score(mturk, type_id)["GrantTime"]
    advance(amazon, 60)
    mturk.disassociate_qualification_from_worker(QualificationTypeId=type_id, WorkerId=WORKER)
    page = mturk.list_workers_with_qualification_type(QualificationTypeId=type_id, Status="Revoked")
    assert page["Qualifications"][0]["GrantTime"] == before


@pytest.mark.parametrize(("position", "count"), [(True, 2), (False, 1)])
def test_mail_on_overwrite(amazon: Side, mturk: Any, type_id: str, position: bool, count: int) -> None:
    turn(amazon, mail_on_overwrite=position)
    grant(mturk, type_id)
    grant(mturk, type_id, IntegerValue=2)
    assert len(mails(amazon)) == count
    mturk.disassociate_qualification_from_worker(QualificationTypeId=type_id, WorkerId=WORKER)
    grant(mturk, type_id)
    assert len(mails(amazon)) == count + 1


@pytest.mark.parametrize("position", [True, False])
def test_mail_on_accept(amazon: Side, mturk: Any, type_id: str, position: bool) -> None:
    turn(amazon, mail_on_accept=position)
    mturk.accept_qualification_request(QualificationRequestId=ask(amazon, type_id))
    auto = create_type(mturk, "Auto", AutoGranted=True)
    ask(amazon, auto)
    expected = [("granted", "You have been granted Colour words."), ("granted", "You have been granted Auto.")]
    assert mails(amazon) == (expected if position else [])


@pytest.mark.parametrize("position", [True, False])
def test_mail_on_reject(amazon: Side, mturk: Any, type_id: str, position: bool) -> None:
    turn(amazon, mail_on_reject=position)
    mturk.reject_qualification_request(QualificationRequestId=ask(amazon, type_id), Reason="Not now.")
    assert mails(amazon) == ([("rejected", "Not now.")] if position else [])


def test_duplicate_revoke(amazon: Side, mturk: Any, type_id: str) -> None:
    pair = {"QualificationTypeId": type_id, "WorkerId": WORKER}
    grant(mturk, type_id, SendNotification=False)
    mturk.disassociate_qualification_from_worker(**pair)
    found = refusal(mturk.disassociate_qualification_from_worker, **pair)
    assert found.turk_code == f"{TURK}InvalidQualificationState"
    turn(amazon, duplicate_revoke="accept")
    mturk.disassociate_qualification_from_worker(**pair, Reason="Twice.")
    assert mails(amazon) == []
    stranger = refusal(
        mturk.disassociate_qualification_from_worker, QualificationTypeId=type_id, WorkerId="A1NEVER"
    )
    assert stranger.turk_code == f"{TURK}QualificationDoesNotExist"


def test_inactive_takes_grants(amazon: Side, mturk: Any) -> None:
    closed = create_type(mturk, QualificationTypeStatus="Inactive")
    grant(mturk, closed)
    turn(amazon, inactive_takes_grants=False)
    found = refusal(grant, client=mturk, type_id=closed)
    assert found.turk_code == f"{TURK}InvalidQualificationTypeState"
    grant(mturk, create_type(mturk, "Open"))


def test_disposing_is_readable(amazon: Side, mturk: Any, type_id: str) -> None:
    grant(mturk, type_id)
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    reads = (mturk.get_qualification_type, mturk.list_workers_with_qualification_type)
    assert all(read(QualificationTypeId=type_id) for read in reads)
    assert score(mturk, type_id)["IntegerValue"] == 1
    turn(amazon, disposing_is_readable=False)
    for read in reads:
        assert refusal(read, QualificationTypeId=type_id).turk_code == f"{TURK}QualificationTypeDoesNotExist"
    again = refusal(mturk.delete_qualification_type, QualificationTypeId=type_id)
    assert again.turk_code == f"{TURK}InvalidQualificationTypeState"


def test_names_ignore_case(amazon: Side, mturk: Any, type_id: str) -> None:
    create_type(mturk, "COLOUR words")
    turn(amazon, names_ignore_case=True)
    found = create_refusal(mturk, Name="colour WORDS")
    assert found.turk_code == f"{TURK}QualificationTypeAlreadyExists"
    create_type(amazon.client(account="second"), "colour WORDS")
    create_type(mturk, "colour word")


def test_max_name_length(amazon: Side, mturk: Any) -> None:
    create_type(mturk, "n" * 300)
    turn(amazon, max_name_length=80)
    create_type(mturk, "n" * 80)
    assert "is not valid for the parameter Name." in create_refusal(mturk, Name="m" * 81).message


def test_others_see_answer_keys(amazon: Side, mturk: Any) -> None:
    type_id = create_type(mturk, AnswerKey=ANSWER_KEY, **WITH_TEST)
    stranger = amazon.client(account="second")
    for position in (False, True):
        turn(amazon, others_see_answer_keys=position)
        row = stranger.get_qualification_type(QualificationTypeId=type_id)["QualificationType"]
        assert row.get("AnswerKey") == (ANSWER_KEY if position else None)


def test_query_searches_descriptions(amazon: Side, mturk: Any) -> None:
    create_type(mturk, "One", Description="A stroop task.")
    create_type(mturk, "Two", Keywords="stroop")
    assert names(mturk, "stroop") == ["One", "Two"]
    turn(amazon, query_searches_descriptions=False)
    assert names(mturk, "stroop") == ["Two"]


def test_answer_key_must_fit(amazon: Side, mturk: Any) -> None:
    misfit = {"Test": FREE_TEXT_TEST, "TestDurationInSeconds": 60, "AnswerKey": ANSWER_KEY}
    assert "takes free text" in create_refusal(mturk, **misfit).message
    turn(amazon, answer_key_must_fit=False)
    create_type(mturk, **misfit)


def test_document_errors(amazon: Side, mturk: Any) -> None:
    bad = {"Test": "<QuestionForm/>", "TestDurationInSeconds": 60}
    echo = create_refusal(mturk, **bad)
    value = 'The value "<QuestionForm/>" is not valid for the parameter Test.'
    assert echo.message.startswith(f"{value} Details: Errors: <! [1,1]")
    turn(amazon, document_errors="parse")
    parse = create_refusal(mturk, **bad)
    assert parse.kind == echo.kind == "ParameterValidationError"
    assert parse.message.startswith(
        "There was an error parsing the XML question or answer data in your request.  Please make sure the data "
        "is well-formed and validates against the appropriate schema. Details: Errors: <! [1,1]"
    )


@pytest.mark.parametrize(("position", "expected"), [("nearest", 4), ("down", 3)])
def test_scale_rounding(amazon: Side, mturk: Any, position: str, expected: int) -> None:
    turn(amazon, scale_rounding=position)
    mapping = "<ScaleMapping><SummedScoreMultiplier>0.05</SummedScoreMultiplier></ScaleMapping>"
    type_id = create_type(mturk, AnswerKey=key(scored("colour", ("red", 70)), mapping=mapping), **WITH_TEST)
    ask(amazon, type_id, answer=write_answers([Answer("colour", frozenset({"red"}))]))
    assert score(mturk, type_id)["IntegerValue"] == expected


def test_name_hold_seconds(amazon: Side, mturk: Any, type_id: str) -> None:
    turn(amazon, name_hold_seconds=30)
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    assert create_refusal(mturk, Name="Colour words").turk_code == f"{TURK}QualificationTypeAlreadyExists"
    advance(amazon, 31)
    create_type(mturk)


def open_points() -> dict[str, str]:
    """The table of docs/emulator.md: setting to default, as written there."""
    return dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", PAGE.read_text(), re.MULTILINE))


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_page_names_every_setting(field: dataclasses.Field[Any]) -> None:
    assert f"`{field.name}`" in PAGE.read_text()


def test_page_tells_the_defaults() -> None:
    defaults = Settings().as_dict()
    told = open_points()
    assert len(told) >= 19
    assert told == {name: json.dumps(defaults[name]) for name in told}


@pytest.mark.parametrize("name", open_points())
def test_every_open_point_is_turned_somewhere(name: str) -> None:
    """In a test other than those of the control interface, whose subject the settings themselves are."""
    sources = [path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path.stem != "test_control"]
    assert any(re.search(rf"\b{name}=|\"{name}\":", source) for source in sources)
