"""The HITs of the demo account: one being worked on, one that waits for review, one that nobody has had."""

from __future__ import annotations

from typing import Any

from qualadmin.emulator.demo_test import TEST
from qualadmin.emulator.operations.questions import EXTERNAL_QUESTION, HTML_QUESTION
from qualadmin.questions.answers import Answer, write_answers

_DAY = 86_400
_RATING = f"""<HTMLQuestion xmlns="{HTML_QUESTION}"><HTMLContent><![CDATA[<!DOCTYPE html>
<form><p>How natural does this sentence sound? “The boat was seen by everybody.”</p>
<p><label>1 to 7 <input name="natural" type="number" min="1" max="7"></label></p></form>
]]></HTMLContent><FrameHeight>450</FrameHeight></HTMLQuestion>"""
_WEBCAM = (
    f'<ExternalQuestion xmlns="{EXTERNAL_QUESTION}"><ExternalURL>https://lab.example/webcam</ExternalURL>'
    "<FrameHeight>600</FrameHeight></ExternalQuestion>"
)


def hits(workers: list[str], screened: str) -> list[dict[str, Any]]:
    """In the form of `seed_hits.plant_hit`; `workers` hold the qualification type `screened`, at least five."""
    right = _read("red", "fast", "alone")
    return [
        {
            "hit_id": "3DEMO00000000000000COLOURWORDS",
            "request": _request("Colour words: read the instructions", TEST, "0.40", 5, "colour, words"),
            "work": [
                {"worker_id": workers[0], "answers": right, "decision": "approve", "feedback": "Thank you."},
                {"worker_id": workers[1], "answers": right},
                {
                    "worker_id": workers[2],
                    "answers": _read("green", "phone"),
                    "decision": "reject",
                    "feedback": "Both answers are wrong.",
                },
                {"worker_id": workers[3]},
            ],
        },
        {
            "hit_id": "3DEMO00000000000000000SENTENCE",
            "request": _request("Rate a sentence", _RATING, "0.10", 2, "language, rating")
            | {"QualificationRequirements": [_screened(screened)]},
            "work": [
                {"worker_id": workers[1], "answers": {"natural": "6"}, "decision": "approve"},
                {"worker_id": workers[4], "answers": {"natural": "3"}},
            ],
        },
        {
            "hit_id": "3DEMO0000000000000000000WEBCAM",
            "request": _request("Check your webcam", _WEBCAM, "0.25", 9, "eye tracking, webcam"),
        },
    ]


def _request(title: str, question: str, reward: str, assignments: int, keywords: str) -> dict[str, Any]:
    return {
        "Title": title,
        "Description": f"{title}. A few minutes for a study of a university.",
        "Keywords": keywords,
        "Reward": reward,
        "MaxAssignments": assignments,
        "AssignmentDurationInSeconds": 7 * _DAY,
        "LifetimeInSeconds": 90 * _DAY,
        "AutoApprovalDelayInSeconds": 30 * _DAY,
        "Question": question,
    }


def _screened(type_id: str) -> dict[str, Any]:
    return {"QualificationTypeId": type_id, "Comparator": "EqualTo", "IntegerValues": [1]}


def _read(colour: str, *rules: str) -> str:
    return write_answers([Answer("stroop", frozenset({colour})), Answer("rules", frozenset(rules))])
