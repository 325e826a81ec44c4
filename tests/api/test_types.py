"""Types, created, changed and deleted by a program: the same wishes as from the pages."""

from typing import Any

import pytest

from qualadmin.core.actions.type_tests import worker_test
from qualadmin.core.models import QualificationType, TypeChange
from qualadmin.core.permissions import Scope
from tests.api.program import Program, details_of, error_of, token_for
from tests.entries import new_entries
from tests.factories import AccountFactory, RoleFactory, TypeFactory, UserFactory
from tests.people import Cast
from tests.questions.documents import form, key, question, scored, selections

pytestmark = pytest.mark.django_db
TEST = {
    "Test": form(question("q", selections("a", "b"))),
    "AnswerKey": key(scored("q", ("a", 7))),
    "TestDurationInSeconds": 600,
}
NEW: dict[str, Any] = {"Name": "Wave 8", "Description": "Took part.", "Account": "practice-lab"}


@pytest.fixture
def manager(cast: Cast, rung: list[Any]) -> Program:
    return Program(token_for(cast.manager, Scope.TYPES, Scope.READ))


def test_created_with_everything_once(manager: Program, cast: Cast) -> None:
    body = NEW | TEST | {"Keywords": "a, b", "RetryDelayInSeconds": 0, "LabName": "Control"}
    with new_entries() as entries:
        first = manager.send("CreateQualificationType", body, key="k")
        again = manager.send("CreateQualificationType", body, key="k")
    assert first.status_code == 202
    assert first.json() == again.json()
    assert entries.actions.count("qtype.create.requested") == 1
    row = QualificationType.objects.get(name="Wave 8")
    assert str(row.pk) == first.json()["data"]["id"]
    assert (row.lab_name, row.retry_delay_seconds, row.keywords) == ("Control", 0, "a, b")
    test = worker_test(row)
    assert test is not None
    assert test.answer_key == TEST["AnswerKey"]
    asked = manager.data("GetQualificationTypeChange", Id=str(row.pk))
    assert (asked["kind"], asked["state"], asked["QualificationTypeId"]) == ("create", "asked", None)


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"Test": "<a>"}, "Test", "Line 1, column"),
        ({"AnswerKey": key(scored("z", ("a", 1)))}, "AnswerKey", "no question z"),
        ({"TestDurationInSeconds": 0}, "TestDurationInSeconds", "Must be from 1"),
        ({"AutoGranted": True}, "AutoGranted", "cannot have a test"),
        ({"RetryDelayInSeconds": -1}, "RetryDelayInSeconds", "Must be from 0"),
        ({"Name": "a\r\nBcc: x"}, "Name", "cannot be seen"),
        ({"Name": "Wave 7"}, "Name", "already has a type"),
        ({"QualificationTypeStatus": "Disposing"}, "QualificationTypeStatus", "Must be one of"),
        ({"Account": ""}, "Account", "Say which account"),
        ({"Account": "nowhere"}, "Account", "no such account"),
    ],
)
def test_faults_are_named_and_nothing_is_accepted(
    manager: Program, wave: QualificationType, change: dict[str, Any], name: str, words: str
) -> None:
    with new_entries() as entries:
        response = manager.send("CreateQualificationType", NEW | TEST | change)
    assert response.status_code in {400, 404, 422}
    assert words in details_of(response)[name][0]
    assert "qtype.create.requested" not in entries.actions
    assert not QualificationType.objects.filter(name="Wave 8").exists()


@pytest.mark.parametrize("left", ["Test", "TestDurationInSeconds"])
def test_test_key_and_time_travel_together(manager: Program, wave: QualificationType, left: str) -> None:
    body = {name: value for name, value in TEST.items() if name != left}
    response = manager.send("UpdateQualificationType", {"QualificationTypeId": "3WAVE7", **body})
    assert response.status_code == 400
    assert not TypeChange.objects.exists()


def test_changed_one_at_a_time_and_asked_for(manager: Program, wave: QualificationType) -> None:
    body = {"QualificationTypeId": "3WAVE7", "QualificationTypeStatus": "Inactive"}
    accepted = manager.data("UpdateQualificationType", **body)
    change = TypeChange.objects.get()
    assert (str(change.pk), change.after) == (accepted["id"], {"status": "Inactive"})
    assert error_of(manager.send("UpdateQualificationType", body)) == (409, "CONFLICT")
    assert error_of(manager.send("DeleteQualificationType", {"QualificationTypeId": "3WAVE7"})) == (
        409,
        "CONFLICT",
    )
    asked = manager.data("GetQualificationTypeChange", Id=accepted["id"])
    assert (asked["kind"], asked["state"], asked["message"]) == ("update", "asked", "")


def test_deleted(manager: Program, wave: QualificationType) -> None:
    manager.data("DeleteQualificationType", QualificationTypeId="3WAVE7")
    wave.refresh_from_db()
    assert wave.state == "deleting"


def test_without_the_right_for_real_workers_production_is_closed(cast: Cast, rung: list[Any]) -> None:
    real = AccountFactory(environment="production", name="Real lab", profile_name="lab")
    TypeFactory(account=real, name="Real", mturk_id="3REAL")
    user = UserFactory()
    RoleFactory(user=user, role="manager")
    response = Program(token_for(user)).send("DeleteQualificationType", {"QualificationTypeId": "3REAL"})
    assert error_of(response) == (403, "PERMISSION_DENIED")
