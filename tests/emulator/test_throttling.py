"""The token bucket: its rate, its burst, one per account."""

from __future__ import annotations

from typing import Any

import pytest

from qualadmin.emulator.settings import Settings
from qualadmin.emulator.throttle import Throttle
from tests.emulator.conftest import Side, create_type
from tests.emulator.refusals import refusal


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    class Clock:
        now = 1000.0

    monkeypatch.setattr("qualadmin.emulator.throttle.time.monotonic", lambda: Clock.now)
    return Clock


def admitted(throttle: Throttle, calls: int, owner: str = "first") -> int:
    return sum(throttle.admits(owner) for _ in range(calls))


def test_without_a_rate_everything_passes() -> None:
    assert admitted(Throttle(Settings()), 1000) == 1000


def test_burst_then_rate(clock: Any) -> None:
    throttle = Throttle(Settings(rate=5, burst=10))
    assert admitted(throttle, 50) == 10
    clock.now += 1
    assert admitted(throttle, 50) == 5
    clock.now += 0.1
    assert admitted(throttle, 50) == 0
    clock.now += 0.1
    assert admitted(throttle, 50) == 1
    clock.now += 3600
    assert admitted(throttle, 50) == 10


def test_a_bucket_for_each_account(clock: Any) -> None:
    throttle = Throttle(Settings(rate=1, burst=3))
    assert admitted(throttle, 9, "first") == 3
    assert admitted(throttle, 9, "second") == 3


def test_throttled_grant_changes_nothing(amazon: Side) -> None:
    client = amazon.client()
    type_id = create_type(client)
    amazon.control("POST", "settings", {"rate": 0.001, "burst": 1})
    client.get_account_balance()
    found = refusal(client.associate_qualification_with_worker, QualificationTypeId=type_id, WorkerId="A1LATE")
    assert found.kind == "ThrottlingException"
    assert amazon.control("GET", "holders", {"type_id": type_id})["granted"] == {}
    last = amazon.control("GET", "calls")["calls"][-1]
    assert (last["operation"], last["worker_id"], last["outcome"], last["applied"]) == (
        "AssociateQualificationWithWorker",
        "A1LATE",
        "ThrottlingException",
        False,
    )
    amazon.client(account="second").get_account_balance()


def test_new_settings_act_at_once(amazon: Side) -> None:
    client = amazon.client()
    amazon.control("POST", "settings", {"rate": 0.001, "burst": 1})
    client.get_account_balance()
    refusal(client.get_account_balance)
    amazon.control("POST", "settings", {"rate": 0})
    client.get_account_balance()
