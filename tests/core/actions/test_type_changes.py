"""Wishes to change and delete a type: what is refused before anything is sent."""

from datetime import timedelta
from typing import Any

import pytest

from qualadmin.core.actions.accounts import disable_account
from qualadmin.core.actions.drafted_tests import (
    drafted,
    drop_old_drafts,
    keep_drafted_test,
    own_drafts,
    start_drafted_test,
)
from qualadmin.core.actions.seen import WorkerTest
from qualadmin.core.actions.type_changes import request_hits, request_type_delete, request_type_update
from qualadmin.core.actions.types import request_type, same_name, update_type_settings
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import DraftedTest, QualificationType, TypeChange
from tests.entries import new_entries, payload_of
from tests.factories import ChangeFactory, JobFactory, RoleFactory, TypeFactory, UserFactory
from tests.people import Cast
from tests.questions.documents import form, key, question, scored, selections

pytestmark = pytest.mark.django_db
TEST = WorkerTest(form(question("q", selections("a", "b"))), key(scored("q", ("a", 7))), 600)


@pytest.fixture
def live(cast: Cast, rung: list[Any]) -> QualificationType:
    return TypeFactory(account=cast.account, name="Wave 4", description="Took part.", mturk_id="3WAVE4")


def update(cast: Cast, row: QualificationType, **wanted: Any) -> TypeChange:
    return request_type_update(actor=cast.actor("manager"), type=row, **wanted)


def test_a_change_names_only_what_differs(cast: Cast, live: QualificationType) -> None:
    change = update(cast, live, description=" Took part. ", status="Inactive", auto_granted=False)
    assert (change.before, change.after) == ({"status": "Active"}, {"status": "Inactive"})


def test_one_change_of_a_type_at_a_time(cast: Cast, live: QualificationType) -> None:
    update(cast, live, status="Inactive")
    with new_entries() as entries, pytest.raises(Conflict, match="Another change"):
        update(cast, live, description="Other words.")
    with pytest.raises(Conflict, match="Another change"):
        request_type_delete(actor=cast.actor("manager"), type=live, name="Wave 4")
    assert entries == []


@pytest.mark.parametrize(
    ("wanted", "field", "words"),
    [
        ({"status": "Disposing"}, "status", "Active or Inactive"),
        ({"description": "x" * 2_001}, "description", "2,000 are allowed"),
        ({"description": "a\u202eb"}, "description", "cannot be seen"),
        ({"retry_delay_seconds": -1}, "retry_delay_seconds", "ten years"),
        ({"auto_granted": True, "auto_granted_value": 2**31}, "auto_granted_value", "whole numbers"),
        ({"auto_granted": True, "test": TEST}, "auto_granted", "cannot have a test"),
        ({"test": WorkerTest("<a>", "", 60)}, "question_form", "Line 1, column"),
        ({"test": WorkerTest(TEST.question_form, key(scored("z", ("a", 1))), 60)}, "answer_key", "no question z"),
        ({"test": WorkerTest(TEST.question_form, TEST.answer_key, 0)}, "duration", "one second"),
        ({"description": "Took part."}, "", "Nothing would change"),
    ],
)
def test_what_amazon_would_refuse_is_refused_here(
    cast: Cast, live: QualificationType, wanted: dict[str, Any], field: str, words: str
) -> None:
    with new_entries() as entries, pytest.raises(ActionError, match=words) as caught:
        update(cast, live, **wanted)
    assert caught.value.field == (field or None)
    assert entries == []
    assert not TypeChange.objects.exists()


def test_a_type_with_a_test_is_never_granted_to_everybody(cast: Cast, rung: list[Any]) -> None:
    with pytest.raises(ActionError, match="cannot have a test"):
        request_type(
            actor=cast.actor("manager"), account=cast.account, name="A", description="B", auto_granted=True,
            test=TEST,
        )  # fmt: skip
    row = request_type(actor=cast.actor("manager"), account=cast.account, name="A", description="B", test=TEST)
    assert row.has_test
    assert row.test.answer_key == TEST.answer_key


@pytest.mark.parametrize(
    "change", [{"state": "gone"}, {"state": "deleting"}, {"state": "requested"}, {"is_requestable": False}]
)
def test_only_own_types_that_amazon_knows_are_changed(cast: Cast, rung: list[Any], change: dict[str, Any]) -> None:
    row = TypeFactory(account=cast.account, name="Wave 4", mturk_id="3W", **change)
    with pytest.raises(ActionError, match="Nothing was sent"):
        update(cast, row, status="Inactive")


def test_a_type_that_changed_since_it_was_read_is_left_alone(cast: Cast, live: QualificationType) -> None:
    stale = QualificationType.objects.select_related("account").get(pk=live.pk)
    update_type_settings(
        actor=cast.actor("manager"), type=live, default_score=1, min_score=0, max_score=2, lab_name="Blind A"
    )
    with pytest.raises(Conflict):
        update(cast, stale, status="Inactive")


def test_who_may(cast: Cast, live: QualificationType) -> None:
    for person in ("granter", "pi", "viewer"):
        with pytest.raises(NotAllowed):
            request_type_update(actor=cast.actor(person), type=live, status="Inactive")
        with pytest.raises(NotAllowed):
            request_type_delete(actor=cast.actor(person), type=live, name="Wave 4")
        with pytest.raises(NotAllowed):
            start_drafted_test(actor=cast.actor(person), account=cast.account)
    with new_entries() as entries:
        for _ in range(2):
            request_hits(actor=cast.actor("manager"), type=live)  # the second is the first one's
    assert (entries.only.action, entries.only.target_id) == ("qtype.hits.requested", str(live.pk))
    disable_account(actor=cast.actor("manager"), account=cast.account)
    live.refresh_from_db()
    with pytest.raises(Conflict, match="switched off"):
        update(cast, live, status="Inactive")
    with pytest.raises(Conflict, match="switched off"):
        request_hits(actor=cast.actor("manager"), type=live)


@pytest.mark.parametrize("name", ["", "wave 4", "Wave 5"])
def test_a_deletion_needs_the_name(cast: Cast, live: QualificationType, name: str) -> None:
    with pytest.raises(ActionError, match="write its name exactly"):
        request_type_delete(actor=cast.actor("manager"), type=live, name=name)
    live.refresh_from_db()
    assert live.state == "live"


def test_a_type_that_a_job_still_grants_is_not_deleted(cast: Cast, live: QualificationType) -> None:
    ChangeFactory(job=JobFactory(account=cast.account, state="running"), type=live, state="planned")
    with pytest.raises(ActionError, match="A job still has changes"):
        request_type_delete(actor=cast.actor("manager"), type=live, name="Wave 4")


def test_a_type_that_a_stopped_job_would_have_granted_is_deleted(cast: Cast, live: QualificationType) -> None:
    ChangeFactory(job=JobFactory(account=cast.account, state="stopped"), type=live, state="planned")
    assert request_type_delete(actor=cast.actor("manager"), type=live, name=" Wave 4 ").kind == "delete"
    live.refresh_from_db()
    assert live.state == "deleting"
    assert same_name(cast.account, "Wave 4")  # Amazon has not let go of it


def test_the_name_inside_the_lab_is_no_part_of_the_core_of_an_entry(cast: Cast, live: QualificationType) -> None:
    with new_entries() as entries:
        row = update_type_settings(
            actor=cast.actor("manager"), type=live, default_score=100, min_score=0, max_score=100, lab_name="Ctrl"
        )
    assert row.known_as == "Ctrl (Wave 4)"
    assert payload_of(entries.only) == {"lab_name": "Ctrl"}
    assert b"Ctrl" not in bytes(entries.only.core)


def test_a_draft_belongs_to_one_person(cast: Cast, live: QualificationType) -> None:
    draft = start_drafted_test(actor=cast.actor("manager"), account=cast.account, type=live)
    assert drafted(draft) is None
    keep_drafted_test(actor=cast.actor("manager"), draft=draft, test=TEST)
    assert drafted(DraftedTest.objects.get(pk=draft.pk)) == TEST
    other = UserFactory()
    RoleFactory(user=other, role="manager")
    with pytest.raises(NotVisible):
        keep_drafted_test(actor=other.as_actor(), draft=draft, test=TEST)
    assert not own_drafts(other.as_actor(), cast.account).exists()
    assert drop_old_drafts(before=draft.created_at) == 0
    draft.refresh_from_db()
    assert drop_old_drafts(before=draft.updated_at + timedelta(seconds=1)) == 1
