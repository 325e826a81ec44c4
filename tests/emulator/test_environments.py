"""Points 15 to 20: sandbox and production know nothing of each other."""

from __future__ import annotations

import re

import pytest

from tests.emulator.conftest import Side, create_type
from tests.emulator.refusals import refusal

MASTERS = {
    "production": "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH",
    "sandbox": "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6",
}


def test_15_state_is_disjoint(amazon: Side) -> None:
    create_type(amazon.client(environment="sandbox"), "Same name")
    create_type(amazon.client(environment="production"), "Same name")
    for environment in MASTERS:
        client = amazon.client(environment=environment)
        found = client.list_qualification_types(MustBeRequestable=True)["QualificationTypes"]
        assert len(found) == 1


def test_16_type_of_the_other_environment(amazon: Side) -> None:
    type_id = create_type(amazon.client(environment="sandbox"))
    found = refusal(amazon.client(environment="production").get_qualification_type, QualificationTypeId=type_id)
    assert found.message.startswith(f"QualificationType [{type_id}] does not exist. (")


def test_17_balance(amazon: Side) -> None:
    assert amazon.client().get_account_balance()["AvailableBalance"] == "10000.00"
    balance = amazon.client(environment="production").get_account_balance()["AvailableBalance"]
    assert re.fullmatch(r"[0-9]+(\.)?[0-9]{0,2}", balance)
    assert balance != "10000.00"


def test_18_worker_unknown_here(amazon: Side) -> None:
    client = amazon.client()
    type_id = create_type(client)
    amazon.control("POST", "settings", {"unknown_workers": "reject"})
    amazon.control("POST", "workers", {"worker_ids": ["AREGISTERED"]})
    client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId="AREGISTERED")
    found = refusal(client.associate_qualification_with_worker, QualificationTypeId=type_id, WorkerId="ASTRANGER1")
    assert found.kind == "ParameterValidationError"
    assert found.message.startswith('The value "ASTRANGER1" is not valid for the parameter WorkerId. (')


@pytest.mark.parametrize("environment", ["sandbox", "production"])
def test_20_system_types(amazon: Side, environment: str) -> None:
    client = amazon.client(environment=environment)
    everywhere = ["00000000000000000040", "00000000000000000071", "00000000000000000060"]
    for type_id in [*everywhere, "000000000000000000L0", MASTERS[environment]]:
        row = client.get_qualification_type(QualificationTypeId=type_id)["QualificationType"]
        assert row["IsRequestable"] is False
    other = next(masters for name, masters in MASTERS.items() if name != environment)
    assert "does not exist" in refusal(client.get_qualification_type, QualificationTypeId=other).message
