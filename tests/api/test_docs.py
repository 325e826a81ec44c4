"""What docs/api.md shows is so: its examples are carried out in their order, and its lists are complete."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from qualadmin.api.answers import Code
from qualadmin.api.urls import OPERATIONS
from qualadmin.core.actions.people import deactivate_user
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


GRANT = "AssociateQualificationWithWorker"
FULL = {"QualificationTypeId": "3WAVE7", "WorkerId": "A1GOODWORKER01"}
#: By the words of the table: the body of a grant, or its bytes, and what else is sent.
BAD: dict[str, tuple[Any, dict[str, Any]]] = {
    "a parameter is missing": ({"WorkerId": "A1GOODWORKER01"}, {}),
    "a parameter has the wrong type": (FULL | {"IntegerValue": "80"}, {}),
    "a parameter is too long": (FULL | {"Reason": "x" * 2_001}, {}),
    "a parameter is out of range": (FULL | {"IntegerValue": 2**31}, {}),
    "a score is out of the range of the type": (FULL | {"IntegerValue": 101}, {}),
    "there is no such parameter": (FULL | {"Score": 80}, {}),
    "a parameter is given twice": (b'{"WorkerId": "A1", "WorkerId": "A2"}', {}),
    "the body is no JSON": (b"{'WorkerId': 1}", {}),
    "the body is JSON, but no object": (b"[]", {}),
    "the content type is another one": (FULL, {"content_type": "text/plain"}),
    "JSON is not accepted": (FULL, {"headers": {"Accept": "text/html"}}),
    "the body has 10 MB": (FULL | {"Reason": "x" * 10_000_000}, {}),
    "the idempotency key is used again with another body": (FULL | {"IntegerValue": 7}, {"key": "used"}),
}
OTHERWISE = {
    "the method is not POST", "the token is of a person whose access was closed", "there is no such operation"
}  # fmt: skip
ROWS = dict(re.findall(r"^\| ([a-zA-Z].*?) \| (\d{3} `[A-Z_]+`.*) \|$", TEXT, re.M))


def test_the_table_of_bad_requests_is_whole() -> None:
    assert set(ROWS) == set(BAD) | OTHERWISE


@pytest.mark.parametrize("wrong", BAD)
def test_a_bad_request_is_answered_as_the_table_says(
    program: Program, wave: QualificationType, wrong: str
) -> None:
    program.send(GRANT, FULL, key="used")
    body, more = BAD[wrong]
    response = program.send(GRANT, body, **more)
    _is_as_shown(response, ROWS[wrong])
    assert bool(details_of(response)) is ROWS[wrong].endswith("named in `details`")
    assert Change.objects.count() == 1


def test_the_other_bad_requests_are_answered_as_the_table_says(program: Program, cast: Cast) -> None:
    _is_as_shown(program.client.get(f"/api/v1/{GRANT}"), ROWS["the method is not POST"])
    _is_as_shown(program.client.post("/api/v1/Nothing"), ROWS["there is no such operation"])
    deactivate_user(actor=cast.manager.as_actor(), user=cast.granter)
    _is_as_shown(program.send(GRANT, FULL), ROWS["the token is of a person whose access was closed"])


def _is_as_shown(response: Any, row: str) -> None:
    assert row.startswith(f"{response.status_code} `{response.json()['error']['code']}`")


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
