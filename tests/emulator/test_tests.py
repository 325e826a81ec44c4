"""Workers take tests: scored at once with a key, waiting for the requester without, in time and not too often."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from qualadmin.emulator import worker_side
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.journal import Journal
from qualadmin.emulator.operations import OPERATIONS
from qualadmin.emulator.worker_side import WorkerRefused
from qualadmin.emulator.world import World
from qualadmin.questions.answers import Answer, write_answers
from tests.emulator.documents import ANSWER_KEY, FREE_TEXT_TEST, TEST
from tests.questions.documents import form, key, question, scored, selections

OWNER = "AKIAOWNER"
WORKER = "A1TESTTAKER"
RED = write_answers([Answer("colour", frozenset({"red"}))])
GREEN = write_answers([Answer("colour", frozenset({"green"}))])


class Account:
    """A requester's view of an engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def world(self) -> World:
        return self.engine.world

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return OPERATIONS[operation].run(self.world, OWNER, params)

    def create(self, **fields: Any) -> str:
        params = {"Name": "Colours", "Description": "Test.", "QualificationTypeStatus": "Active", **fields}
        made: str = self.call("CreateQualificationType", **params)["QualificationType"]["QualificationTypeId"]
        return made

    def value(self, type_id: str) -> int | None:
        grant = self.world.grant(type_id, WORKER)
        return None if grant is None else grant.value

    def waiting(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.call("ListQualificationRequests")["QualificationRequests"]
        return rows

    def advance(self, seconds: float) -> None:
        self.world.record(["clock", seconds])


@pytest.fixture
def account() -> Account:
    return Account(Engine("sandbox"))


WITH_TEST = {"Test": TEST, "TestDurationInSeconds": 600}
WITH_KEY = {**WITH_TEST, "AnswerKey": ANSWER_KEY}


@pytest.mark.parametrize(("answer", "expected"), [(RED, 70), (GREEN, 0), (write_answers([]), 0)])
def test_key_scores_at_once_whatever_the_score(account: Account, answer: str, expected: int) -> None:
    type_id = account.create(**WITH_KEY)
    request = worker_side.ask(account.world, type_id, WORKER, answer=answer)
    assert (request.state, account.value(type_id), account.waiting()) == ("automatic", expected, [])


@pytest.mark.parametrize(("rounding", "expected"), [("nearest", 4), ("down", 3)])
def test_scale_rounding(account: Account, rounding: str, expected: int) -> None:
    mapping = "<ScaleMapping><SummedScoreMultiplier>0.05</SummedScoreMultiplier></ScaleMapping>"
    account.world.settings.update({"scale_rounding": rounding})
    type_id = account.create(**WITH_TEST, AnswerKey=key(scored("colour", ("red", 70)), mapping=mapping))
    worker_side.ask(account.world, type_id, WORKER, answer=RED)
    assert account.value(type_id) == expected


def test_test_without_a_key_waits_with_its_answers(account: Account) -> None:
    type_id = account.create(Test=FREE_TEXT_TEST, TestDurationInSeconds=60)
    answer = write_answers([Answer("colour", free_text="red")])
    worker_side.ask(account.world, type_id, WORKER, answer=answer)
    (row,) = account.waiting()
    assert (row["Test"], row["Answer"]) == (FREE_TEXT_TEST, answer)
    assert account.value(type_id) is None


def test_request_keeps_the_test_as_it_was(account: Account) -> None:
    type_id = account.create(**WITH_TEST)
    worker_side.ask(account.world, type_id, WORKER, answer=RED)
    other = form(question("shape", selections("round", "square")))
    account.call("UpdateQualificationType", QualificationTypeId=type_id, Test=other, TestDurationInSeconds=5)
    (row,) = account.waiting()
    assert row["Test"] == TEST


def test_begun_test_is_scored_by_the_key_it_began_with(account: Account) -> None:
    type_id = account.create(**WITH_KEY)
    request = worker_side.begin_test(account.world, type_id, WORKER)
    assert (request.test, account.waiting()) == (TEST, [])
    turned = key(scored("colour", ("green", 5)))
    account.call("UpdateQualificationType", QualificationTypeId=type_id, **{**WITH_KEY, "AnswerKey": turned})
    worker_side.hand_in(account.world, request.request_id, WORKER, RED)
    assert account.value(type_id) == 70


def test_begun_test_without_a_key_waits_once_handed_in(account: Account) -> None:
    type_id = account.create(**WITH_TEST)
    request = worker_side.begin_test(account.world, type_id, WORKER)
    account.advance(100)
    handed_in = worker_side.hand_in(account.world, request.request_id, WORKER, RED)
    (row,) = account.waiting()
    assert row["QualificationRequestId"] == request.request_id
    assert handed_in.submitted_at >= request.submitted_at + 100
    with pytest.raises(WorkerRefused, match="no test that waits"):
        worker_side.hand_in(account.world, request.request_id, WORKER, RED)


def test_opening_a_test_again_does_not_stop_its_clock(account: Account) -> None:
    type_id = account.create(**WITH_TEST)
    request = worker_side.begin_test(account.world, type_id, WORKER)
    account.advance(599)
    assert worker_side.begin_test(account.world, type_id, WORKER) == request
    with pytest.raises(WorkerRefused, match="is taking the test"):
        worker_side.ask(account.world, type_id, WORKER, answer=RED)
    account.advance(2)
    with pytest.raises(WorkerRefused, match="time for this test is over"):
        worker_side.hand_in(account.world, request.request_id, WORKER, RED)
    with pytest.raises(WorkerRefused, match="only once"):
        worker_side.begin_test(account.world, type_id, WORKER)


def test_delay_counts_from_the_submission(account: Account) -> None:
    type_id = account.create(**WITH_KEY, RetryDelayInSeconds=100)
    request = worker_side.begin_test(account.world, type_id, WORKER)
    account.advance(90)
    worker_side.hand_in(account.world, request.request_id, WORKER, GREEN)
    account.advance(90)
    with pytest.raises(WorkerRefused, match="has not passed"):
        worker_side.begin_test(account.world, type_id, WORKER)
    account.advance(11)
    worker_side.ask(account.world, type_id, WORKER, answer=RED)
    assert account.value(type_id) == 70


def test_delay_of_zero_allows_the_next_try_at_once(account: Account) -> None:
    type_id = account.create(**WITH_KEY, RetryDelayInSeconds=0)
    worker_side.ask(account.world, type_id, WORKER, answer=RED)
    worker_side.ask(account.world, type_id, WORKER, answer=GREEN)
    assert account.value(type_id) == 0


def test_who_may_hand_in_what(account: Account) -> None:
    plain = account.create()
    with pytest.raises(WorkerRefused, match="has no test"):
        worker_side.begin_test(account.world, plain, WORKER)
    request = worker_side.begin_test(account.world, account.create(Name="Tested", **WITH_TEST), WORKER)
    for request_id, worker_id in ((request.request_id, "A1OTHER"), ("NONE", WORKER)):
        with pytest.raises(WorkerRefused, match="no test that waits"):
            worker_side.hand_in(account.world, request_id, worker_id, RED)
    with pytest.raises(WorkerRefused, match="not a QuestionFormAnswers document"):
        worker_side.hand_in(account.world, request.request_id, WORKER, "<Answers/>")


def test_scored_type_needs_answers_or_a_score(account: Account) -> None:
    type_id = account.create(**WITH_KEY)
    with pytest.raises(WorkerRefused, match="hand in answers"):
        worker_side.ask(account.world, type_id, WORKER)
    assert worker_side.ask(account.world, type_id, WORKER, score=12).state == "automatic"
    assert account.value(type_id) == 12


def test_deleting_the_type_ends_the_test(account: Account) -> None:
    type_id = account.create(**WITH_TEST)
    request = worker_side.begin_test(account.world, type_id, WORKER)
    account.call("DeleteQualificationType", QualificationTypeId=type_id)
    with pytest.raises(WorkerRefused, match="no test that waits"):
        worker_side.hand_in(account.world, request.request_id, WORKER, RED)


def test_begun_test_survives_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    kept = Journal(journal, "sandbox")
    account = Account(Engine("sandbox", journal=kept))
    request = worker_side.begin_test(account.world, account.create(**WITH_KEY), WORKER)
    account.engine.keep()
    kept.close()
    again = Account(Engine("sandbox", journal=Journal(journal, "sandbox")))
    assert dataclasses.astuple(again.world.requests[request.request_id]) == dataclasses.astuple(request)
    worker_side.hand_in(again.world, request.request_id, WORKER, RED)
    assert again.value(request.type_id) == 70
