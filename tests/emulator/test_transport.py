"""Points 1 to 14: the wire, and errors as boto3 sees them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from qualadmin.emulator.operations import OPERATIONS
from qualadmin.wire.model import service_model
from tests.emulator.conftest import Side, create_type
from tests.emulator.refusals import TURK, refusal

WORKER = "A1EXAMPLEWORKER"
MISSING = "NONEXISTENT"


def test_01_target_header_chooses_the_operation(mturk: Any) -> None:
    assert "AvailableBalance" in mturk.get_account_balance()
    assert "QualificationTypes" in mturk.list_qualification_types(MustBeRequestable=True)


def test_01_every_operation_of_the_description_is_there() -> None:
    assert OPERATIONS.keys() == set(service_model().inputs)
    assert len(OPERATIONS) == 39


def test_02_operation_without_output(mturk: Any, type_id: str) -> None:
    answer = mturk.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=WORKER)
    assert set(answer) == {"ResponseMetadata"}
    metadata = answer["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 200
    assert metadata["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.1"
    assert metadata["RequestId"]


def test_03_request_error_form(mturk: Any) -> None:
    found = refusal(mturk.get_qualification_type, QualificationTypeId=MISSING)
    assert (found.kind, found.status) == ("RequestError", 400)
    assert found.turk_code == f"{TURK}QualificationTypeDoesNotExist"


def test_04_boto3_has_a_class_for_it(mturk: Any) -> None:
    with pytest.raises(mturk.exceptions.RequestError) as caught:
        mturk.get_qualification_type(QualificationTypeId=MISSING)
    assert caught.value.response["TurkErrorCode"] == f"{TURK}QualificationTypeDoesNotExist"


@pytest.mark.parametrize(
    ("environment", "suffix"), [("production", r" \(\d{13}\)"), ("sandbox", r" \(\d{13} s\)")], ids=["05", "06"]
)
def test_05_06_messages_end_with_a_stamp(amazon: Side, environment: str, suffix: str) -> None:
    client = amazon.client(environment=environment)
    found = refusal(client.get_qualification_type, QualificationTypeId=MISSING)
    assert re.fullmatch(r"QualificationType \[NONEXISTENT\] does not exist\." + suffix, found.message)


def test_07_account_not_linked_has_no_stamp(amazon: Side) -> None:
    amazon.control("POST", "settings", {"unlinked_accounts": [amazon.account_name()]})
    found = refusal(amazon.client().get_account_balance)
    assert found.turk_code == "AWS.AccountNotLinked"
    assert found.message.endswith("Visit https://requestersandbox.mturk.com/developer to get started.")
    assert amazon.client(account="second").get_account_balance()["AvailableBalance"]


def test_08_service_fault_is_retried(amazon: Side) -> None:
    amazon.control("POST", "faults", {"kind": "error"})
    found = refusal(amazon.client(attempts=2).get_account_balance)
    assert (found.kind, found.status) == ("ServiceFault", 500)
    assert found.turk_code
    assert len(amazon.control("GET", "calls")["calls"]) == 2


def test_09_throttling_is_retried_to_exhaustion(amazon: Side) -> None:
    amazon.control("POST", "settings", {"rate": 0.001, "burst": 1})
    client = amazon.client(attempts=3)
    client.get_account_balance()
    found = refusal(client.get_account_balance)
    assert (found.kind, found.status, found.message) == ("ThrottlingException", 400, "Rate exceeded")
    outcomes = [call["outcome"] for call in amazon.control("GET", "calls")["calls"]]
    assert outcomes == ["ok", "ThrottlingException", "ThrottlingException", "ThrottlingException"]


def test_10_unmodelled_errors_are_plain_client_errors(mturk: Any, type_id: str) -> None:
    for worker_id, kind in (("nonsense", "ValidationException"), ("AUNKNOWN1", "ParameterValidationError")):
        found = refusal(mturk.associate_qualification_with_worker, QualificationTypeId=type_id, WorkerId=worker_id)
        assert found.kind == kind
        assert type(found.error) is ClientError


@pytest.mark.parametrize("worker_id", ["nonsense", " A1", "A1,A1", "a1", "A1\n", "A", "А1BCDEF", "A" * 65])
def test_11_malformed_worker_id(mturk: Any, type_id: str, worker_id: str) -> None:
    for call in (mturk.get_qualification_score, mturk.associate_qualification_with_worker):
        found = refusal(call, QualificationTypeId=type_id, WorkerId=worker_id)
        assert found.kind == "ValidationException"
        assert "does not exist" not in found.message
        assert "at 'workerId' failed to satisfy constraint" in found.message


@pytest.mark.parametrize("bad", ["A" * 65, "abc", "3ABC-1"])
def test_12_malformed_type_id(mturk: Any, bad: str) -> None:
    found = refusal(mturk.get_qualification_type, QualificationTypeId=bad)
    assert found.kind == "ValidationException"


def test_13_max_results_over_100(mturk: Any) -> None:
    found = refusal(mturk.list_qualification_types, MustBeRequestable=True, MaxResults=101)
    assert found.kind == "ValidationException"
    assert "less than or equal to 100" in found.message


def test_14_bad_status(mturk: Any) -> None:
    found = refusal(create_type, client=mturk, QualificationTypeStatus="Foo")
    assert found.kind == "ValidationException"


def test_several_faults_are_named_at_once(mturk: Any) -> None:
    found = refusal(mturk.get_qualification_score, QualificationTypeId="x", WorkerId="y")
    assert found.message.startswith("2 validation errors detected: ")


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1])
def test_value_beyond_32_bits_is_refused(mturk: Any, type_id: str, value: int) -> None:
    found = refusal(
        mturk.associate_qualification_with_worker,
        QualificationTypeId=type_id,
        WorkerId=WORKER,
        IntegerValue=value,
    )
    assert found.kind == "SerializationException"
