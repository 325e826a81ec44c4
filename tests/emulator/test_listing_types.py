"""Points 50 to 56, and paging of types."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from qualadmin.emulator.engine import Engine
from qualadmin.emulator.settings import Settings
from tests.emulator.calls import incoming
from tests.emulator.conftest import Side, create_type
from tests.emulator.refusals import refusal


def names(client: Any, **fields: Any) -> list[str]:
    pages = client.get_paginator("list_qualification_types").paginate(**{"MustBeRequestable": True, **fields})
    return [row["Name"] for page in pages for row in page["QualificationTypes"]]


def test_50_must_be_requestable_is_needed(mturk: Any) -> None:
    with pytest.raises(ParamValidationError):
        mturk.list_qualification_types()


def test_50_the_server_checks_it_too() -> None:
    engine = Engine("sandbox", Settings(signatures="ignored"))
    reply = engine.execute(engine.receive(incoming("ListQualificationTypes", {})))
    assert reply.status == 400
    assert json.loads(reply.body) == {
        "__type": "ValidationException",
        "message": "1 validation error detected: Value null at 'mustBeRequestable' failed to satisfy constraint: "
        "Member must not be null",
    }


def test_51_others_are_included_unless_owned_is_asked(amazon: Side, mturk: Any) -> None:
    create_type(mturk, "Mine")
    create_type(amazon.client(account="second"), "Theirs")
    assert names(mturk) == ["Mine", "Theirs"]
    assert names(mturk, MustBeOwnedByCaller=False) == ["Mine", "Theirs"]
    assert names(mturk, MustBeOwnedByCaller=True) == ["Mine"]


def test_52_system_types(mturk: Any, type_id: str) -> None:
    assert names(mturk) == ["Colour words"]
    everything = names(mturk, MustBeRequestable=False)
    assert {"Masters", "Worker_Locale", "Colour words"} <= set(everything)
    assert names(mturk, MustBeRequestable=False, MustBeOwnedByCaller=True) == ["Colour words"]


def test_53_query_ignores_case(mturk: Any) -> None:
    create_type(mturk, "Eye Tracking")
    assert names(mturk, Query="EYE TRACKING") == ["Eye Tracking"]


def test_54_query_is_not_an_exact_look_up(mturk: Any) -> None:
    for name in ("host:ABC123", "host:ABC1234", "host:XYZ"):
        create_type(mturk, name)
    assert names(mturk, Query="host:ABC12") == ["host:ABC123", "host:ABC1234"]


def test_54_query_looks_into_keywords_and_description(mturk: Any) -> None:
    create_type(mturk, "One", Keywords="stroop")
    create_type(mturk, "Two", Description="A stroop task.")
    create_type(mturk, "Three")
    assert names(mturk, Query="stroop") == ["One", "Two"]


def test_55_query_without_a_hit(mturk: Any, type_id: str) -> None:
    page = mturk.list_qualification_types(MustBeRequestable=True, Query="nothing like it")
    assert (page["NumResults"], page["QualificationTypes"]) == (0, [])
    assert "NextToken" not in page


def test_56_search_lags_behind(amazon: Side, mturk: Any) -> None:
    amazon.control("POST", "settings", {"list_lag_seconds": 60})
    type_id = create_type(mturk)
    assert names(mturk) == []
    mturk.get_qualification_type(QualificationTypeId=type_id)
    mturk.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId="A1EARLY")
    amazon.control("POST", "clock", {"advance_seconds": 61})
    assert names(mturk) == ["Colour words"]


def test_inactive_types_are_listed(mturk: Any) -> None:
    create_type(mturk, "Closed", QualificationTypeStatus="Inactive")
    assert names(mturk) == ["Closed"]


def test_types_of_one_name_keep_their_place_across_pages(amazon: Side, mturk: Any) -> None:
    for number in range(7):
        create_type(mturk, f"Type {number}")
        create_type(amazon.client(account="second"), f"Type {number}")
    found = names(mturk, PaginationConfig={"PageSize": 3})
    assert sorted(found) == sorted([f"Type {n}" for n in range(7)] * 2)


def test_deleting_between_two_pages_loses_nothing(mturk: Any) -> None:
    made = [create_type(mturk, f"Type {number}") for number in range(6)]
    first = mturk.list_qualification_types(MustBeRequestable=True, MaxResults=3)
    mturk.delete_qualification_type(QualificationTypeId=made[2])
    second = mturk.list_qualification_types(MustBeRequestable=True, MaxResults=3, NextToken=first["NextToken"])
    assert [row["Name"] for row in second["QualificationTypes"]] == ["Type 3", "Type 4", "Type 5"]


@pytest.mark.parametrize("token", ["nonsense", "AAAA", "é"])
def test_foreign_token(mturk: Any, token: str) -> None:
    found = refusal(mturk.list_qualification_types, MustBeRequestable=True, NextToken=token)
    assert found.kind == "RequestError"


def test_token_of_another_question(mturk: Any, type_id: str) -> None:
    token = mturk.list_qualification_types(MustBeRequestable=True)["NextToken"]
    found = refusal(mturk.list_qualification_types, MustBeRequestable=False, NextToken=token)
    assert found.kind == "RequestError"
