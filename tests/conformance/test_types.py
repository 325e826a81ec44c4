"""Making, changing and deleting qualification types."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conformance.observing import TURK, Amazon
from tests.emulator.documents import ANSWER_KEY, TEST

TAKEN = (
    "You have already created a QualificationType with this name. A QualificationType's name must be unique among "
    "all of the QualificationTypes created by the same user."
)
TESTED = {"Test": TEST, "TestDurationInSeconds": 60}
MINIMAL = {
    "QualificationTypeId",
    "CreationTime",
    "Name",
    "Description",
    "QualificationTypeStatus",
    "IsRequestable",
    "AutoGranted",
}


@pytest.mark.parametrize("status", ["Active", "Inactive"])
def test_21_22_23_24_a_minimal_type(amazon: Amazon, status: str) -> None:
    made = amazon.create(QualificationTypeStatus=status)
    amazon.see(21, "members", sorted(MINIMAL), sorted(made))
    amazon.see(21, "AutoGranted", False, made.get("AutoGranted"))
    amazon.see(22, f"IsRequestable while {status}", True, made.get("IsRequestable"))
    amazon.see_that(23, "id", made["QualificationTypeId"], re.compile("3[A-Z0-9]{29}").fullmatch)
    amazon.see(24, "fraction of CreationTime", 0, made["CreationTime"].microsecond)


def test_25_27_names(amazon: Amazon) -> None:
    name = amazon.create()["Name"]
    fields = {"Description": "d", "QualificationTypeStatus": "Active"}
    found = amazon.refused(amazon.client.create_qualification_type, Name=name, **fields)
    amazon.see(25, "code", f"{TURK}QualificationTypeAlreadyExists", found.turk_code)
    amazon.see(25, "message", TAKEN, found.message.partition(" (")[0])
    found = amazon.refused(amazon.client.create_qualification_type, Name=name.upper(), **fields)
    amazon.see(27, "the name in capitals", "nothing", found.kind)


def test_28_29_30_what_comes_back(amazon: Amazon) -> None:
    made = amazon.create(AutoGranted=True, Keywords="a,b", RetryDelayInSeconds=0)
    amazon.see(28, "AutoGrantedValue", 1, made.get("AutoGrantedValue"))
    amazon.see(29, "Keywords", "a,b", made.get("Keywords"))
    amazon.see(30, "RetryDelayInSeconds of 0", 0, made.get("RetryDelayInSeconds"))


LONG = "a" * 70_000


@pytest.mark.parametrize(
    ("point", "fields"),
    [
        (30, {"RetryDelayInSeconds": -1}),
        (31, {"Test": TEST}),
        (32, {**TESTED, "AutoGranted": True}),
        (33, {"AnswerKey": ANSWER_KEY}),
        (34, {**TESTED, "Test": TEST.replace("Which", LONG)}),
        (34, {**TESTED, "AnswerKey": ANSWER_KEY.replace("red", LONG)}),
        (35, {"Description": "d" * 2001}),
        (35, {"Keywords": "k" * 1001}),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "-".join(value),
)
def test_30_31_32_33_34_35_what_is_refused(amazon: Amazon, point: int, fields: dict[str, Any]) -> None:
    content = {"Name": "conformance", "Description": "d", "QualificationTypeStatus": "Active", **fields}
    found = amazon.refused(amazon.client.create_qualification_type, **content)
    amazon.see(point, f"status with {', '.join(fields)}", 400, found.status)


def test_36_a_test_that_is_none(amazon: Amazon) -> None:
    content = {"Name": "conformance", "Description": "d", "QualificationTypeStatus": "Active"}
    test = {"Test": "<NotAQuestionForm/>", "TestDurationInSeconds": 60}
    found = amazon.refused(amazon.client.create_qualification_type, **content, **test)
    amazon.see(36, "code", "ParameterValidationError", found.kind)
    said = 'The value "<NotAQuestionForm/>" is not valid for the parameter Test.'
    amazon.see_that(36, "message", found.message, lambda text: text.startswith(said))


def test_37_41_updates_keep_the_rest(amazon: Amazon) -> None:
    made = amazon.create(Keywords="k")
    change = amazon.client.update_qualification_type
    changed = change(QualificationTypeId=made["QualificationTypeId"], RetryDelayInSeconds=7)["QualificationType"]
    amazon.see(41, "RetryDelayInSeconds", 7, changed.get("RetryDelayInSeconds"))
    kept = {name: changed.get(name) for name in MINIMAL | {"Keywords"}}
    amazon.see(37, "everything else", {name: made.get(name) for name in kept}, kept)


def test_38_a_test_without_its_key_drops_the_key(amazon: Amazon) -> None:
    type_id = amazon.type_id(**TESTED, AnswerKey=ANSWER_KEY)
    read = amazon.client.get_qualification_type
    amazon.see_that(38, "key", read(QualificationTypeId=type_id)["QualificationType"].get("AnswerKey"), bool)
    amazon.client.update_qualification_type(QualificationTypeId=type_id, **TESTED)
    amazon.see(38, "key later", None, read(QualificationTypeId=type_id)["QualificationType"].get("AnswerKey"))


def test_39_40_tests_and_automatic_grants(amazon: Amazon) -> None:
    auto, change = amazon.type_id(AutoGranted=True), amazon.client.update_qualification_type
    found = amazon.refused(change, QualificationTypeId=auto, **TESTED)
    amazon.see(39, "a test", ("ParameterValidationError", 400), (found.kind, found.status))
    found = amazon.refused(change, QualificationTypeId=auto, AutoGranted=False, **TESTED)
    amazon.see(39, "a test instead", "nothing", found.kind)
    found = amazon.refused(change, QualificationTypeId=auto, AutoGranted=True)
    amazon.see(40, "automatic with a test", 400, found.status)


def test_43_44_48_49_deleting(amazon: Amazon) -> None:
    made = amazon.create()
    type_id, delete = made["QualificationTypeId"], amazon.client.delete_qualification_type
    amazon.see(43, "status", 200, delete(QualificationTypeId=type_id)["ResponseMetadata"]["HTTPStatusCode"])
    amazon.see(43, "listed no more", True, amazon.in_time(lambda: type_id not in listed(amazon, made["Name"])))
    again = amazon.refused(
        amazon.client.create_qualification_type,
        Name=made["Name"], Description="d", QualificationTypeStatus="Active",
    )  # fmt: skip
    amazon.see(44, "the name again", f"{TURK}QualificationTypeAlreadyExists", again.turk_code)
    found = amazon.refused(delete, QualificationTypeId=type_id)
    amazon.see(48, "code", f"{TURK}InvalidQualificationTypeState", found.turk_code)
    said = "This operation can be called with a status of: Active,Inactive"
    amazon.see_that(48, "message", found.message, lambda text: said in text)
    found = amazon.refused(delete, QualificationTypeId="3CONFORMANCE0000000000000000NO")
    amazon.see(49, "an unknown id", f"{TURK}QualificationTypeDoesNotExist", found.turk_code)


def test_50_must_be_requestable_is_required(amazon: Amazon) -> None:
    with pytest.raises(Exception, match="MustBeRequestable") as caught:
        amazon.client.list_qualification_types()
    amazon.see(50, "refused by boto3", "ParamValidationError", type(caught.value).__name__)


def test_52_system_types_are_listed_on_demand(amazon: Amazon) -> None:
    for requestable in (True, False):
        found = amazon.client.list_qualification_types(
            MustBeRequestable=requestable, Query="Worker_NumberHITsApproved", MaxResults=100
        )["QualificationTypes"]
        ids = [row["QualificationTypeId"] for row in found]
        amazon.see(52, f"listed with {requestable}", not requestable, "00000000000000000040" in ids)


def test_53_54_55_queries(amazon: Amazon) -> None:
    name = amazon.create()["Name"]
    longer = amazon.create(Name=f"{name}9")["Name"]
    for point, query in ((53, name.upper()), (54, name[:-1])):
        amazon.see(point, query, True, amazon.in_time(lambda query=query: {name, longer} <= names(amazon, query)))
    found = amazon.client.list_qualification_types(
        MustBeRequestable=True, MustBeOwnedByCaller=True, Query="conformancefindsnothing"
    )
    amazon.see(
        55, "no hit", (0, [], None), (found["NumResults"], found["QualificationTypes"], found.get("NextToken"))
    )


def test_77_78_pages(amazon: Amazon) -> None:
    first = amazon.create()["Name"]
    common = first.removeprefix("conformance ")
    wanted = {first, *(amazon.create(Name=f"{first} {number}")["Name"] for number in range(10))}
    amazon.see(78, "all listed", True, amazon.in_time(lambda: names(amazon, common) == wanted))
    params: dict[str, Any] = {"MustBeRequestable": True, "MustBeOwnedByCaller": True, "Query": common}
    call = amazon.client.list_qualification_types
    amazon.see(78, "a page without MaxResults", 10, call(**params)["NumResults"])
    tokens, sizes = [], []
    while True:
        page = call(**params, MaxResults=4)
        amazon.see(78, "NumResults", len(page["QualificationTypes"]), page["NumResults"])
        sizes.append(page["NumResults"])
        if not page.get("NextToken"):
            break
        tokens.append(params.setdefault("NextToken", ""))
        params["NextToken"] = page["NextToken"]
    amazon.see(77, "sizes of the pages", [4, 4, 3, 0], sizes)
    amazon.see(77, "tokens that differ", len(tokens), len(set(tokens)))


def listed(amazon: Amazon, query: str) -> set[str]:
    return {row["QualificationTypeId"] for row in rows(amazon, query)}


def names(amazon: Amazon, query: str) -> set[str]:
    return {row["Name"] for row in rows(amazon, query)}


def rows(amazon: Amazon, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = amazon.client.list_qualification_types(
        MustBeRequestable=True, MustBeOwnedByCaller=True, Query=query, MaxResults=100
    )["QualificationTypes"]
    return found
