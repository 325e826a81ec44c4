"""Taking tests by JSON: begin, hand in, scored or waiting."""

from __future__ import annotations

from typing import Any

import pytest

from qualadmin.emulator.control import ControlError
from qualadmin.emulator.testing import EmulatorFailed
from tests.emulator.conftest import Side, create_type
from tests.emulator.documents import ANSWER_KEY, FREE_TEXT_TEST, TEST

WORKER = "A1TESTEDWORKER"


def begin(amazon: Side, type_id: str) -> dict[str, Any]:
    return amazon.control("POST", "tests", {"qualification_type_id": type_id, "worker_id": WORKER})


def hand_in(amazon: Side, request_id: str, **content: Any) -> dict[str, Any]:
    content = {"qualification_request_id": request_id, "worker_id": WORKER, **content}
    return amazon.control("POST", "answers", content)


def test_selections_are_scored(amazon: Side, mturk: Any) -> None:
    type_id = create_type(mturk, Test=TEST, AnswerKey=ANSWER_KEY, TestDurationInSeconds=60)
    begun = begin(amazon, type_id)
    assert begun["test"] == TEST
    assert begun["deadline"] == pytest.approx(amazon.control("GET", "clock")["now"] + 60, abs=20)
    assert begin(amazon, type_id) == begun
    request_id = begun["qualification_request_id"]
    done = hand_in(amazon, request_id, answers={"colour": ["red"]})
    assert done == {"qualification_request_id": request_id, "state": "automatic", "value": 70}


def test_words_wait_for_the_requester(amazon: Side, mturk: Any) -> None:
    type_id = create_type(mturk, Test=FREE_TEXT_TEST, TestDurationInSeconds=60)
    request_id = begin(amazon, type_id)["qualification_request_id"]
    done = hand_in(amazon, request_id, answers={"colour": "A & B"})
    assert (done["state"], done["value"]) == ("pending", None)
    (row,) = mturk.list_qualification_requests()["QualificationRequests"]
    assert "<FreeText>A &amp; B</FreeText>" in row["Answer"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({}, "answers must be a text, or an object"),
        ({"answers": ["red"]}, "answers must be a text, or an object"),
        ({"answers": {"colour": 3}}, "answers must be a text, or an object"),
        ({"answer": "<x/>"}, "no field called answer"),
        ({"answers": {"colour": "\x00"}}, "These answers cannot be handed in"),
        ({"answers": "<x/>"}, "not a QuestionFormAnswers document"),
    ],
)
def test_other_answers_are_refused_and_the_test_goes_on(
    amazon: Side, mturk: Any, content: dict[str, Any], complaint: str
) -> None:
    type_id = create_type(mturk, Test=TEST, AnswerKey=ANSWER_KEY, TestDurationInSeconds=60)
    request_id = begin(amazon, type_id)["qualification_request_id"]
    with pytest.raises((ControlError, EmulatorFailed), match=complaint):
        hand_in(amazon, request_id, **content)
    assert hand_in(amazon, request_id, answers={"colour": ["red"]})["value"] == 70
