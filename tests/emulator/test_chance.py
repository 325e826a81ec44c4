"""Chance with a seed: which calls a rule strikes and how late they are can be repeated."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from qualadmin.emulator.fault_forms import parse_fault
from tests.emulator.conftest import Side, create_type

GRANT = "AssociateQualificationWithWorker"
WORKERS = [f"A1CHANCE{number}" for number in range(400)]


def struck(workers: list[str], **fields: Any) -> list[str]:
    rule = parse_fault({"kind": "reset", **fields})
    return [worker_id for worker_id in workers if rule.fires(GRANT, worker_id) is not None]


def delays(count: int = 4000, **fields: Any) -> list[float]:
    rule = parse_fault({"kind": "delay", "seed": 7, **fields})
    drawn = [rule.fires(GRANT, None) for _ in range(count)]
    return [late for late in drawn if late is not None]


def test_about_as_many_as_the_probability_says() -> None:
    assert 80 <= len(struck(WORKERS, probability=0.25, seed=3)) <= 120


def test_a_seed_repeats_whatever_the_order() -> None:
    first = struck(WORKERS, probability=0.25, seed=3)
    assert sorted(struck(WORKERS[::-1], probability=0.25, seed=3)) == sorted(first)
    assert struck(WORKERS, probability=0.25, seed=4) != first


def test_a_second_try_has_luck_of_its_own() -> None:
    again = struck(WORKERS * 2, probability=0.25, seed=3)
    first = struck(WORKERS, probability=0.25, seed=3)
    assert again[: len(first)] == first
    assert again[len(first) :] != first


def test_a_rule_without_a_seed_tells_the_one_it_was_given() -> None:
    rule = parse_fault({"kind": "reset", "probability": 0.5})
    assert rule.seed is not None
    same = parse_fault({"kind": "reset", "probability": 0.5, "seed": rule.seed})
    assert [rule.fires(GRANT, one) for one in WORKERS] == [same.fires(GRANT, one) for one in WORKERS]


def test_the_next_three_that_chance_picks() -> None:
    assert struck(WORKERS, probability=0.25, seed=3, times=3) == struck(WORKERS, probability=0.25, seed=3)[:3]


def test_fixed_delay() -> None:
    assert set(delays(delay_ms=40)) == {40}


def test_uniform_delay() -> None:
    drawn = delays(delay_ms=40, spread_ms=30, distribution="uniform")
    assert 10 <= min(drawn) < 12
    assert 68 < max(drawn) <= 70


def test_normal_delay() -> None:
    drawn = delays(delay_ms=400, spread_ms=50, distribution="normal")
    assert statistics.mean(drawn) == pytest.approx(400, rel=0.02)
    assert statistics.stdev(drawn) == pytest.approx(50, rel=0.1)


def test_lognormal_delay_has_the_mean_and_deviation_asked_for_and_a_long_tail() -> None:
    drawn = delays(delay_ms=100, spread_ms=60, distribution="lognormal")
    assert statistics.mean(drawn) == pytest.approx(100, rel=0.05)
    assert statistics.stdev(drawn) == pytest.approx(60, rel=0.15)
    assert statistics.median(drawn) < 95
    assert max(drawn) > 300


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
def test_no_delay_is_below_nothing(distribution: str) -> None:
    drawn = delays(delay_ms=5, spread_ms=50, distribution=distribution)
    assert min(drawn) == 0


def test_the_same_calls_fail_in_process_and_over_http(amazon: Side) -> None:
    client = amazon.client()
    type_id = create_type(client)
    amazon.control(
        "POST",
        "faults",
        {"kind": "error", "operation": GRANT, "code": "RequestError", "probability": 0.4, "seed": 11},
    )
    failed = []
    for worker_id in WORKERS[:12]:
        try:
            client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId=worker_id)
        except client.exceptions.RequestError:
            failed.append(worker_id)
    assert failed == struck(WORKERS[:12], probability=0.4, seed=11)
    assert 0 < len(failed) < 12
    held = amazon.control("GET", "holders", {"type_id": type_id})["granted"]
    assert sorted(held) == sorted(set(WORKERS[:12]) - set(failed))
