"""Points 57 to 70: granting, revoking, reading, and who gets mail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.conftest import Side, create_type
from tests.emulator.refusals import TURK, refusal

WORKER = "A1EXAMPLEWORKER"
MASTERS = "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6"


class Granting:
    """The calls about one worker and one type."""

    def __init__(self, client: Any, type_id: str) -> None:
        self.client = client
        self.pair = {"QualificationTypeId": type_id, "WorkerId": WORKER}

    def grant(self, **fields: Any) -> None:
        self.client.associate_qualification_with_worker(**{**self.pair, "SendNotification": False, **fields})

    def revoke(self, **fields: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.disassociate_qualification_from_worker(**self.pair, **fields)
        return answer

    def score(self) -> dict[str, Any]:
        row: dict[str, Any] = self.client.get_qualification_score(**self.pair)["Qualification"]
        return row

    def rows(self, **fields: Any) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("list_workers_with_qualification_type").paginate(
            QualificationTypeId=self.pair["QualificationTypeId"], **fields
        )
        return [row for page in pages for row in page["Qualifications"]]


@pytest.fixture
def granting(mturk: Any, type_id: str) -> Granting:
    return Granting(mturk, type_id)


def test_57_value_defaults_to_1(granting: Granting) -> None:
    granting.grant()
    assert granting.score()["IntegerValue"] == 1


@pytest.mark.parametrize("value", [0, -5, 2**31 - 1, -(2**31)])
def test_any_32_bit_value(granting: Granting, value: int) -> None:
    granting.grant(IntegerValue=value)
    assert granting.score()["IntegerValue"] == value


def test_58_second_grant_overwrites(amazon: Side, granting: Granting) -> None:
    granting.grant(IntegerValue=2)
    first = granting.score()
    amazon.control("POST", "clock", {"advance_seconds": 60})
    granting.grant(IntegerValue=3)
    assert [row["IntegerValue"] for row in granting.rows()] == [3]
    assert granting.score()["GrantTime"] == first["GrantTime"]


def test_59_score_at_once(granting: Granting) -> None:
    granting.grant(IntegerValue=42)
    row = granting.score()
    assert row.pop("GrantTime").microsecond == 0
    assert row == {**granting.pair, "IntegerValue": 42, "Status": "Granted"}


def test_60_listed_at_once(granting: Granting) -> None:
    granting.grant()
    assert granting.rows() == [granting.score()]


def test_61_no_request_and_no_work_needed(granting: Granting) -> None:
    granting.grant()
    assert granting.score()["Status"] == "Granted"


def test_61_prior_work_can_be_required(amazon: Side, granting: Granting) -> None:
    amazon.control("POST", "settings", {"require_prior_work": True})
    assert refusal(granting.grant).kind == "ParameterValidationError"
    for account in ("second", "first"):
        work = {"account": amazon.account_name(account), "worker_ids": [WORKER]}
        amazon.control("POST", "work", work)
        if account == "second":
            assert refusal(granting.grant).kind == "ParameterValidationError"
    granting.grant()
    assert granting.score()["Status"] == "Granted"


def test_62_only_the_owner_deals_with_grants(amazon: Side, granting: Granting) -> None:
    granting.grant()
    stranger = Granting(amazon.client(account="second"), granting.pair["QualificationTypeId"])
    for call in (stranger.grant, stranger.revoke, stranger.score, stranger.rows):
        assert refusal(call).turk_code == f"{TURK}PermissionDenied"
    assert granting.score()["IntegerValue"] == 1


def test_62_system_types_are_not_for_granting(mturk: Any) -> None:
    system = Granting(mturk, MASTERS)
    for call in (system.grant, system.revoke, system.rows):
        assert refusal(call).turk_code == f"{TURK}PermissionDenied"
    assert refusal(system.score).turk_code == f"{TURK}QualificationDoesNotExist"


def test_63_never_granted(granting: Granting) -> None:
    found = refusal(granting.score)
    assert found.turk_code == f"{TURK}QualificationDoesNotExist"
    assert found.message.startswith("You requested a Qualification that does not exist. (")


def test_64_revoked(granting: Granting) -> None:
    granting.grant()
    granting.revoke()
    found = refusal(granting.score)
    assert found.turk_code == f"{TURK}InvalidQualificationState"
    assert found.message.startswith("This operation can be called with a status of: Granted (")


def test_65_unknown_type(mturk: Any) -> None:
    nowhere = Granting(mturk, "NONEXISTENT")
    for call in (nowhere.score, nowhere.grant, nowhere.revoke, nowhere.rows):
        assert "does not exist" in refusal(call).message


@pytest.mark.parametrize("reason", [{}, {"Reason": ""}, {"Reason": "Wrong list."}])
def test_66_revoke_with_or_without_reason(granting: Granting, reason: dict[str, str]) -> None:
    granting.grant()
    assert set(granting.revoke(**reason)) == {"ResponseMetadata"}


def test_67_granted_again(amazon: Side, granting: Granting) -> None:
    granting.grant(IntegerValue=1)
    first = granting.score()
    granting.revoke()
    amazon.control("POST", "clock", {"advance_seconds": 60})
    granting.grant(IntegerValue=9)
    again = granting.score()
    assert (again["Status"], again["IntegerValue"]) == ("Granted", 9)
    assert again["GrantTime"] > first["GrantTime"]
    assert granting.rows() == [again]
    assert granting.rows(Status="Revoked") == []


def test_68_listed_by_status(mturk: Any, granting: Granting) -> None:
    for worker_id in ("A1STAYS", WORKER):
        mturk.associate_qualification_with_worker(
            QualificationTypeId=granting.pair["QualificationTypeId"], WorkerId=worker_id
        )
    granting.revoke()
    assert [row["WorkerId"] for row in granting.rows()] == ["A1STAYS"]
    assert [row["WorkerId"] for row in granting.rows(Status="Granted")] == ["A1STAYS"]
    revoked = granting.rows(Status="Revoked")
    assert [(row["WorkerId"], row["Status"], row["IntegerValue"]) for row in revoked] == [(WORKER, "Revoked", 1)]
    assert refusal(granting.rows, Status="Both").kind == "ValidationException"


def test_69_revoking_what_is_not_granted(granting: Granting) -> None:
    assert refusal(granting.revoke).turk_code == f"{TURK}QualificationDoesNotExist"
    granting.grant()
    granting.revoke()
    assert refusal(granting.revoke).turk_code == f"{TURK}InvalidQualificationState"


def outbox(amazon: Side) -> list[tuple[str, str]]:
    return [(mail["kind"], mail["worker_id"]) for mail in amazon.control("GET", "outbox")["mails"]]


def test_70_who_is_mailed(amazon: Side, mturk: Any, granting: Granting) -> None:
    granting.grant(SendNotification=False)
    assert outbox(amazon) == []
    mturk.associate_qualification_with_worker(**granting.pair)
    assert outbox(amazon) == [("granted", WORKER)]
    granting.revoke(Reason="")
    assert outbox(amazon) == [("granted", WORKER)]
    granting.grant(SendNotification=True)
    granting.revoke(Reason="You asked us to.")
    assert outbox(amazon) == [("granted", WORKER), ("granted", WORKER), ("revoked", WORKER)]
    assert amazon.control("GET", "outbox")["mails"][-1]["text"] == "You asked us to."


def test_inactive_type_takes_grants(mturk: Any) -> None:
    closed = Granting(mturk, create_type(mturk, QualificationTypeStatus="Inactive"))
    closed.grant(IntegerValue=2)
    assert closed.score()["IntegerValue"] == 2


def test_refused_calls_change_nothing(amazon: Side, granting: Granting) -> None:
    for fields in ({"WorkerId": "AUNKNOWN1"}, {"WorkerId": "bad id"}, {"QualificationTypeId": "NONE"}):
        refusal(granting.grant, **fields)
    type_id = granting.pair["QualificationTypeId"]
    assert amazon.control("GET", "holders", {"type_id": type_id}) == {"granted": {}, "revoked": {}}
    assert outbox(amazon) == []
