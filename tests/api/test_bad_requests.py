"""What docs/api.md says of bad requests holds for every operation there is, not only for the one it shows.

Parameters that are missing, unknown, of a wrong type, too long or out of range: tests/api/test_openapi.py.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from qualadmin.api.operation import Operation, Repeats
from qualadmin.api.urls import OPERATIONS
from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.people import deactivate_user
from qualadmin.core.models import QualificationType
from tests.api.program import Program, details_of, error_of, token_for
from tests.api.test_table import TABLE
from tests.factories import RoleFactory
from tests.people import Cast

pytestmark = pytest.mark.django_db
MEGABYTES = 10_000_000
Bad = Callable[[Program, str], Any]


def body_of(operation: str) -> dict[str, Any]:
    """What would do, or would name something that is not there."""
    nobody = "00000000-0000-4000-8000-000000000000"
    given = TABLE[operation].body.items()
    return {name: nobody if isinstance(one, str) and one.startswith("{") else one for name, one in given}


def twice(name: str, value: Any) -> bytes:
    return f'{{"{name}": {json.dumps(value)}, "{name}": {json.dumps(value)}}}'.encode()


def large(_: Program, operation: str) -> bytes:
    return json.dumps(body_of(operation) | {"Reason": "x" * MEGABYTES}).encode()


BAD: dict[str, tuple[tuple[int, str], Bad]] = {
    "broken JSON": ((400, "VALIDATION_ERROR"), lambda at, name: at.send(name, b'{"a": 1')),
    "no object": ((400, "VALIDATION_ERROR"), lambda at, name: at.send(name, b"[]")),
    "an empty body": ((400, "VALIDATION_ERROR"), lambda at, name: at.send(name, b" ")),
    "no UTF-8": ((400, "VALIDATION_ERROR"), lambda at, name: at.send(name, b'{"a": "\xff"}')),
    "a content type of forms": (
        (415, "VALIDATION_ERROR"),
        lambda at, name: at.send(name, b"a=1", content_type="application/x-www-form-urlencoded"),
    ),
    "text is wanted": (
        (406, "VALIDATION_ERROR"),
        lambda at, name: at.send(name, body_of(name), headers={"Accept": "text/html"}),
    ),
    "10 MB": ((413, "VALIDATION_ERROR"), lambda at, name: at.send(name, large(at, name))),
    "a strange idempotency key": (
        (400, "VALIDATION_ERROR"),
        lambda at, name: at.send(name, body_of(name), headers={"Idempotency-Key": "a b"}),
    ),
    "no token": ((401, "AUTHENTICATION_REQUIRED"), lambda at, name: Program().send(name, body_of(name))),
}


@pytest.fixture
def everything(cast: Cast, wave: QualificationType) -> Program:
    """A program that may do all there is, so that nothing is refused for lack of a right."""
    RoleFactory(user=cast.granter, role="manager")
    return Program(token_for(cast.granter))


def answers(act: Callable[[Operation], Any], operations: tuple[Operation, ...] = OPERATIONS) -> set[Any]:
    return {error_of(act(one)) for one in operations}


@pytest.mark.parametrize("what", BAD)
def test_it_is_refused_alike_by_every_operation(everything: Program, what: str) -> None:
    wanted, bad = BAD[what]
    before = AuditEntry.objects.count()
    assert answers(lambda one: bad(everything, one.name)) == {wanted}
    assert AuditEntry.objects.count() == before  # nothing was done


def test_a_parameter_given_twice_is_named_by_every_operation(everything: Program) -> None:
    for one in OPERATIONS:
        for part in one.parameters:
            response = everything.send(one.name, twice(part.name, body_of(one.name).get(part.name)))
            assert error_of(response) == (400, "VALIDATION_ERROR"), one.name
            assert details_of(response) == {part.name: ["Was given twice."]}, one.name


def test_a_key_that_was_used_for_something_else_is_refused_by_every_operation_that_changes(
    everything: Program,
) -> None:
    grant = "AssociateQualificationWithWorker"
    assert everything.send(grant, body_of(grant), key="used").status_code == 202
    changing = tuple(one for one in OPERATIONS if one.repeats is not Repeats.READS)
    assert len(changing) > 10
    before = AuditEntry.objects.count()
    bodies = {one.name: body_of(one.name) for one in changing}
    bodies[grant] |= {"IntegerValue": 7}
    assert answers(lambda one: everything.send(one.name, bodies[one.name], key="used"), changing) == {
        (409, "CONFLICT")
    }
    assert AuditEntry.objects.count() == before


def test_the_token_of_a_deactivated_person_opens_no_operation(everything: Program, cast: Cast) -> None:
    deactivate_user(actor=cast.manager.as_actor(), user=cast.granter)
    found = answers(lambda one: everything.send(one.name, body_of(one.name)))
    # after so many wrong tokens the address has to wait, which is documented too
    assert found <= {(401, "AUTHENTICATION_REQUIRED"), (429, "RATE_LIMITED")}
    assert (401, "AUTHENTICATION_REQUIRED") in found
