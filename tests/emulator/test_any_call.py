"""Well-formed calls of every operation with any values: an answer or a refusal, never a crash."""

from __future__ import annotations

import random
from typing import Any

import pytest

from qualadmin.emulator import hit_side
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.hits.review import KNOWN_ANSWERS, PLURALITY
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.worker_side import WorkerRefused
from qualadmin.wire.model import service_model
from tests.emulator.calls import incoming
from tests.emulator.documents import ANSWER_KEY, TEST
from tests.emulator.hit_forms import EXTERNAL, HTML, PROPERTIES

TEXTS = [
    "",
    " ",
    "x",
    "é" * 300,
    "x" * 5000,
    "\u0000",
    "\ud800",
    "<p/>",
    HTML,
    EXTERNAL,
    TEST,
    ANSWER_KEY,
    "50",
    "-1",
]
NAMED = {
    "PolicyName": [KNOWN_ANSWERS, PLURALITY, "x"],
    "Key": ["AnswerKey", "QuestionIds", "ExtendMaximumAssignments", "ApproveIfKnownAnswerScoreIsAtLeast", "x"],
    "Version": ["2014-08-15", "x"],
    "UniqueRequestToken": ["a", "b"],
    "Question": [HTML, EXTERNAL, TEST, "x"],
}
WORKERS = ["A1ANY", "A2ANY", "AUNKNOWN1"]
ACCOUNTS = ["first", "first", "second"]
NUMBERS = [-1, 0, 1, 5, 30, 60, 3600, 2**31 - 1]
AMOUNTS = ["0", "1", "0.5", "9" * 5000, "3."]


class Caller:
    """Makes calls from the API's description; ids are mostly those that exist."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.engine = Engine(self.random.choice(["sandbox", "production"]), Settings(signatures="ignored"))
        self.model = service_model()

    def call(self, operation: str) -> int:
        params = self.value(self.model.inputs[operation], "")
        call = incoming(operation, params, account=self.random.choice(ACCOUNTS))
        return self.engine.execute(self.engine.receive(call)).status

    def work(self) -> None:
        """There is something to do, and a worker does something; refusals are right answers here."""
        world = self.engine.world
        if self.random.random() < 0.1:
            fields = {**PROPERTIES, "LifetimeInSeconds": 6000, "Question": HTML, "MaxAssignments": 2}
            for name in ("AssignmentReviewPolicy", "HITReviewPolicy", "QualificationRequirements"):
                if self.random.random() < 0.3:
                    members = self.model.shapes[self.model.inputs["CreateHIT"]]["members"]
                    fields[name] = self.value(members[name]["shape"], name)
            call = incoming("CreateHIT", fields, account=self.random.choice(ACCOUNTS))
            assert self.engine.execute(self.engine.receive(call)).status in (200, 400)
        hits, assignments = [*world.hits.hits, "3NONE"], [*world.hits.assignments, "3NONE"]
        try:
            hit_side.accept(world, self.random.choice(hits), self.random.choice(WORKERS))
            hit_side.submit(world, self.random.choice(assignments), {"x": self.random.choice(TEXTS)})
        except WorkerRefused:
            pass

    def value(self, shape_name: str, member: str) -> Any:
        shape, pick = self.model.shapes[shape_name], self.random.choice
        kind = shape["type"]
        if kind == "structure":
            required = set(shape.get("required", ()))
            names = [name for name in shape["members"] if name in required or self.random.random() < 0.3]
            return {name: self.value(shape["members"][name]["shape"], name) for name in names}
        if kind == "list":
            return [self.value(shape["member"]["shape"], member) for _ in range(pick([0, 1, 1, 2]))]
        if kind == "string":
            return pick(shape.get("enum") or NAMED.get(member) or self.texts(shape_name, member))
        if kind == "timestamp":
            return pick([0, -1, 1.5, self.engine.world.now() + pick(NUMBERS)])
        return pick([True, False]) if kind == "boolean" else pick(NUMBERS)

    def texts(self, shape_name: str, member: str) -> list[str]:
        world = self.engine.world
        known = {
            "HITId": world.hits.hits,
            "HITTypeId": world.hits.types,
            "AssignmentId": world.hits.assignments,
            "QualificationTypeId": world.types,
            "QualificationRequestId": world.requests,
        }
        if member in known:
            return [*list(known[member])[-6:], "3NONE"]
        special = {"CustomerId": WORKERS, "CurrencyAmount": AMOUNTS, "CountryParameters": ["US", "CA"]}
        return special.get(shape_name, TEXTS)


@pytest.mark.parametrize("seed", range(4))
def test_no_well_formed_call_crashes(seed: int) -> None:
    caller = Caller(seed)
    operations = sorted(caller.model.inputs)
    answered = set()
    for _ in range(1500):
        operation = caller.random.choice(operations)
        status = caller.call(operation)
        assert status in (200, 400), operation
        if status == 200:
            answered.add(operation)
        caller.work()
    assert len(answered) >= 25
