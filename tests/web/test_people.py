"""People, their roles and their passwords in a browser."""

import pytest
from django.test import Client

from qualadmin.core.models import RoleAssignment, User
from tests.entries import new_entries
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lists import Someone, text_of, went_on

pytestmark = pytest.mark.django_db
ANSWERS = {"full_name": "Noor Haddad", "username": "noor", "email": "noor@lab.example.org"}


@pytest.fixture
def manager(cast: Cast, client: Client) -> Someone:
    return Someone(client, cast.manager, cast.account)


def test_a_person_is_added_and_must_choose_an_own_password(manager: Someone, client: Client) -> None:
    page = manager.get("/people/invite/")
    password = page.context["form"]["password"].value()
    assert len(password) == 19
    with new_entries() as entries:
        address = went_on(manager.send("/people/invite/", **ANSWERS, password=password))
    noor = User.objects.get(username="noor")
    assert noor.must_change_password
    assert noor.check_password(password)
    assert entries.only.action == "user.invited"
    assert password not in bytes(entries.only.core).decode()
    assert password not in manager.get(address).content.decode()
    other = Client()
    other.force_login(noor)
    assert other.get("/").headers["Location"] == "/profile/password/"


def test_each_person_gets_another_password(manager: Someone) -> None:
    first, second = (manager.get("/people/invite/").context["form"]["password"].value() for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "short"}, "at least 12"),
        ({"username": "mira ä"}, "A user name has"),
        ({"username": "granter"}, "already a person"),
        ({"email": "nobody"}, "not an e-mail address"),
        ({"full_name": ""}, "Enter the person’s name"),
    ],
)
def test_a_fault_is_named_and_nobody_is_added(manager: Someone, change: dict[str, str], words: str) -> None:
    count = User.objects.count()
    response = manager.send("/people/invite/", **(ANSWERS | {"password": "correct horse battery"} | change))
    assert response.status_code == 422
    assert_valid_page(response)
    assert words in text_of(response)
    assert User.objects.count() == count


def test_bi_35_fields_that_are_not_in_the_form_change_nothing(manager: Someone, cast: Cast) -> None:
    went_on(
        manager.send(
            f"/people/{cast.viewer.pk}/edit/",
            full_name="Vera",
            email="",
            is_superuser="on",
            is_active="",
            username="root",
            session_version="99",
        )
    )
    cast.viewer.refresh_from_db()
    assert (cast.viewer.full_name, cast.viewer.username, cast.viewer.is_active) == ("Vera", "viewer", True)
    assert cast.viewer.session_version == 0


def test_a_role_is_given_for_one_account_and_ended(manager: Someone, cast: Cast) -> None:
    path = f"/people/{cast.viewer.pk}/"
    went_on(manager.send(path, role="granter", account=str(cast.account.pk)))
    role = RoleAssignment.objects.current().get(user=cast.viewer, role="granter")
    assert (role.account, role.can_production) == (cast.account, False)
    ending = f"{path}roles/{role.pk}/end/"
    page = manager.get(ending)
    assert_valid_page(page)
    assert "Take away: Granter of Practice lab" in text_of(page)
    went_on(manager.send(ending))
    assert not RoleAssignment.objects.current().filter(user=cast.viewer, role="granter").exists()
    assert "Roles held before" in text_of(manager.get(path))


def test_a_role_for_all_accounts_is_said_to_be_one(manager: Someone, cast: Cast) -> None:
    went_on(manager.send(f"/people/{cast.viewer.pk}/", role="manager", account="all", can_production="on"))
    role = RoleAssignment.objects.current().get(user=cast.viewer, role="manager")
    assert (role.account, role.can_production) == (None, True)


@pytest.mark.parametrize(
    "answers", [{"role": "viewer", "account": "all", "can_production": "on"}, {"role": "root"}, {}]
)
def test_a_role_that_can_not_be_is_refused(manager: Someone, cast: Cast, answers: dict[str, str]) -> None:
    before = RoleAssignment.objects.count()
    response = manager.send(f"/people/{cast.viewer.pk}/", **answers)
    assert response.status_code == 422
    assert_valid_page(response)
    assert RoleAssignment.objects.count() == before


def test_nobody_gives_a_role_to_oneself(manager: Someone, cast: Cast) -> None:
    path = f"/people/{cast.manager.pk}/"
    assert "You cannot give a role to yourself" in text_of(manager.get(path))
    fields = manager.hidden(f"/people/{cast.viewer.pk}/") | {"role": "granter", "account": "all"}
    assert manager.client.post(path, fields).status_code == 422
    assert not RoleAssignment.objects.filter(user=cast.manager, role="granter").exists()


def test_the_last_manager_stays(manager: Someone, cast: Cast) -> None:
    role = RoleAssignment.objects.current().get(user=cast.manager)
    back = went_on(manager.send(f"/people/{cast.manager.pk}/roles/{role.pk}/end/"))
    assert "is the last manager" in text_of(manager.get(back))
    assert RoleAssignment.objects.current().filter(pk=role.pk).exists()


def test_access_is_closed_at_once_and_opened_again(manager: Someone, cast: Cast) -> None:
    path = f"/people/{cast.viewer.pk}/"
    other = Client()
    other.force_login(cast.viewer)
    assert other.get("/").status_code == 200
    went_on(manager.send(f"{path}deactivate/"))
    assert other.get("/").status_code == 302
    assert "Access closed" in text_of(manager.get(path))
    went_on(manager.send(path, to=f"{path}activate/"))
    cast.viewer.refresh_from_db()
    assert cast.viewer.is_active


def test_a_new_first_password_signs_the_person_out(manager: Someone, cast: Cast) -> None:
    other = Client()
    other.force_login(cast.viewer)
    went_on(manager.send(f"/people/{cast.viewer.pk}/password/", password="another horse battery"))
    assert other.get("/").status_code == 302
    cast.viewer.refresh_from_db()
    assert cast.viewer.must_change_password


def test_a_role_of_somebody_else_is_not_ended_through_this_person(manager: Someone, cast: Cast) -> None:
    role = RoleAssignment.objects.current().get(user=cast.granter)
    assert manager.get(f"/people/{cast.viewer.pk}/roles/{role.pk}/end/").status_code == 404


def test_signing_out_everywhere_else_leaves_this_session(cast: Cast, client: Client) -> None:
    here, there = Someone(client, cast.granter, cast.account), Client()
    there.force_login(cast.granter)
    with new_entries() as entries:
        went_on(here.send("/profile/", to="/profile/sessions/"))
    assert entries.only.action == "auth.sessions.ended"
    assert here.get("/profile/").status_code == 200
    assert there.get("/profile/").status_code == 302
