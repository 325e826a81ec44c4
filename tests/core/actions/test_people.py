"""People and roles."""

import pytest

from qualadmin.core.actions.people import (
    activate_user,
    add_first_manager,
    deactivate_user,
    end_role,
    give_role,
    invite_user,
    set_password,
    update_preferences,
    update_user,
)
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.models import RoleAssignment, User
from qualadmin.core.permissions import Role, RoleGrant
from tests.entries import new_entries
from tests.factories import PASSWORD, RoleFactory, UserFactory
from tests.people import Cast

NEW = {
    "username": "nora",
    "full_name": "Nora Lindqvist",
    "email": "nora@lab.example.org",
    "password": "first words to change",
}


def test_an_invited_person_has_no_role_and_must_change_the_password(manager: User) -> None:
    with new_entries() as entries:
        user = invite_user(actor=manager.as_actor(), **NEW)

    user = User.objects.get(pk=user.pk)
    assert user.must_change_password
    assert user.is_active
    assert user.check_password(NEW["password"])
    assert user.as_actor().roles == ()
    assert entries.only.action == "user.invited"
    assert entries.only.actor_id == str(manager.pk)
    assert entries.only.changes == {
        "username": [None, "nora"],
        "full_name": [None, "Nora Lindqvist"],
        "email": [None, "nora@lab.example.org"],
    }
    assert NEW["password"] not in str(entries.only.content)
    assert user.audit_id == entries.only.id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "has blank"),
        ("username", "mìra"),
        ("username", "n" * 61),
        ("username", "granter"),
        ("username", "GRANTER"),
        ("full_name", ""),
        ("full_name", "x" * 121),
        ("full_name", "zero\u200bwidth"),
        ("full_name", "AKIAIOSFODNN7EXAMPLE"),
        ("email", "not an address"),
        ("password", "short"),
        ("password", "nora lindqvist"),
    ],
)
def test_it_refuses_to_invite_with_a_bad_field(manager: User, field: str, value: str) -> None:
    with new_entries() as entries, pytest.raises(ActionError) as error:
        invite_user(actor=manager.as_actor(), **{**NEW, field: value})

    assert error.value.field == field
    assert entries == []
    assert not User.objects.filter(username="nora").exists()


@pytest.mark.parametrize("name", ["granter", "pi", "viewer", "outsider"])
def test_only_managers_touch_people(cast: Cast, name: str) -> None:
    actor, other = cast.actor(name), cast.viewer if name != "viewer" else cast.granter
    role = RoleAssignment.objects.filter(user=other).get()

    with new_entries() as entries:
        for attempt in (
            lambda: invite_user(actor=actor, **NEW),
            lambda: update_user(actor=actor, user=other, full_name="X", email=""),
            lambda: deactivate_user(actor=actor, user=other),
            lambda: activate_user(actor=actor, user=other),
            lambda: set_password(actor=actor, user=other, password="a long enough one"),
            lambda: give_role(actor=actor, user=other, role=Role.MANAGER),
            lambda: end_role(actor=actor, assignment=role),
        ):
            with pytest.raises(NotAllowed):
                attempt()

    assert entries == []
    role.refresh_from_db()
    assert role.ended_at is None


def test_a_manager_of_one_account_does_not_touch_people(cast: Cast) -> None:
    local = UserFactory()
    RoleFactory(user=local, role="manager", account=cast.account)

    with pytest.raises(NotAllowed):
        give_role(actor=local.as_actor(), user=cast.viewer, role=Role.GRANTER, account=cast.account)


def test_it_records_what_changed_about_a_person(manager: User, granter: User) -> None:
    with new_entries() as entries:
        update_user(actor=manager.as_actor(), user=granter, full_name="Mira Jansen", email=granter.email)

    assert granter.full_name == "Mira Jansen"
    assert entries.only.action == "user.updated"
    assert entries.only.changes == {"full_name": ["Granter Person", "Mira Jansen"]}


def test_it_writes_nothing_when_nothing_about_a_person_changes(manager: User, granter: User) -> None:
    with new_entries() as entries:
        update_user(
            actor=manager.as_actor(), user=granter, full_name=f" {granter.full_name} ", email=granter.email
        )

    assert entries == []


def test_a_deactivated_person_loses_sessions_and_rights_and_can_come_back(manager: User, granter: User) -> None:
    session_hash = granter.get_session_auth_hash()

    with new_entries() as entries:
        deactivate_user(actor=manager.as_actor(), user=granter)
        deactivate_user(actor=manager.as_actor(), user=granter)

    assert not granter.is_active
    assert granter.get_session_auth_hash() != session_hash
    assert granter.as_actor().roles == ()
    assert entries.only.action == "user.deactivated"
    assert entries.only.changes == {"is_active": [True, False]}

    with new_entries() as entries:
        activate_user(actor=manager.as_actor(), user=granter)
        activate_user(actor=manager.as_actor(), user=granter)

    assert granter.is_active
    assert [grant.role for grant in granter.as_actor().roles] == [Role.GRANTER]
    assert entries.only.action == "user.activated"


def test_nobody_closes_the_own_access(manager: User) -> None:
    RoleFactory(user=UserFactory(), role="manager")

    with new_entries() as entries, pytest.raises(ActionError) as error:
        deactivate_user(actor=manager.as_actor(), user=manager)

    assert error.value.code == "oneself"
    assert entries == []


def test_the_last_manager_stays(cast: Cast) -> None:
    # The actor's own role ended after the request began; the rows decide.
    stale = Actor("user", cast.granter.pk, "Stale", roles=(RoleGrant(Role.MANAGER),))
    role = RoleAssignment.objects.get(user=cast.manager)

    with new_entries() as entries:
        for attempt in (
            lambda: deactivate_user(actor=stale, user=cast.manager),
            lambda: end_role(actor=stale, assignment=role),
        ):
            with pytest.raises(ActionError) as error:
                attempt()
            assert error.value.code == "last_manager"

    assert entries == []
    cast.manager.refresh_from_db()
    assert cast.manager.is_active


def test_one_of_two_managers_may_go(cast: Cast) -> None:
    second = RoleFactory(user=UserFactory(), role="manager")

    end_role(actor=cast.actor("manager"), assignment=second)

    assert second.ended_at is not None


def test_a_role_given_can_be_taken_again(cast: Cast) -> None:
    with new_entries() as entries:
        given = give_role(
            actor=cast.actor("manager"),
            user=cast.viewer,
            role=Role.GRANTER,
            account=cast.account,
            can_production=True,
        )

    assert entries.only.action == "role.granted"
    assert entries.only.stream == "account:practice-lab"
    assert entries.only.target_id == str(cast.viewer.pk)
    assert entries.only.changes == {
        "role": [None, "granter"],
        "account": [None, "practice-lab"],
        "production": [None, True],
    }
    grants = cast.viewer.as_actor().roles
    assert RoleGrant(Role.GRANTER, str(cast.account.pk), True) in grants

    with new_entries() as entries:
        end_role(actor=cast.actor("manager"), assignment=given)
        end_role(actor=cast.actor("manager"), assignment=given)

    assert entries.only.action == "role.revoked"
    assert entries.only.changes["role"] == ["granter", None]
    assert [grant.role for grant in cast.viewer.as_actor().roles] == [Role.VIEWER]


def test_a_role_held_already_is_not_given_twice_but_may_reach_further(cast: Cast) -> None:
    wish = {"actor": cast.actor("manager"), "user": cast.viewer, "role": Role.GRANTER}
    first = give_role(**wish)

    with new_entries() as entries:
        assert give_role(**wish) == first
    assert entries == []

    with new_entries() as entries:
        give_role(**wish, can_production=True)
    assert entries.only.action == "role.granted"
    assert entries.only.changes["production"] == [False, True]

    with new_entries() as entries:
        give_role(**wish, can_production=False)
    assert entries.only.action == "role.revoked"
    assert RoleAssignment.objects.current().filter(user=cast.viewer, role="granter").count() == 1


@pytest.mark.parametrize(
    ("role", "code"), [(Role.GRANTER, "oneself"), (Role.PI, "oneself"), (Role.MANAGER, "oneself")]
)
def test_nobody_gives_a_role_to_oneself(manager: User, role: Role, code: str) -> None:
    with new_entries() as entries, pytest.raises(ActionError) as error:
        give_role(actor=manager.as_actor(), user=manager, role=role)

    assert error.value.code == code
    assert entries == []


@pytest.mark.parametrize("role", [Role.VIEWER])
def test_roles_that_only_read_never_reach_real_workers(cast: Cast, role: Role) -> None:
    with pytest.raises(ActionError) as error:
        give_role(actor=cast.actor("manager"), user=cast.granter, role=role, can_production=True)

    assert error.value.field == "can_production"


def test_a_closed_access_gets_no_role(cast: Cast) -> None:
    deactivate_user(actor=cast.actor("manager"), user=cast.viewer)

    with new_entries() as entries, pytest.raises(ActionError):
        give_role(actor=cast.actor("manager"), user=cast.viewer, role=Role.GRANTER)

    assert entries == []


def test_a_new_first_password_ends_sessions_and_must_be_changed(cast: Cast) -> None:
    session_hash = cast.granter.get_session_auth_hash()

    with new_entries() as entries:
        set_password(actor=cast.actor("manager"), user=cast.granter, password="another first password")

    assert cast.granter.must_change_password
    assert cast.granter.check_password("another first password")
    assert cast.granter.get_session_auth_hash() != session_hash
    assert entries.only.action == "auth.password.changed"
    assert entries.only.actor_id == str(cast.manager.pk)


@pytest.mark.django_db
def test_the_first_manager_comes_from_the_command_line_once() -> None:
    cli = Actor(kind="cli", user_id=None, label="operator")

    with new_entries() as entries:
        user = add_first_manager(actor=cli, **NEW)

    assert user.as_actor().roles == (RoleGrant(Role.MANAGER, None, True),)
    assert entries.actions == ["user.invited", "role.granted"]

    with pytest.raises(ActionError) as error:
        add_first_manager(actor=cli, **{**NEW, "username": "second"})
    assert error.value.code == "has_manager"
    with pytest.raises(NotAllowed):
        add_first_manager(actor=user.as_actor(), **{**NEW, "username": "third"})


def test_preferences_are_saved_without_an_entry(granter: User) -> None:
    with new_entries() as entries:
        update_preferences(actor=granter.as_actor(), time_zone="Europe/Amsterdam", theme="dark", shortcuts=False)

    granter.refresh_from_db()
    assert (granter.time_zone, granter.theme, granter.shortcuts) == ("Europe/Amsterdam", "dark", False)
    assert granter.check_password(PASSWORD)
    assert entries == []


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"time_zone": "Mars/Olympus", "theme": "dark"}, "time_zone"),
        ({"time_zone": "", "theme": "dark"}, "time_zone"),
        ({"time_zone": "UTC", "theme": "pink"}, "theme"),
    ],
)
def test_it_refuses_preferences_that_do_not_exist(granter: User, wish: dict[str, str], field: str) -> None:
    with pytest.raises(ActionError) as error:
        update_preferences(actor=granter.as_actor(), shortcuts=True, **wish)

    assert error.value.field == field
    granter.refresh_from_db()
    assert granter.theme == "system"
