"""What docs/api.md shows is so: its examples are carried out in their order, and its lists are complete."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from qualadmin.api.answers import Code
from qualadmin.api.urls import OPERATIONS
from qualadmin.core.models import Change, Job, QualificationType
from tests.api.program import Program, details_of, token_for
from tests.factories import RoleFactory
from tests.people import Cast

pytestmark = pytest.mark.django_db
TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
#: A request, and the answer if the next block shows one.
EXAMPLE = re.compile(
    r"```request\nPOST /api/v1/(\w+)\n(?:Idempotency-Key: (\S+)\n)?(.*?)```(?:\n\n```json\n(.*?)```)?", re.S
)
#: What differs from one installation and moment to another.
MADE_UP = {"id", "digest", "created_at", "next"}


def test_every_operation_and_every_parameter_is_explained() -> None:
    for one in OPERATIONS:
        assert one.name in TEXT
        for part in one.parameters:
            assert f"`{part.name}`" in TEXT, (one.name, part.name)


def test_every_state_of_a_job_is_named() -> None:
    for state in Job.State:
        assert f"`{state.name.lower()}`" in TEXT


def test_every_code_is_explained() -> None:
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", TEXT, re.M)) == {code.value for code in Code}


def test_the_example_does_what_it_says(program: Program, wave: QualificationType) -> None:
    call = re.search(r"api/v1/(\w+) \\\n.*?Idempotency-Key: ([\w-]+)\".*?-d '(\{.*?\})'", TEXT, re.S)
    assert call is not None
    response = program.send(call[1], json.loads(call[3]), key=call[2])
    shown = json.loads(re.findall(r"```json\n(.*?)```", TEXT, re.S)[0])
    assert response.status_code == 202
    assert response.json().keys() == shown.keys()
    assert response.json()["data"].keys() == shown["data"].keys()
    assert Change.objects.get().value == 80


def test_the_refusal_looks_as_shown(program: Program) -> None:
    shown = json.loads(re.findall(r"```json\n(.*?)```", TEXT, re.S)[1])
    response = program.send("AssociateQualificationWithWorker", {"QualificationTypeId": "3WAVE7"})
    assert response.json() == shown
    assert details_of(response) == {"WorkerId": ["Is missing."]}


def test_the_examples_are_carried_out_in_their_order(cast: Cast, wave: QualificationType) -> None:
    """What an answer in the text is made up of stands for the real one from there on."""
    RoleFactory(user=cast.granter, role="manager")  # who may do all that is shown
    program = Program(token_for(cast.granter))
    real: dict[str, str] = {}
    examples = EXAMPLE.findall(TEXT)
    assert len(examples) == TEXT.count("```request")
    for operation, key, body, answer in examples:
        for shown, meant in real.items():
            body = body.replace(shown, meant)
        response = program.send(operation, json.loads(body), key=key)
        assert response.status_code < 300, (operation, response.json())
        if answer:
            _compare(json.loads(answer), response.json(), operation, real)


def _compare(shown: Any, meant: Any, at: str, real: dict[str, str]) -> None:
    """Everything shown is in the answer, and says the same; an answer may have more."""
    if isinstance(shown, dict):
        for name, one in shown.items():
            assert name in meant, f"{at}.{name}"
            if name in MADE_UP and isinstance(one, str):
                real[one] = meant[name]
            else:
                _compare(one, meant[name], f"{at}.{name}", real)
    elif isinstance(shown, list):
        assert len(shown) == len(meant), at
        for one, other in zip(shown, meant, strict=True):
            _compare(one, other, at, real)
    else:
        assert shown == meant, at
