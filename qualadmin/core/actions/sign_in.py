"""Signing in and out, and one's own password."""

import hashlib

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import F

from qualadmin.audit import record as audit
from qualadmin.audit.types import RequestInfo, Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.models import User

from .rows import move
from .texts import escaped

USER_NAME_KEPT = 200  # characters of a user name that somebody tried


def session_mark(session_key: str) -> str:
    """What the log says about a session: enough to tell two apart, useless for taking one over."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:16]


def record_sign_in(*, user: User, request: RequestInfo, session: str) -> None:
    """Write down that `user` signed in. `session` is the mark of the new session, see `session_mark`."""
    actor = user.as_actor(request=request, session=session)
    audit.record_now(actor.context, "auth.login.succeeded", target=user_target(user))


def record_sign_in_failed(*, request: RequestInfo, user_name: str) -> None:
    """Write down a failed sign-in. The name goes to the erasable part: people type passwords there."""
    audit.record_now(
        Actor.anonymous(request).context,
        "auth.login.failed",
        outcome="failed",
        payload={"user_name": escaped(user_name, USER_NAME_KEPT)},
    )


def record_sign_in_locked(*, request: RequestInfo, user_name: str) -> None:
    """Write down that a sign-in was held back after too many tries."""
    audit.record_now(
        Actor.anonymous(request).context,
        "auth.login.locked",
        outcome="denied",
        payload={"user_name": escaped(user_name, USER_NAME_KEPT)},
    )


def record_sign_out(*, actor: Actor) -> None:
    """Write down that the person signed out."""
    audit.record_now(actor.context, "auth.logout")


def record_wrong_password(*, actor: Actor) -> None:
    """Write down that at an open session a wrong password was given: it may not be its owner who sits there."""
    audit.record_now(actor.context, "auth.password.refused", outcome="failed")


def change_password(*, actor: Actor, user: User, old: str, new: str) -> User:
    """Give `user`, who is the actor, a new password. All other sessions end with it.

    The page must keep its own session alive with `update_session_auth_hash`. Raises ActionError for a wrong old
    password (field `old`) or a weak new one (field `new`).
    """
    if actor.user_id != user.pk:
        raise NotAllowed("You can change your own password only. Nothing was changed.")
    if not user.check_password(old):
        record_wrong_password(actor=actor)
        raise ActionError(
            "The old password is not right. Nothing was changed.", field="old", code="wrong_password"
        )
    if old == new:
        raise ActionError("The new password is the old one. Choose another.", field="new")
    hashed = checked_password(new, user, field="new")
    with audit.transaction(actor.context) as tx:
        entry = tx.record("auth.password.changed", target=user_target(user))
        move(
            User.objects.filter(pk=user.pk, is_active=True, session_version=user.session_version),
            entry=entry,
            password=hashed,
            must_change_password=False,
            session_version=F("session_version") + 1,
        )
    user.refresh_from_db()
    return user


def end_sessions(*, actor: Actor) -> User:
    """End all sessions of the person who asks. The page keeps its own with `update_session_auth_hash`."""
    user = User.objects.get(pk=actor.person_id)
    with audit.transaction(actor.context) as tx:
        entry = tx.record("auth.sessions.ended", target=user_target(user))
        move(
            User.objects.filter(pk=user.pk, is_active=True, session_version=user.session_version),
            entry=entry,
            session_version=F("session_version") + 1,
        )
    user.refresh_from_db()
    return user


def checked_password(password: str, user: User, *, field: str) -> str:
    """The hash of a password that passes all rules. Slow on purpose, so call it outside a transaction."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ActionError(" ".join(error.messages), field=field, code="weak_password") from None
    return make_password(password)


def user_target(user: User) -> Target:
    """How entries name a person."""
    return Target("user", str(user.pk), user.full_name)
