"""What HITs and bonuses cost, and the balance that pays for it."""

from __future__ import annotations

from typing import Any

import pytest

from qualadmin.emulator.hits import money
from tests.emulator.conftest import Side
from tests.emulator.hit_forms import DAY, OTHER, WORKER, Workers, hit_id
from tests.emulator.refusals import TURK, refusal

FUNDS = "This Requester has insufficient funds in their account to complete this transaction."


@pytest.fixture
def mturk(amazon: Side) -> Any:
    """Production: in the sandbox nothing costs anything."""
    amazon.control("POST", "settings", {"production_balance": "10.00"}, environment="production")
    return amazon.client(environment="production")


@pytest.fixture
def workers(amazon: Side) -> Workers:
    return Workers(amazon, "production")


def balance(client: Any) -> str:
    amount: str = client.get_account_balance()["AvailableBalance"]
    return amount


@pytest.mark.parametrize(
    ("reward", "count", "masters", "fee"),
    [
        (100, 1, False, 20),
        (100, 9, False, 20),
        (100, 10, False, 40),
        (100, 1, True, 25),
        (100, 10, True, 45),
        (0, 1, False, 1),
        (3, 1, False, 1),
        (52, 1, False, 10),
        (53, 1, False, 11),
    ],
)
def test_fees(reward: int, count: int, masters: bool, fee: int) -> None:
    assert money.fee(reward, count, masters=masters) == fee


@pytest.mark.parametrize(("text", "cents"), [("5", 500), ("5.", 500), ("0.5", 50), ("0.05", 5), ("12.34", 1234)])
def test_amounts(text: str, cents: int) -> None:
    assert money.cents(text) == cents
    assert money.cents(money.text(cents)) == cents


def test_money_is_set_aside_spent_and_set_free(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, Reward="1", MaxAssignments=3)
    assert balance(mturk) == "6.40"
    paid, refused = workers.work(hit), workers.work(hit, OTHER)
    assert balance(mturk) == "6.40"
    mturk.approve_assignment(AssignmentId=paid)
    assert balance(mturk) == "6.40"
    mturk.reject_assignment(AssignmentId=refused, RequesterFeedback="No.")
    assert balance(mturk) == "7.60"
    mturk.update_expiration_for_hit(HITId=hit, ExpireAt=0)
    assert balance(mturk) == "8.80"
    mturk.approve_assignment(AssignmentId=refused, OverrideRejection=True)
    assert balance(mturk) == "7.60"
    mturk.send_bonus(WorkerId=WORKER, AssignmentId=paid, BonusAmount="0.50", Reason="Well done.")
    assert balance(mturk) == "7.00"


def test_balances_are_apart(amazon: Side, mturk: Any) -> None:
    hit_id(mturk, Reward="1")
    assert balance(amazon.client(account="second", environment="production")) == "10.00"
    hit_id(amazon.client(), Reward="5000", MaxAssignments=50)
    assert balance(amazon.client()) == "10000.00"


def test_nothing_without_funds(mturk: Any, workers: Workers) -> None:
    for fields in ({"Reward": "9", "MaxAssignments": 1}, {"Reward": "1", "MaxAssignments": 9}):
        found = refusal(hit_id, client=mturk, **fields)
        assert found.turk_code == f"{TURK}InsufficientFunds"
        assert found.message.startswith(FUNDS)
    assert mturk.list_hits()["HITs"] == []
    hit = hit_id(mturk, Reward="1", MaxAssignments=8)
    assignment_id = workers.work(hit)
    more = {"HITId": hit, "NumberOfAdditionalAssignments": 1}
    assert refusal(mturk.create_additional_assignments_for_hit, **more).turk_code == f"{TURK}InsufficientFunds"
    bonus = {"WorkerId": WORKER, "AssignmentId": assignment_id, "BonusAmount": "1", "Reason": "r"}
    assert refusal(mturk.send_bonus, **bonus).turk_code == f"{TURK}InsufficientFunds"
    mturk.update_expiration_for_hit(HITId=hit, ExpireAt=0)
    mturk.send_bonus(**{**bonus, "BonusAmount": "5"})
    ends = mturk.get_hit(HITId=hit)["HIT"]["Expiration"].timestamp() + DAY
    found = refusal(mturk.update_expiration_for_hit, HITId=hit, ExpireAt=ends)
    assert found.turk_code == f"{TURK}InsufficientFunds"


def test_bonuses(amazon: Side, mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=2)
    first, second = workers.work(hit), workers.work(hit, OTHER)
    for assignment_id, worker_id, amount in ((first, WORKER, "0.1"), (second, OTHER, "1"), (first, WORKER, "2.5")):
        mturk.send_bonus(WorkerId=worker_id, AssignmentId=assignment_id, BonusAmount=amount, Reason="Thanks.")

    def paid(**subject: str) -> list[tuple[str, str]]:
        pages = mturk.get_paginator("list_bonus_payments").paginate(**subject, PaginationConfig={"PageSize": 2})
        return [(row["WorkerId"], row["BonusAmount"]) for page in pages for row in page["BonusPayments"]]

    assert paid(HITId=hit) == [(WORKER, "0.10"), (OTHER, "1.00"), (WORKER, "2.50")]
    assert paid(AssignmentId=first) == [(WORKER, "0.10"), (WORKER, "2.50")]
    (row,) = mturk.list_bonus_payments(AssignmentId=second)["BonusPayments"]
    assert set(row) == {"WorkerId", "BonusAmount", "AssignmentId", "Reason", "GrantTime"}
    mails = amazon.control("GET", "outbox", environment="production")["mails"]
    assert [(mail["kind"], mail["worker_id"]) for mail in mails] == [("bonus", w) for w in (WORKER, OTHER, WORKER)]
    for subject in ({}, {"HITId": hit, "AssignmentId": first}):
        assert refusal(mturk.list_bonus_payments, **subject).kind == "ParameterValidationError"


def test_bonus_needs_its_worker_and_an_amount(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=2)
    bonus = {"WorkerId": WORKER, "AssignmentId": workers.work(hit), "BonusAmount": "1", "Reason": "r"}
    for change in ({"WorkerId": OTHER}, {"WorkerId": "AUNKNOWN1"}, {"BonusAmount": "0"}, {"Reason": " "}):
        assert refusal(mturk.send_bonus, **{**bonus, **change}).kind == "ParameterValidationError"
    begun = workers.accept(hit, OTHER)
    found = refusal(mturk.send_bonus, **{**bonus, "WorkerId": OTHER, "AssignmentId": begun})
    assert found.turk_code == f"{TURK}InvalidAssignmentState"
    assert mturk.list_bonus_payments(HITId=hit)["BonusPayments"] == []


def test_bonus_token_pays_once(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    bonus = {"WorkerId": WORKER, "AssignmentId": workers.work(hit), "BonusAmount": "1", "Reason": "r"}
    mturk.send_bonus(**bonus, UniqueRequestToken="once")
    found = refusal(mturk.send_bonus, **bonus, UniqueRequestToken="once")
    assert found.message.startswith('The idempotency token "once" has already been processed.')
    assert len(mturk.list_bonus_payments(HITId=hit)["BonusPayments"]) == 1


def test_review_policy_does_not_extend_without_funds(mturk: Any, workers: Workers) -> None:
    parameters = [
        {"Key": "AnswerKey", "MapEntries": [{"Key": "sky", "Values": ["blue"]}]},
        {"Key": "ExtendIfKnownAnswerScoreIsLessThan", "Values": ["100"]},
    ]
    policy = {"PolicyName": "ScoreMyKnownAnswers/2011-09-01", "Parameters": parameters}
    hit = hit_id(mturk, Reward="5", AssignmentReviewPolicy=policy)
    workers.work(hit, sky="red")
    assert mturk.get_hit(HITId=hit)["HIT"]["MaxAssignments"] == 1
    (action,) = mturk.list_review_policy_results_for_hit(HITId=hit)["AssignmentReviewReport"]["ReviewActions"]
    assert (action["ActionName"], action["Status"]) == ("extend", "Failed")
    assert action["ErrorCode"] == f"{TURK}InsufficientFunds"
