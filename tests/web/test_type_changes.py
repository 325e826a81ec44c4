"""Changing, deactivating and deleting types in a browser."""

import pytest
from django.test import Client
from django.utils import timezone

from qualadmin.core.actions.type_changes import request_type_update
from qualadmin.core.actions.type_outcomes import record_type_change_refused
from qualadmin.core.models import Environment, QualificationType, TypeChange
from tests.entries import new_entries
from tests.factories import AccountFactory, RequestFactory, RoleFactory, TypeFactory, UserFactory
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(lab: Lab, client: Client) -> Someone:
    return Someone(client, lab.cast.manager, lab.cast.account)


@pytest.fixture
def one(lab: Lab) -> QualificationType:
    return TypeFactory(
        account=lab.cast.account, name="Neutral", lab_name="Control group", description="Took part.", mturk_id="3N"
    )


ANSWERS = {"description": "Took part.", "status": "Active", "retry_amount": "", "retry_unit": "days"}


def test_a_change_is_checked_and_then_asked_for_once(manager: Someone, one: QualificationType) -> None:
    path = f"/types/{one.pk}/change/"
    check = manager.send(path, **ANSWERS | {"status": "Inactive", "retry_amount": "2", "auto_granted": "on"})
    assert_valid_page(check)
    text = text_of(check)
    for words in (
        "Nothing was sent yet.",
        "never: once only",
        "after 2 days",
        "not taken back",
        "Yes, with score 1",
    ):
        assert words in text
    assert "Took part." not in text  # what stays is not listed
    fields = hidden_of(check) | {"confirm": "yes"}
    with new_entries() as entries:
        first, second = (went_on(manager.client.post(path, fields)) for _ in range(2))
    assert first == second == f"/types/{one.pk}/"
    assert entries.actions == ["qtype.change.requested"]
    change = TypeChange.objects.get()
    assert change.after == {
        "status": "Inactive",
        "auto_granted": True,
        "auto_granted_value": 1,
        "retry_delay_seconds": 172_800,
    }
    page = manager.get(first)
    assert_valid_page(page)
    assert "Amazon is being asked to change this type" in text_of(page)
    assert manager.get(first, headers={"HX-Request": "true", "HX-Polling": "true"}).status_code == 204


@pytest.mark.parametrize(
    ("change", "words"),
    [({}, "Nothing would change"), ({"description": ""}, "Describe the type"), ({"status": "Gone"}, "not one of")],
)
def test_a_fault_is_named_before_anything_is_sent(
    manager: Someone, one: QualificationType, change: dict[str, str], words: str
) -> None:
    response = manager.send(f"/types/{one.pk}/change/", **ANSWERS | change)
    assert response.status_code == 422
    assert_valid_page(response)
    assert words in text_of(response)


def test_a_delay_cannot_be_taken_away(manager: Someone, lab: Lab) -> None:
    row = TypeFactory(account=lab.cast.account, name="Again", mturk_id="3A", retry_delay_seconds=90)
    form = manager.get(f"/types/{row.pk}/change/").context["form"]
    assert (form["retry_amount"].value(), form["retry_unit"].value()) == (90, "seconds")
    response = manager.send(f"/types/{row.pk}/change/", **ANSWERS | {"description": "x"})
    assert "does not let anybody take that back" in text_of(response)


def test_a_type_that_changed_meanwhile_is_not_overwritten(
    manager: Someone, lab: Lab, one: QualificationType
) -> None:
    fields = manager.hidden(f"/types/{one.pk}/change/") | ANSWERS | {"description": "Mine.", "confirm": "yes"}
    manager.send(f"/types/{one.pk}/settings/", default_score="1", min_score="0", max_score="2", lab_name="Other")
    response = manager.client.post(f"/types/{one.pk}/change/", fields)
    assert response.status_code == 409
    assert not TypeChange.objects.exists()


def test_a_refusal_is_shown_with_amazons_words(manager: Someone, lab: Lab, one: QualificationType) -> None:
    change = request_type_update(actor=lab.cast.actor("manager"), type=one, status="Inactive")
    record_type_change_refused(
        actor=lab.cast.actor("manager"), change_id=change.pk, message="It said no.", words="RequestError <b>"
    )
    page = manager.get(f"/types/{one.pk}/")
    assert_valid_page(page)
    assert "was not done. It said no." in text_of(page)
    assert "RequestError &lt;b&gt;" in page.content.decode()


def test_deactivating_and_activating_ask_first(manager: Someone, one: QualificationType) -> None:
    path = f"/types/{one.pk}/status/"
    page = manager.get(path)
    assert_valid_page(page)
    text = text_of(page)
    assert "Deactivate “Neutral”?" in text
    assert "Who holds it keeps it" in text
    assert "Deactivate this type in the emulator" in text
    fields = hidden_of(page)
    for _ in range(2):
        went_on(manager.client.post(path, fields))
    assert TypeChange.objects.get().after == {"status": "Inactive"}


def test_deleting_takes_two_steps(manager: Someone, lab: Lab) -> None:
    one = lab.type
    RequestFactory(type=one)
    page = manager.get(f"/types/{one.pk}/delete/")
    assert_valid_page(page)
    text = text_of(page)
    for words in (
        "They keep it",
        "Amazon turns them down by itself",
        "up to 48 hours",
        "Not known: Amazon was not asked",
    ):
        assert words in text
    went_on(manager.send(f"/types/{one.pk}/delete/", to=f"/types/{one.pk}/hits/"))
    assert "Amazon is being asked which HITs" in text_of(manager.get(f"/types/{one.pk}/delete/"))
    QualificationType.objects.filter(pk=one.pk).update(
        hits={"Assignable": 2, "Reviewable": 1}, hits_seen_at=timezone.now()
    )
    assert "3: 2 open for workers, 1 waiting for review" in text_of(manager.get(f"/types/{one.pk}/delete/"))
    second = manager.get(f"/types/{one.pk}/delete/name/")
    assert_valid_page(second)
    assert "Delete this type in the emulator" in text_of(second)
    wrong = manager.send(f"/types/{one.pk}/delete/name/", name=one.name.lower())
    assert wrong.status_code == 422
    fields = hidden_of(second) | {"name": one.name}
    went_on(manager.client.post(f"/types/{one.pk}/delete/name/", fields))
    went_on(manager.client.post(f"/types/{one.pk}/delete/name/", fields))  # a double click
    assert TypeChange.objects.get().kind == "delete"
    page = manager.get(f"/types/{one.pk}/")
    assert_valid_page(page)
    assert "This type is being deleted" in text_of(page)
    assert "Grant…" not in text_of(page)


def test_the_name_of_a_type_deleted_lately_is_warned_of(manager: Someone, lab: Lab) -> None:
    TypeFactory(account=lab.cast.account, name="Back", state="gone", deleted_at=timezone.now())
    check = manager.send(
        "/types/create/", name="Back", description="x", status="Active", default_score="1", min_score="0",
        max_score="2",
    )  # fmt: skip
    assert check.status_code == 200
    assert "A type of this name was deleted" in text_of(check)


def test_both_names_are_found_and_only_staff_see_the_inner_one(manager: Someone, one: QualificationType) -> None:
    for asked in ("Neutral", "control"):
        assert "Control group" in text_of(manager.get(f"/types/?q={asked}"))
        found = manager.send("/types/", to="/find/", q=asked)
        assert "Control group (Neutral)" in text_of(found)


def test_in_production_the_right_for_real_workers_is_needed(client: Client, lab: Lab) -> None:
    real = AccountFactory(environment=Environment.PRODUCTION, name="Real lab", profile_name="lab")
    row = TypeFactory(account=real, name="Real", mturk_id="3R")
    user = UserFactory()
    RoleFactory(user=user, role="manager")
    someone = Someone(client, user, real)
    for step in ("change", "status", "delete", "delete/name"):
        assert someone.get(f"/types/{row.pk}/{step}/").status_code == 403
