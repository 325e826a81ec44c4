"""What docs/api.md shows is so: its example is carried out, and its lists are complete."""

import json
import re
from pathlib import Path

import pytest

from qualadmin.api.answers import Code
from qualadmin.api.urls import OPERATIONS
from qualadmin.core.models import Change, QualificationType
from tests.api.program import Program, details_of

pytestmark = pytest.mark.django_db
TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_operation_and_every_parameter_is_explained() -> None:
    for one in OPERATIONS:
        assert one.name in TEXT
        for part in one.parameters:
            assert f"`{part.name}`" in TEXT, (one.name, part.name)


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
