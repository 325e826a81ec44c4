"""HITs as the tests make them, and workers at work on them."""

from __future__ import annotations

from typing import Any

from tests.emulator.conftest import Side

_SCHEMAS = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas"
HTML = (
    f'<HTMLQuestion xmlns="{_SCHEMAS}/2011-11-11/HTMLQuestion.xsd">'
    "<HTMLContent><![CDATA[<!DOCTYPE html><p>Which colour is the word?</p>]]></HTMLContent>"
    "<FrameHeight>0</FrameHeight></HTMLQuestion>"
)
EXTERNAL = (
    f'<ExternalQuestion xmlns="{_SCHEMAS}/2006-07-14/ExternalQuestion.xsd">'
    "<ExternalURL>https://study.example/colours</ExternalURL><FrameHeight>600</FrameHeight></ExternalQuestion>"
)
ANSWERS = f"{_SCHEMAS}/2005-10-01/QuestionFormAnswers.xsd"
PROPERTIES: dict[str, Any] = {
    "Title": "Name a colour",
    "Description": "One word, one colour.",
    "Keywords": "colour, word",
    "Reward": "0.50",
    "AssignmentDurationInSeconds": 600,
    "AutoApprovalDelayInSeconds": 3600,
}
WORKER, OTHER = "A1COLOURWORKER", "A2COLOURWORKER"
DAY = 86_400


def new_hit(client: Any, **fields: Any) -> dict[str, Any]:
    """What is None is left out."""
    content = {**PROPERTIES, "LifetimeInSeconds": DAY, "Question": HTML, **fields}
    made: dict[str, Any] = client.create_hit(
        **{name: value for name, value in content.items() if value is not None}
    )
    row: dict[str, Any] = made["HIT"]
    return row


def hit_id(client: Any, **fields: Any) -> str:
    one: str = new_hit(client, **fields)["HITId"]
    return one


def status(client: Any, hit: str) -> str:
    found: str = client.get_hit(HITId=hit)["HIT"]["HITStatus"]
    return found


class Workers:
    """The workers' side of one environment."""

    def __init__(self, amazon: Side, environment: str = "sandbox") -> None:
        self._amazon = amazon
        self._environment = environment

    def post(self, name: str, **content: Any) -> dict[str, Any]:
        return self._amazon.control("POST", name, content, environment=self._environment)

    def accept(self, hit: str, worker_id: str = WORKER) -> str:
        made: str = self.post("accept", hit_id=hit, worker_id=worker_id)["assignment"]["AssignmentId"]
        return made

    def submit(self, assignment_id: str, **answers: Any) -> None:
        self.post("submit", assignment_id=assignment_id, answers=answers or {"colour": "red"})

    def give_back(self, assignment_id: str) -> None:
        self.post("return", assignment_id=assignment_id)

    def work(self, hit: str, worker_id: str = WORKER, **answers: Any) -> str:
        """Accept and hand in."""
        assignment_id = self.accept(hit, worker_id)
        self.submit(assignment_id, **answers)
        return assignment_id

    def advance(self, seconds: float) -> None:
        self.post("clock", advance_seconds=seconds)
