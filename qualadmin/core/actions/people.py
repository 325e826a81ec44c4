"""People and the roles they hold. Nobody gives a role to oneself, and one manager always remains."""

import re
import zoneinfo
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.models import RequesterAccount, RoleAssignment, Theme, User
from qualadmin.core.models.people import RoleAssignmentQuerySet
from qualadmin.core.permissions import NEEDS_PRODUCTION, PERMISSIONS, Permission, Role, RoleGrant, require

from .rows import differences, locked, locked_unchanged, move
from .sign_in import checked_password, user_target
from .texts import clean_line, clean_name

# Plain ASCII, so that no look-alike letter makes a second "mira".
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,59}")


def invite_user(
    *,
    actor: Actor,
    username: str,
    full_name: str,
    email: str,
    password: str,
    must_change_password: bool = True,
    reason: str = "",
) -> User:
    """Add a person without a role. The password must be changed at the first sign-in, unless said otherwise."""
    require(actor, Permission.MANAGE_PEOPLE)
    user = User(
        username=_clean_username(username),
        full_name=_clean_full_name(full_name),
        email=_clean_email(email),
        must_change_password=must_change_password,
    )
    user.password = checked_password(password, user, field="password")
    try:
        with audit.transaction(actor.context) as tx:
            user.audit_id = tx.record(
                "user.invited",
                target=Target("user", user.username, user.full_name),  # the row has no number yet
                changes={
                    "username": [None, user.username],
                    "full_name": [None, user.full_name],
                    "email": [None, user.email],
                },
                payload={"reason": reason} if reason else None,
            )
            user.save(force_insert=True)
    except IntegrityError:
        raise ActionError(
            f"There is already a person with the user name {user.username}. Nobody was added.",
            field="username",
            code="duplicate",
        ) from None
    return user


def add_first_manager(
    *, actor: Actor, username: str, full_name: str, email: str, password: str, reason: str = ""
) -> User:
    """Add the manager of a new installation, from the command line. Refused once there is an active manager."""
    if actor.kind not in {"cli", "system"}:
        raise NotAllowed("The first manager is added on the server's command line.")
    if _managers().exists():
        raise ActionError("There is a manager already. Ask them to add people.", code="has_manager")
    manager = replace(actor, roles=(RoleGrant(Role.MANAGER),))
    with audit.transaction(actor.context):
        user = invite_user(
            actor=manager, username=username, full_name=full_name, email=email, password=password, reason=reason
        )
        give_role(actor=manager, user=user, role=Role.MANAGER, can_production=True)
    return user


def update_user(*, actor: Actor, user: User, full_name: str, email: str) -> User:
    """Change name or e-mail. The user name stays, because entries and people know it."""
    require(actor, Permission.MANAGE_PEOPLE)
    wanted = {"full_name": _clean_full_name(full_name), "email": _clean_email(email)}
    with audit.transaction(actor.context) as tx:
        row = locked_unchanged(User.objects.all(), user)
        changed = differences(row, wanted)
        if changed:
            entry = tx.record("user.updated", target=user_target(row), changes=changed)
            move(User.objects.filter(pk=row.pk), entry=entry, **wanted)
    user.refresh_from_db()
    return user


def deactivate_user(*, actor: Actor, user: User) -> User:
    """Close a person's access and end their sessions at once. Their entries stay."""
    require(actor, Permission.MANAGE_PEOPLE)
    if actor.user_id == user.pk:
        raise ActionError(
            "You cannot close your own access. Nothing was changed. Another manager can do it.",
            code="oneself",
        )
    with audit.transaction(actor.context) as tx:
        keep_a_manager(without=user)
        row = locked(User.objects.all(), user.pk)
        if row.is_active:
            entry = tx.record("user.deactivated", target=user_target(row), changes={"is_active": [True, False]})
            move(
                User.objects.filter(pk=row.pk, is_active=True),
                entry=entry,
                is_active=False,
                session_version=F("session_version") + 1,
            )
    user.refresh_from_db()
    return user


def activate_user(*, actor: Actor, user: User) -> User:
    """Open a closed access again, with the roles the person had."""
    require(actor, Permission.MANAGE_PEOPLE)
    if actor.user_id == user.pk:
        raise NotAllowed("You cannot open your own access. Another manager can do it.")
    with audit.transaction(actor.context) as tx:
        row = locked(User.objects.all(), user.pk)
        if not row.is_active:
            entry = tx.record("user.activated", target=user_target(row), changes={"is_active": [False, True]})
            move(User.objects.filter(pk=row.pk, is_active=False), entry=entry, is_active=True)
    user.refresh_from_db()
    return user


def set_password(*, actor: Actor, user: User, password: str) -> User:
    """Give somebody else a new first password, to be changed at the next sign-in. Ends their sessions."""
    require(actor, Permission.MANAGE_PEOPLE)
    if actor.user_id == user.pk:
        raise ActionError("Change your own password on your profile page. Nothing was changed.", code="oneself")
    hashed = checked_password(password, user, field="password")
    with audit.transaction(actor.context) as tx:
        entry = tx.record("auth.password.changed", target=user_target(user))
        move(
            User.objects.filter(pk=user.pk),
            entry=entry,
            password=hashed,
            must_change_password=True,
            session_version=F("session_version") + 1,
        )
    user.refresh_from_db()
    return user


def give_role(
    *,
    actor: Actor,
    user: User,
    role: Role,
    account: RequesterAccount | None = None,
    can_production: bool = False,
) -> RoleAssignment:
    """Give a role for one account, or for all when `account` is None.

    A role that is held already only changes `can_production`: whether it reaches real workers.
    """
    require(actor, Permission.MANAGE_PEOPLE)
    _check_role(actor, user, role, can_production)
    with audit.transaction(actor.context) as tx:
        if not locked(User.objects.all(), user.pk).is_active:
            raise ActionError(
                f"The access of {user.full_name} is closed. Open it first; no role was given.",
                code="inactive",
            )
        held = (
            RoleAssignment.objects.current()
            .select_for_update(of=("self",), no_key=True)
            .filter(user=user, role=role, account=account)
            .first()
        )
        if held is None:
            entry = tx.record(
                "role.granted",
                target=user_target(user),
                stream=_stream(account),
                changes=_role_changes(role, account, can_production),
            )
            return RoleAssignment.objects.create(
                user=user, role=role, account=account, can_production=can_production, audit_id=entry
            )
        if held.can_production != can_production:
            entry = tx.record(
                "role.granted" if can_production else "role.revoked",
                target=user_target(user),
                stream=_stream(account),
                changes={
                    "role": [str(role), str(role)],
                    "account": [_name(account), _name(account)],
                    "production": [held.can_production, can_production],
                },
            )
            move(
                RoleAssignment.objects.current().filter(pk=held.pk),
                entry=entry,
                can_production=can_production,
            )
            held.refresh_from_db()
        return held


def end_role(*, actor: Actor, assignment: RoleAssignment) -> RoleAssignment:
    """Take a role away. The last manager's role stays."""
    require(actor, Permission.MANAGE_PEOPLE)
    account = assignment.account
    with audit.transaction(actor.context) as tx:
        if assignment.role == Role.MANAGER and account is None:
            keep_a_manager(without=assignment.user)
        row = locked(RoleAssignment.objects.all(), assignment.pk)
        if row.ended_at is None:
            changes = _role_changes(Role(row.role), account, row.can_production)
            entry = tx.record(
                "role.revoked",
                target=user_target(assignment.user),
                stream=_stream(account),
                changes={name: [after, before] for name, (before, after) in changes.items()},
            )
            move(RoleAssignment.objects.current().filter(pk=row.pk), entry=entry, ended_at=timezone.now())
    assignment.refresh_from_db()
    return assignment


def update_preferences(*, actor: Actor, time_zone: str, theme: str, shortcuts: bool) -> None:
    """Save how the person likes to see the pages. Touches nobody else, so there is no entry."""
    if time_zone not in zoneinfo.available_timezones():
        raise ActionError("There is no such time zone. Nothing was saved.", field="time_zone")
    if theme not in Theme.values:
        raise ActionError("There is no such theme. Nothing was saved.", field="theme")
    User.objects.filter(pk=actor.user_id or 0).update(time_zone=time_zone, theme=theme, shortcuts=shortcuts)


def keep_a_manager(*, without: User) -> None:
    """Raise ActionError if nobody else could manage people. Call inside the transaction that takes one away."""
    # Two managers who remove each other at once meet at these locks. The second must then look again: its first
    # query still shows how things were before the first one committed.
    list(_managers().select_for_update(of=("self",), no_key=True).order_by("pk"))
    managers = set(_managers().values_list("user_id", flat=True))
    if managers == {without.pk}:
        raise ActionError(
            f"{without.full_name} is the last manager. Nothing was changed. Give somebody else the role first.",
            code="last_manager",
        )


def _managers() -> RoleAssignmentQuerySet:
    """The current manager roles for all accounts, of people who can sign in."""
    return RoleAssignment.objects.current().filter(role=Role.MANAGER, account=None, user__is_active=True)


def _check_role(actor: Actor, user: User, role: Role, can_production: bool) -> None:
    if role not in set(Role):
        raise ActionError("There is no such role. Nothing was changed.", field="role")
    if actor.user_id == user.pk:
        raise ActionError(
            "You cannot give yourself a role. Nothing was changed. Another manager can do it.", code="oneself"
        )
    if can_production and not PERMISSIONS[role] & NEEDS_PRODUCTION:
        raise ActionError(
            f"The role {role.label} changes nothing at Amazon and cannot act on real workers. No role was given.",
            field="can_production",
        )


def _role_changes(role: Role, account: RequesterAccount | None, production: bool) -> dict[str, list[object]]:
    return {"role": [None, str(role)], "account": [None, _name(account)], "production": [None, production]}


def _name(account: RequesterAccount | None) -> str:
    return account.slug if account else "all accounts"


def _stream(account: RequesterAccount | None) -> str:
    return account.stream if account else "system"


def _clean_username(username: str) -> str:
    cleaned = username.strip().lower()
    if not USER_NAME.fullmatch(cleaned):
        raise ActionError(
            "A user name has 1 to 60 of: a to z, 0 to 9, and . _ @ + - (not at the start). Nobody was added.",
            field="username",
        )
    return clean_line(cleaned, field="username", label="The user name", limit=60)


def _clean_full_name(full_name: str) -> str:
    return clean_name(full_name, field="full_name", label="The name", limit=120)


def _clean_email(email: str) -> str:
    cleaned = clean_line(email, field="email", label="The e-mail address", limit=254, required=False)
    try:
        if cleaned:
            validate_email(cleaned)
    except ValidationError:
        raise ActionError("This is not an e-mail address.", field="email") from None
    return cleaned
