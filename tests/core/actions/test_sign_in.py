"""Signing in and out, and passwords."""

import pytest

from qualadmin.audit.types import RequestInfo
from qualadmin.core.actions.sign_in import (
    change_password,
    record_sign_in,
    record_sign_in_failed,
    record_sign_in_locked,
    record_sign_out,
    session_mark,
)
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.models import User
from tests.entries import new_entries, payload_of
from tests.factories import PASSWORD

REQUEST = RequestInfo(id="0123456789abcdef", ip="192.0.2.7", method="POST", route="sign-in/")
NEW_PASSWORD = "staple under the willow"


def test_it_records_a_sign_in_with_the_mark_of_the_session(granter: User) -> None:
    with new_entries() as entries:
        record_sign_in(user=granter, request=REQUEST, session=session_mark("secret-session-key"))

    assert entries.only.action == "auth.login.succeeded"
    assert entries.only.actor_id == str(granter.pk)
    assert entries.only.ip == "192.0.2.7"
    auth = entries.only.content["actor"]["auth"]
    assert auth["session"] == session_mark("secret-session-key")
    assert "secret-session-key" not in str(entries.only.content)


@pytest.mark.parametrize("name", ["mira", "", "n" * 10_000, "nul\x00byte", "mìra", "half \ud800 pair"])
@pytest.mark.parametrize(
    ("record", "action", "outcome"),
    [
        (record_sign_in_failed, "auth.login.failed", "failed"),
        (record_sign_in_locked, "auth.login.locked", "denied"),
    ],
)
@pytest.mark.django_db
def test_it_records_whatever_name_was_tried(record, action: str, outcome: str, name: str) -> None:  # type: ignore[no-untyped-def]
    with new_entries() as entries:
        record(request=REQUEST, user_name=name)

    assert (entries.only.action, entries.only.outcome) == (action, outcome)
    assert entries.only.actor_kind == "anonymous"
    kept = payload_of(entries.only)["user_name"]
    assert isinstance(kept, str)
    assert len(kept) <= 200
    assert kept.isprintable()


def test_it_records_a_sign_out(granter: User) -> None:
    with new_entries() as entries:
        record_sign_out(actor=granter.as_actor(request=REQUEST, session="00" * 8))

    assert entries.only.action == "auth.logout"
    assert entries.only.actor_id == str(granter.pk)


def test_a_changed_password_works_and_ends_other_sessions(granter: User) -> None:
    session_hash = granter.get_session_auth_hash()

    with new_entries() as entries:
        change_password(actor=granter.as_actor(), user=granter, old=PASSWORD, new=NEW_PASSWORD)

    granter.refresh_from_db()
    assert granter.check_password(NEW_PASSWORD)
    assert not granter.check_password(PASSWORD)
    assert granter.must_change_password is False
    assert granter.session_version == 1
    assert granter.get_session_auth_hash() != session_hash
    assert entries.only.action == "auth.password.changed"
    assert entries.only.target_id == str(granter.pk)
    assert NEW_PASSWORD not in str(entries.only.content)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong", NEW_PASSWORD, "old"),
        (PASSWORD, PASSWORD, "new"),
        (PASSWORD, "short", "new"),
        (PASSWORD, "password1234", "new"),
        (PASSWORD, "granter person", "new"),
    ],
)
def test_it_refuses_a_wrong_or_weak_password(granter: User, old: str, new: str, field: str) -> None:
    with new_entries() as entries, pytest.raises(ActionError) as error:
        change_password(actor=granter.as_actor(), user=granter, old=old, new=new)

    assert error.value.field == field
    assert [(one.action, one.outcome) for one in entries] == (
        [("auth.password.refused", "failed")] if old == "wrong" else []
    )
    granter.refresh_from_db()
    assert granter.check_password(PASSWORD)


def test_it_refuses_to_change_the_password_of_somebody_else(manager: User, granter: User) -> None:
    with new_entries() as entries, pytest.raises(NotAllowed):
        change_password(actor=manager.as_actor(), user=granter, old=PASSWORD, new=NEW_PASSWORD)

    assert entries == []
