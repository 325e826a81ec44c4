"""The document says what is so. program.py holds each answer of these tests against it."""

from typing import Any

import pytest
from django.test import Client

from qualadmin.api.operation import Operation
from qualadmin.api.urls import OPERATIONS
from tests.api.program import Program, details_of, token_for
from tests.api.schema import DOCUMENT, faults
from tests.factories import RoleFactory
from tests.people import Cast

pytestmark = pytest.mark.django_db


def test_it_is_served_without_a_token_and_asks_no_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json() == DOCUMENT
    assert response.json()["openapi"] == "3.1.0"
    assert Client().post("/api/v1/openapi.json").status_code == 405


def test_every_operation_is_in_it_with_words() -> None:
    assert set(DOCUMENT["paths"]) == {f"/api/v1/{one.name}" for one in OPERATIONS}
    for path in DOCUMENT["paths"].values():
        post = path["post"]
        assert len(post["description"]) > 20
        assert post["summary"].endswith(".")
        for part in _body(post)["properties"].values():
            assert part["description"].endswith(".")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_what_is_missing_and_what_there_is_not_is_named(cast: Cast, operation: Operation) -> None:
    RoleFactory(user=cast.granter, role="manager")
    found = details_of(Program(token_for(cast.granter)).send(operation.name, {"Nothing": 1}))
    wanted = {part.name: ["Is missing."] for part in operation.parameters if part.required}
    assert found == wanted | {"Nothing": ["There is no such parameter."]}


def _body(post: Any) -> Any:
    return post["requestBody"]["content"]["application/json"]["schema"]


@pytest.mark.parametrize("operation", [one.name for one in OPERATIONS])
def test_what_the_document_refuses_is_refused(cast: Cast, operation: str) -> None:
    """Each parameter with values of every type: whatever does not fit the document is named in the details."""
    RoleFactory(user=cast.granter, role="manager")
    program = Program(token_for(cast.granter))
    properties = _body(DOCUMENT["paths"][f"/api/v1/{operation}"]["post"])["properties"]
    wrong = 0
    for name, schema in properties.items():
        for value in (None, True, 0, -1, 2**40, 1.5, "", "x", "é" * 3000, [], {}, ["A1"]):
            response = program.send(operation, {name: value})
            if faults(value, schema):
                wrong += 1
                assert name in details_of(response), (name, value)
    assert wrong >= 8 * len(properties)


def test_the_checker_finds_what_is_wrong() -> None:
    refusal = DOCUMENT["components"]["schemas"]["Refusal"]
    assert faults({"success": False, "error": {"code": "CONFLICT", "message": "x"}}, refusal) == []
    for body in (
        {"success": True, "error": {"code": "CONFLICT", "message": "x"}},
        {"success": False, "error": {"code": "OTHER", "message": "x"}},
        {"success": False, "error": {"code": "CONFLICT"}},
        {"success": False, "error": {"code": "CONFLICT", "message": "x", "more": 1}},
        {"success": False, "error": {"code": "CONFLICT", "message": "x", "details": {"a": "b"}}},
    ):
        assert len(faults(body, refusal)) == 1, body
