"""The framework's check, for every operation of Amazon's description, without a server around it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from qualadmin.emulator.errors import ApiError
from qualadmin.wire.model import ModelMissing, service_model
from qualadmin.wire.validation import OPERATION_NAMES, check, fits

MODEL = Session().get_service_model("mturk")


def smallest(shape: Any) -> Any:
    """The smallest value botocore takes for a shape."""
    if shape.type_name == "structure":
        return {name: smallest(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [smallest(shape.member)]
    if shape.type_name == "string":
        return {"CustomerId": "A1", "CurrencyAmount": "1.00", "CountryParameters": "NL"}.get(
            shape.name, shape.enum[0] if shape.enum else "X"
        )
    return {"integer": 1, "long": 1, "boolean": True, "timestamp": 1_700_000_000}[shape.type_name]


def refused(operation: str, params: Any) -> tuple[str, str]:
    with pytest.raises(ApiError) as caught:
        check(operation, params)
    return caught.value.kind, caught.value.message


def test_all_39_operations_are_known() -> None:
    assert set(MODEL.operation_names) == OPERATION_NAMES
    assert len(OPERATION_NAMES) == 39


@pytest.mark.parametrize("operation", sorted(MODEL.operation_names))
def test_what_botocore_sends_passes(operation: str) -> None:
    shape = MODEL.operation_model(operation).input_shape
    whole = {name: smallest(member) for name, member in shape.members.items()}
    for params in (smallest(shape), whole):
        assert not ParamValidator().validate(params, shape).has_errors()
        assert check(operation, params) == params
    assert check(operation, {**whole, "Unheard": 1}) == whole
    assert check(operation, {**smallest(shape), "Unheard": None}) == smallest(shape)


@pytest.mark.parametrize("operation", sorted(MODEL.operation_names))
def test_every_required_member_is_asked_for_at_once(operation: str) -> None:
    required = MODEL.operation_model(operation).input_shape.required_members
    if not required:
        assert check(operation, {}) == {}
        return
    kind, message = refused(operation, dict.fromkeys(required))
    assert kind == "ValidationException"
    assert message.count("Member must not be null") == len(required)
    assert all(f"Value null at '{name[0].lower()}{name[1:]}' failed" in message for name in required)


@pytest.mark.parametrize("operation", sorted(MODEL.operation_names))
def test_every_member_has_its_type(operation: str) -> None:
    shape = MODEL.operation_model(operation).input_shape
    wrong: dict[str, list[Any]] = {
        "string": [1, True, [], {}],
        "integer": ["1", True, [], {}, 2**31],
        "long": ["1", False, [], {}, 2**63, float("inf")],
        "boolean": ["true", 1, [], {}],
        "timestamp": ["2026-01-01", True, [], {}, float("nan")],
        "list": ["x", 1, {}],
        "structure": ["x", 1, []],
    }
    for name, member in shape.members.items():
        for value in wrong[member.type_name]:
            assert refused(operation, {**smallest(shape), name: value})[0] == "SerializationException"


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("GetHIT", {"HITId": 5}, "NUMBER_VALUE can not be converted to a String"),
        ("GetHIT", {"HITId": True}, "TRUE_VALUE can not be converted to a String"),
        ("GetHIT", {"HITId": ["X"]}, "Start of list found where not expected"),
        ("GetHIT", {"HITId": {"S": "X"}}, "Start of structure or map found where not expected."),
        ("ListHITs", {"MaxResults": "5"}, "STRING_VALUE can not be converted to an Integer"),
        ("NotifyWorkers", {"WorkerIds": "A1"}, "Expected list or null"),
        ("SendTestEventNotification", {"Notification": "x"}, "Expected null"),
        (
            "UpdateExpirationForHIT",
            {"HITId": "X", "ExpireAt": "2026-01-01"},
            "STRING_VALUE can not be converted to milliseconds since epoch",
        ),
    ],
)
def test_words_for_wrong_types(operation: str, params: dict[str, Any], message: str) -> None:
    assert refused(operation, params) == ("SerializationException", message)


def failed(operation: str, params: dict[str, Any]) -> list[str]:
    """What a ValidationException says after its count."""
    kind, message = refused(operation, params)
    count, _, rest = message.partition(" detected: ")
    faults = rest.split("; ")
    assert kind == "ValidationException"
    assert count == ("1 validation error" if len(faults) == 1 else f"{len(faults)} validation errors")
    return faults


def test_words_for_texts() -> None:
    failing = "failed to satisfy constraint: Member must"
    assert failed("GetHIT", {"HITId": "a"}) == [
        f"Value 'a' at 'hITId' {failing} satisfy regular expression pattern: ^[A-Z0-9]+$"
    ]
    assert failed("GetHIT", {"HITId": ""}) == [
        f"Value '' at 'hITId' {failing} have length greater than or equal to 1",
        f"Value '' at 'hITId' {failing} satisfy regular expression pattern: ^[A-Z0-9]+$",
    ]
    assert failed("ListReviewableHITs", {"Status": "Gone"}) == [
        f"Value 'Gone' at 'status' {failing} satisfy enum value set: [Reviewable, Reviewing]"
    ]
    assert failed("ListHITs", {"MaxResults": 101, "NextToken": "x" * 256}) == [
        f"Value '{'x' * 256}' at 'nextToken' {failing} have length less than or equal to 255",
        f"Value '101' at 'maxResults' {failing} have value less than or equal to 100",
    ]


def test_words_for_what_lies_deeper() -> None:
    requirement = {"QualificationTypeId": "X", "Comparator": "Like", "LocaleValues": [{"Country": "NLD"}, {}]}
    params = {
        **smallest(MODEL.operation_model("CreateHITType").input_shape),
        "QualificationRequirements": [requirement],
    }
    start = "qualificationRequirements.1.member"
    comparator, country, missing = failed("CreateHITType", params)
    assert comparator.startswith(f"Value 'Like' at '{start}.comparator' failed")
    assert country.startswith(f"Value 'NLD' at '{start}.localeValues.1.member.country' failed")
    assert missing.startswith(f"Value null at '{start}.localeValues.2.member.country' failed")


@pytest.mark.parametrize("worker_ids", [["A1", "nonsense"], ["A1", None]])
def test_one_bad_item_condemns_the_list(worker_ids: list[Any]) -> None:
    params = {"Subject": "s", "MessageText": "m", "WorkerIds": worker_ids}
    shown = ", ".join("null" if item is None else item for item in worker_ids)
    (fault,) = failed("NotifyWorkers", params)
    assert fault == (
        f"Value '[{shown}]' at 'workerIds' failed to satisfy constraint: Member must satisfy constraint: "
        "[Member must have length less than or equal to 64, Member must have length greater than or equal to 1, "
        "Member must satisfy regular expression pattern: ^A[A-Z0-9]+$, Member must not be null]"
    )


def test_ten_faults_are_enough() -> None:
    params = {
        **smallest(MODEL.operation_model("CreateHITType").input_shape),
        "QualificationRequirements": [{}] * 8,
    }
    assert len(failed("CreateHITType", params)) == 10


def test_fractions_are_cut_off() -> None:
    assert check("ListHITs", json.loads('{"MaxResults": 5.9}')) == {"MaxResults": 5}


def test_ids_outside_of_a_call() -> None:
    assert fits("CustomerId", "A1EXAMPLE")
    assert not any(fits("CustomerId", value) for value in ("nonsense", "A1\n", "A", "A" * 65, None, 5))


def test_missing_description_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qualadmin.wire.model.find_spec", lambda name: None)
    service_model.cache_clear()
    with pytest.raises(ModelMissing, match="Install boto3"):
        service_model()
