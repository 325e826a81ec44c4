"""Points 21 to 49: making, changing and deleting qualification types."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from tests.emulator.conftest import Side, create_type
from tests.emulator.documents import ANSWER_KEY, FREE_TEXT_TEST, TEST
from tests.emulator.hit_forms import hit_id
from tests.emulator.refusals import TURK, Refusal, refusal

BASE = {"Name": "Colour words", "Description": "Took part.", "QualificationTypeStatus": "Active"}
WITH_TEST = {"Test": TEST, "TestDurationInSeconds": 600}


def create(client: Any, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = client.create_qualification_type(**{**BASE, **fields})["QualificationType"]
    return made


def create_refusal(client: Any, **fields: Any) -> Refusal:
    return refusal(client.create_qualification_type, **{**BASE, **fields})


def read(client: Any, type_id: str) -> dict[str, Any]:
    row: dict[str, Any] = client.get_qualification_type(QualificationTypeId=type_id)["QualificationType"]
    return row


def test_21_minimal_type(mturk: Any) -> None:
    made = create(mturk)
    assert made.keys() == {
        "QualificationTypeId",
        "CreationTime",
        "Name",
        "Description",
        "QualificationTypeStatus",
        "IsRequestable",
        "AutoGranted",
    }
    assert made["AutoGranted"] is False
    assert read(mturk, made["QualificationTypeId"]) == made


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_22_requestable_even_when_inactive(mturk: Any, status: str) -> None:
    assert create(mturk, QualificationTypeStatus=status)["IsRequestable"] is True


def test_23_id(mturk: Any) -> None:
    assert re.fullmatch(r"3[A-Z0-9]{29}", create(mturk)["QualificationTypeId"])


def test_24_creation_time_in_whole_seconds(mturk: Any) -> None:
    made = create(mturk)["CreationTime"]
    assert made.microsecond == 0
    assert abs((dt.datetime.now(dt.UTC) - made).total_seconds()) < 5


def test_25_name_taken(mturk: Any) -> None:
    create(mturk)
    found = create_refusal(mturk)
    assert found.turk_code == f"{TURK}QualificationTypeAlreadyExists"
    assert found.message.startswith(
        "You have already created a QualificationType with this name. A QualificationType's name must be "
        "unique among all of the QualificationTypes created by the same user. ("
    )


def test_26_same_name_in_another_account(amazon: Side) -> None:
    first = create(amazon.client())
    second = create(amazon.client(account="second"))
    assert first["QualificationTypeId"] != second["QualificationTypeId"]


def test_27_names_differ_by_case(mturk: Any) -> None:
    create(mturk)
    assert create(mturk, Name="colour words")["Name"] == "colour words"


def test_28_auto_granted_value_defaults_to_1(mturk: Any) -> None:
    assert create(mturk, AutoGranted=True)["AutoGrantedValue"] == 1
    assert create(mturk, Name="Zero", AutoGranted=True, AutoGrantedValue=0)["AutoGrantedValue"] == 0


def test_29_optional_fields_are_echoed(mturk: Any) -> None:
    made = create(mturk, Keywords="colour, words", RetryDelayInSeconds=3600)
    assert (made["Keywords"], made["RetryDelayInSeconds"]) == ("colour, words", 3600)


def test_30_retry_delay(mturk: Any) -> None:
    assert create(mturk, RetryDelayInSeconds=0)["RetryDelayInSeconds"] == 0
    found = create_refusal(mturk, Name="Other", RetryDelayInSeconds=-1)
    assert found.message.startswith('The value "-1" is not valid for the parameter RetryDelayInSeconds.')


def test_31_test_needs_a_duration(mturk: Any) -> None:
    found = create_refusal(mturk, Test=TEST)
    assert found.kind == "ParameterValidationError"
    assert "TestDurationInSeconds" in found.message
    assert create(mturk, **WITH_TEST)["Test"] == TEST


def test_31_duration_without_a_test_is_accepted(mturk: Any) -> None:
    assert create(mturk, TestDurationInSeconds=60)["TestDurationInSeconds"] == 60


def test_32_no_test_for_auto_granted_types(mturk: Any) -> None:
    found = create_refusal(mturk, AutoGranted=True, **WITH_TEST)
    assert found.kind == "ParameterValidationError"
    assert "not valid for the parameter Test." in found.message


def test_33_answer_key_needs_a_test(mturk: Any) -> None:
    assert create_refusal(mturk, AnswerKey=ANSWER_KEY).kind == "ParameterValidationError"
    assert create(mturk, AnswerKey=ANSWER_KEY, **WITH_TEST)["AnswerKey"] == ANSWER_KEY


def test_34_size_is_counted_in_bytes(mturk: Any) -> None:
    room = 65_535 - len(TEST)
    fits = TEST.replace("Which", "x" * room + "Which")
    assert create(mturk, Test=fits, TestDurationInSeconds=1)["Test"] == fits
    for field, document in (("Test", TEST), ("AnswerKey", ANSWER_KEY)):
        long = document.replace("colour", "é" * 33_000)
        found = create_refusal(mturk, Name="Long", **{**WITH_TEST, field: long})
        assert found.message.endswith(" s)")
        assert (
            f"is not valid for the parameter {field}. Details: Errors: <! [1,1] The document has" in found.message
        )


def test_35_length_of_texts(mturk: Any) -> None:
    create(mturk, Description="d" * 2000, Keywords="k" * 1000)
    for field, limit in (("Description", 2000), ("Keywords", 1000)):
        found = create_refusal(mturk, Name="Other", **{field: "x" * (limit + 1)})
        assert f"is not valid for the parameter {field}." in found.message


@pytest.mark.parametrize("field", ["Name", "Description"])
def test_35_empty_texts(mturk: Any, field: str) -> None:
    assert create_refusal(mturk, **{field: ""}).kind == "ParameterValidationError"


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "not xml",
        "<QuestionForm>",
        "<QuestionForm/>",
        TEST.replace("QuestionForm.xsd", "AnswerKey.xsd"),
        ANSWER_KEY,
        '<!DOCTYPE a [<!ENTITY b "c">]>' + TEST,
        TEST.replace("Which", "\ud800"),
    ],
)
def test_36_test_must_be_a_question_form(mturk: Any, xml: str) -> None:
    found = create_refusal(mturk, Test=xml, TestDurationInSeconds=60)
    assert found.kind == "ParameterValidationError"
    assert found.message.startswith(f'The value "{xml}" is not valid for the parameter Test.')
    assert re.search(r" Details: Errors: <! \[\d+,\d+\] .+ !> \(\d{13} s\)$", found.message)


def test_36_every_fault_has_its_place(mturk: Any) -> None:
    xml = TEST.replace("<Text>red</Text>", "<Video/>").replace("<Text>green</Text>", "<Bonus/>")
    found = create_refusal(mturk, Test=xml, TestDurationInSeconds=60)
    places = re.findall(r"<! \[(\d+),(\d+)\] (\w+)", found.message)
    assert [xml.splitlines()[int(line) - 1][int(column) :].split("/")[0] for line, column, _ in places] == [
        "Video",
        "Bonus",
    ]
    assert [word for *_, word in places] == ["Video", "Bonus"]


def test_36_answer_key_must_be_one_and_fit_the_test(mturk: Any) -> None:
    for bad in (TEST, ANSWER_KEY.replace("70", "many"), ANSWER_KEY.replace("red", "blue")):
        found = create_refusal(mturk, AnswerKey=bad, **WITH_TEST)
        assert found.kind == "ParameterValidationError"
        assert found.message.startswith(f'The value "{bad}" is not valid for the parameter AnswerKey.')
    free = {"Test": FREE_TEXT_TEST, "TestDurationInSeconds": 60}
    assert "takes free text" in create_refusal(mturk, AnswerKey=ANSWER_KEY, **free).message


def update(client: Any, type_id: str, **fields: Any) -> dict[str, Any]:
    answer = client.update_qualification_type(QualificationTypeId=type_id, **fields)
    changed: dict[str, Any] = answer["QualificationType"]
    return changed


def test_37_omitted_fields_stay(mturk: Any) -> None:
    before = create(mturk, Keywords="k", RetryDelayInSeconds=5, AutoGranted=True, AutoGrantedValue=7)
    after = update(mturk, before["QualificationTypeId"], Description="New text.")
    assert after == {**before, "Description": "New text."}
    assert read(mturk, before["QualificationTypeId"]) == after


def test_38_test_without_answer_key_drops_the_key(mturk: Any) -> None:
    type_id = create(mturk, AnswerKey=ANSWER_KEY, **WITH_TEST)["QualificationTypeId"]
    assert read(mturk, type_id)["AnswerKey"] == ANSWER_KEY
    assert "AnswerKey" not in update(mturk, type_id, **WITH_TEST)
    assert "AnswerKey" not in read(mturk, type_id)


def test_38_duration_cannot_change_alone(mturk: Any) -> None:
    type_id = create(mturk, **WITH_TEST)["QualificationTypeId"]
    for fields in ({"TestDurationInSeconds": 5}, {"AnswerKey": ANSWER_KEY}):
        found = refusal(mturk.update_qualification_type, QualificationTypeId=type_id, **fields)
        assert found.kind == "ParameterValidationError"


def test_39_test_on_an_auto_granted_type(mturk: Any) -> None:
    type_id = create(mturk, AutoGranted=True)["QualificationTypeId"]
    found = refusal(mturk.update_qualification_type, QualificationTypeId=type_id, **WITH_TEST)
    assert (found.kind, found.status) == ("ParameterValidationError", 400)
    changed = update(mturk, type_id, AutoGranted=False, AnswerKey=ANSWER_KEY, **WITH_TEST)
    assert changed["AutoGranted"] is False
    assert (changed["Test"], changed["AnswerKey"]) == (TEST, ANSWER_KEY)
    assert "AutoGrantedValue" not in changed


def test_40_type_with_a_test_is_never_auto_granted(mturk: Any) -> None:
    type_id = create(mturk, **WITH_TEST)["QualificationTypeId"]
    found = refusal(mturk.update_qualification_type, QualificationTypeId=type_id, AutoGranted=True)
    assert found.kind == "ParameterValidationError"
    assert read(mturk, type_id)["AutoGranted"] is False


def test_41_retry_delay_can_be_added(mturk: Any, type_id: str) -> None:
    assert update(mturk, type_id, RetryDelayInSeconds=60)["RetryDelayInSeconds"] == 60


def test_retry_delay_cannot_be_taken_away(amazon: Side, mturk: Any) -> None:
    """There is no word for "none" in the call: what is left out stays."""
    type_id = create(mturk, RetryDelayInSeconds=60)["QualificationTypeId"]
    assert update(mturk, type_id, Description="New.")["RetryDelayInSeconds"] == 60
    assert update(mturk, type_id, RetryDelayInSeconds=0)["RetryDelayInSeconds"] == 0
    found = refusal(mturk.update_qualification_type, QualificationTypeId=type_id, RetryDelayInSeconds=-1)
    assert found.kind == "ParameterValidationError"
    assert read(mturk, type_id)["RetryDelayInSeconds"] == 0


def test_test_cannot_be_taken_away(mturk: Any) -> None:
    type_id = create(mturk, AnswerKey=ANSWER_KEY, **WITH_TEST)["QualificationTypeId"]
    found = refusal(
        mturk.update_qualification_type, QualificationTypeId=type_id, Test="", TestDurationInSeconds=60
    )
    assert found.kind == "ParameterValidationError"
    after = update(mturk, type_id, Description="New.")
    assert (after["Test"], after["AnswerKey"], after["TestDurationInSeconds"]) == (TEST, ANSWER_KEY, 600)


@pytest.mark.parametrize("seconds", [0, -1])
def test_duration_of_a_test_is_positive(mturk: Any, seconds: int) -> None:
    found = create_refusal(mturk, Test=TEST, TestDurationInSeconds=seconds)
    assert "is not valid for the parameter TestDurationInSeconds." in found.message


def test_auto_granting_can_be_switched_on_and_off(mturk: Any, type_id: str) -> None:
    assert update(mturk, type_id, AutoGranted=True)["AutoGrantedValue"] == 1
    assert update(mturk, type_id, AutoGrantedValue=5)["AutoGrantedValue"] == 5
    assert update(mturk, type_id, Description="New.")["AutoGrantedValue"] == 5
    off = update(mturk, type_id, AutoGranted=False)
    assert off["AutoGranted"] is False
    assert "AutoGrantedValue" not in off
    assert "AutoGrantedValue" not in update(mturk, type_id, AutoGrantedValue=5)


def test_refused_update_changes_nothing(mturk: Any) -> None:
    type_id = create(mturk, AnswerKey=ANSWER_KEY, Keywords="k", **WITH_TEST)["QualificationTypeId"]
    before = read(mturk, type_id)
    for fields in (
        {"Description": "d" * 2001, "QualificationTypeStatus": "Inactive"},
        {"Description": "New.", **WITH_TEST, "AnswerKey": "<AnswerKey/>"},
        {"Description": "New.", "Test": TEST},
    ):
        assert refusal(mturk.update_qualification_type, QualificationTypeId=type_id, **fields).status == 400
    assert read(mturk, type_id) == before


def test_status_flips_both_ways(mturk: Any, type_id: str) -> None:
    for status in ("Inactive", "Active"):
        assert update(mturk, type_id, QualificationTypeStatus=status)["QualificationTypeStatus"] == status


def test_42_only_the_owner_updates_and_deletes(amazon: Side, type_id: str) -> None:
    stranger = amazon.client(account="second")
    for call in (stranger.update_qualification_type, stranger.delete_qualification_type):
        assert refusal(call, QualificationTypeId=type_id).turk_code == f"{TURK}PermissionDenied"


def test_answer_key_is_hidden_from_others(amazon: Side) -> None:
    type_id = create(amazon.client(), AnswerKey=ANSWER_KEY, **WITH_TEST)["QualificationTypeId"]
    seen = read(amazon.client(account="second"), type_id)
    assert "AnswerKey" not in seen
    assert seen["Test"] == TEST


def listed(client: Any) -> list[str]:
    pages = client.get_paginator("list_qualification_types").paginate(
        MustBeRequestable=True, MustBeOwnedByCaller=True
    )
    return [row["Name"] for page in pages for row in page["QualificationTypes"]]


def test_43_deleted_type_leaves_the_list(amazon: Side, mturk: Any, type_id: str) -> None:
    amazon.control("POST", "settings", {"delete_lag_seconds": 20})
    answer = mturk.delete_qualification_type(QualificationTypeId=type_id)
    assert set(answer) == {"ResponseMetadata"}
    assert listed(mturk) == ["Colour words"]
    amazon.control("POST", "clock", {"advance_seconds": 21})
    assert listed(mturk) == []


def test_44_name_is_held_until_the_purge(amazon: Side, mturk: Any, type_id: str) -> None:
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    assert create_refusal(mturk).turk_code == f"{TURK}QualificationTypeAlreadyExists"
    amazon.control("POST", "clock", {"advance_seconds": 48 * 3600 + 1})
    assert create(mturk)["QualificationTypeId"] != type_id
    found = refusal(mturk.get_qualification_type, QualificationTypeId=type_id)
    assert found.turk_code == f"{TURK}QualificationTypeDoesNotExist"


def test_45_grants_survive_as_rows(amazon: Side, mturk: Any, type_id: str) -> None:
    mturk.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId="A1SURVIVOR", IntegerValue=4)
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    amazon.control("POST", "clock", {"advance_seconds": 48 * 3600 + 1})
    assert amazon.control("GET", "holders", {"type_id": type_id})["granted"] == {"A1SURVIVOR": 4}


def test_46_pending_requests_are_rejected(amazon: Side, mturk: Any, type_id: str) -> None:
    ask = {"qualification_type_id": type_id, "worker_id": "A1ASKING"}
    request_id = amazon.control("POST", "requests", ask)["qualification_request_id"]
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    assert mturk.list_qualification_requests()["NumResults"] == 0
    found = refusal(mturk.accept_qualification_request, QualificationRequestId=request_id)
    assert found.turk_code == f"{TURK}InvalidQualificationRequestState"


def test_47_purge_waits_for_the_hits_that_use_the_type(amazon: Side, mturk: Any, type_id: str) -> None:
    requirement = {"QualificationTypeId": type_id, "Comparator": "Exists"}
    hit = hit_id(mturk, QualificationRequirements=[requirement], LifetimeInSeconds=3600)
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    amazon.control("POST", "clock", {"advance_seconds": 60 * 3600})
    assert create_refusal(mturk).turk_code == f"{TURK}QualificationTypeAlreadyExists"
    assert read(mturk, type_id)["Name"] == "Colour words"
    mturk.delete_hit(HITId=hit)
    assert create(mturk)["QualificationTypeId"] != type_id
    gone = refusal(mturk.get_qualification_type, QualificationTypeId=type_id)
    assert gone.turk_code == f"{TURK}QualificationTypeDoesNotExist"


def test_48_second_delete_while_disposing(mturk: Any, type_id: str) -> None:
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    found = refusal(mturk.delete_qualification_type, QualificationTypeId=type_id)
    assert found.turk_code == f"{TURK}InvalidQualificationTypeState"
    assert found.message.startswith("This operation can be called with a status of: Active,Inactive")


def test_disposing_type_takes_no_grants_and_no_changes(mturk: Any, type_id: str) -> None:
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    for call, fields in (
        (mturk.associate_qualification_with_worker, {"WorkerId": "A1LATE"}),
        (mturk.update_qualification_type, {"Description": "x"}),
    ):
        found = refusal(call, QualificationTypeId=type_id, **fields)
        assert found.turk_code == f"{TURK}InvalidQualificationTypeState"
    assert read(mturk, type_id)["QualificationTypeStatus"] == "Active"


def test_49_delete_of_an_unknown_type(mturk: Any) -> None:
    found = refusal(mturk.delete_qualification_type, QualificationTypeId="3UNKNOWN")
    assert found.turk_code == f"{TURK}QualificationTypeDoesNotExist"


def test_name_freed_by_the_purge_belongs_to_the_new_type(amazon: Side, mturk: Any, type_id: str) -> None:
    mturk.delete_qualification_type(QualificationTypeId=type_id)
    amazon.control("POST", "clock", {"advance_seconds": 48 * 3600 + 1})
    create_type(mturk)
    assert create_refusal(mturk).turk_code == f"{TURK}QualificationTypeAlreadyExists"
