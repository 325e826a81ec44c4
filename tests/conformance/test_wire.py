"""Transport, errors and the environment, as boto3 shows them."""

from __future__ import annotations

import re

import pytest

from tests.conformance.observing import TURK, Amazon

NOWHERE = "3CONFORMANCE0000000000000000NO"
STRANGER = "AUNKNOWNCONFORMANCE"
SYSTEM_TYPES = {
    "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6": "Masters",
    "00000000000000000040": "Worker_NumberHITsApproved",
    "00000000000000000071": "Worker_Locale",
    "00000000000000000060": "Worker_Adult",
    "000000000000000000L0": "Worker_PercentAssignmentsApproved",
}


def test_01_02_an_operation_without_output(amazon: Amazon) -> None:
    type_id = amazon.type_id()
    answer = amazon.client.delete_qualification_type(QualificationTypeId=type_id)["ResponseMetadata"]
    amazon.see(1, "status", 200, answer["HTTPStatusCode"])
    headers = answer["HTTPHeaders"]
    amazon.see(2, "content type", "application/x-amz-json-1.1", headers.get("content-type"))
    # Inside mock_aws no server says how long the body is.
    amazon.see_that(2, "length of the body {}", headers.get("content-length"), {"2", None}.__contains__)
    amazon.see_that(2, "x-amzn-RequestId", headers.get("x-amzn-requestid"), bool)


def test_03_04_06_a_request_error(amazon: Amazon) -> None:
    with pytest.raises(amazon.client.exceptions.RequestError) as caught:
        amazon.client.get_qualification_type(QualificationTypeId=NOWHERE)
    response = caught.value.response
    amazon.see(3, "status", 400, response["ResponseMetadata"]["HTTPStatusCode"])
    amazon.see(3, "code", "RequestError", response["Error"]["Code"])
    amazon.see(4, "TurkErrorCode", f"{TURK}QualificationTypeDoesNotExist", response.get("TurkErrorCode"))
    message = response["Error"]["Message"]
    amazon.see_that(6, "end of the message", message, re.compile(r".* \(\d{13} s\)", re.DOTALL).fullmatch)


@pytest.mark.parametrize("worker_id", ["nonsense", " A1", "A1,A1", "a1lower", "A" * 65])
def test_10_11_malformed_worker_ids(amazon: Amazon, worker_id: str) -> None:
    type_id = amazon.type_id()
    call = amazon.client.associate_qualification_with_worker
    found = amazon.refused(call, QualificationTypeId=type_id, WorkerId=worker_id, SendNotification=False)
    amazon.see(10, "code", "ValidationException", found.kind)
    amazon.see(10, "TurkErrorCode", None, found.turk_code)
    amazon.see_that(11, "message", found.message, lambda text: "does not exist" not in text)


@pytest.mark.parametrize("type_id", ["3" * 65, "3lower"])
def test_12_malformed_type_ids(amazon: Amazon, type_id: str) -> None:
    found = amazon.refused(amazon.client.get_qualification_type, QualificationTypeId=type_id)
    amazon.see(12, "code", "ValidationException", found.kind)


def test_13_a_page_too_large(amazon: Amazon) -> None:
    call = amazon.client.list_qualification_types
    found = amazon.refused(call, MustBeRequestable=True, MustBeOwnedByCaller=True, MaxResults=101)
    amazon.see(13, "code", "ValidationException", found.kind)


def test_14_no_such_status(amazon: Amazon) -> None:
    found = amazon.refused(
        amazon.client.create_qualification_type, Name="n", Description="d", QualificationTypeStatus="Foo"
    )
    amazon.see(14, "code", "ValidationException", found.kind)


def test_16_a_type_that_is_not_here(amazon: Amazon) -> None:
    found = amazon.refused(amazon.client.get_qualification_type, QualificationTypeId=NOWHERE)
    amazon.see(16, "message", f"QualificationType [{NOWHERE}] does not exist.", found.message.partition(" (")[0])


def test_17_the_balance(amazon: Amazon) -> None:
    amazon.see(17, "balance", "10000.00", amazon.client.get_account_balance()["AvailableBalance"])


def test_18_19_a_worker_who_is_not_here(amazon: Amazon) -> None:
    said = f'The value "{STRANGER}" is not valid for the parameter WorkerId.'
    call = amazon.client.associate_qualification_with_worker
    params = {"QualificationTypeId": amazon.type_id(), "WorkerId": STRANGER, "SendNotification": False}
    found = amazon.refused(call, **params)
    amazon.see(18, "Associate", ("ParameterValidationError", said), (found.kind, found.message.partition(" (")[0]))
    found = amazon.refused(amazon.client.create_worker_block, WorkerId=STRANGER, Reason="Conformance.")
    amazon.see(19, "block", ("ParameterValidationError", said), (found.kind, found.message.partition(" (")[0]))


@pytest.mark.parametrize("type_id", SYSTEM_TYPES)
def test_20_system_types(amazon: Amazon, type_id: str) -> None:
    found = amazon.client.get_qualification_type(QualificationTypeId=type_id)["QualificationType"]
    amazon.see_that(
        20, SYSTEM_TYPES[type_id], found.get("Name"), lambda name: SYSTEM_TYPES[type_id] in (name or "")
    )
    amazon.see(20, "IsRequestable", False, found.get("IsRequestable"))
