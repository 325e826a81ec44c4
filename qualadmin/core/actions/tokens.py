"""Access tokens of people: made, shown once, revoked, and what each use of one comes to."""

import secrets
import uuid
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from qualadmin.audit import record as audit
from qualadmin.audit.prepared import prepared
from qualadmin.audit.types import RequestInfo, Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import AccessToken, RequesterAccount, User
from qualadmin.core.models.loading import Loader
from qualadmin.core.permissions import SCOPES, RoleGrant, Scope

from .rows import locked, move
from .texts import clean_line

PREFIX: Final = "qat_"  # so that people, and programs that search for leaked secrets, know one when they see it
LENGTH: Final = len(PREFIX) + 43
HINT: Final = len(PREFIX) + 6
NAME_LIMIT: Final = 80
DAYS: Final = (30, 90, 180, 365)
AT_MOST: Final = 20  # that work at the same time, for one person
TOUCH: Final = timedelta(minutes=1)
_TOKEN: Final = Loader(AccessToken, "t")
_USER: Final = Loader(User, "u")
_FIND: Final = (
    f"SELECT {_TOKEN.columns}, {_USER.columns} "  # noqa: S608
    "FROM core_accesstoken t JOIN core_user u ON u.id = t.user_id WHERE t.digest = %s"
)


class TokenRefused(ActionError):
    """What a program showed opens nothing (HTTP 401). `code` is the cause, `token` the row where there is one."""

    status = 401

    def __init__(self, message: str, *, code: str, token: AccessToken | None = None) -> None:
        super().__init__(message, code=code)
        self.token = token


def create_token(
    *, actor: Actor, name: str, scopes: Collection[Scope], account: RequesterAccount | None, days: int
) -> tuple[AccessToken, str]:
    """A new token of the person who asks: its row, and the token, which nobody can find out again.

    `account` None means all accounts of the person, also later ones. `days`: one of DAYS.
    Raises ActionError naming the field; NotVisible for an account that is not the person's.
    """
    name = clean_line(name, field="name", label="The name", limit=NAME_LIMIT)
    if not scopes:
        raise ActionError("Choose at least one thing that the token may do.", field="scopes")
    if days not in DAYS:
        raise ActionError("Choose for how long the token is to work.", field="days")
    if (
        account is not None
        and not RequesterAccount.objects.open().visible_to(actor).filter(pk=account.pk).exists()
    ):
        raise NotVisible
    token = PREFIX + secrets.token_urlsafe(32)
    row = AccessToken(
        user_id=actor.person_id,
        name=name,
        digest=_digest(token),
        hint=token[:HINT],
        scopes=" ".join(one.value for one in Scope if one in scopes),
        account=account,
        expires_at=timezone.now() + timedelta(days=days),
    )
    with audit.transaction(actor.context) as tx:
        locked(User.objects.all(), actor.person_id)  # two at the same moment are counted one after the other
        if AccessToken.objects.live().filter(user_id=actor.person_id).count() >= AT_MOST:
            raise ActionError(
                f"You have {AT_MOST} tokens that work. Revoke one that is no longer needed. None was made.",
                code="too_many_tokens",
            )
        row.audit_id = tx.record(
            "user.token.created",
            target=token_target(row),
            changes={
                "scopes": [None, row.scopes],
                "account": [None, account.slug if account else "all"],
                "expires": [None, row.expires_at.isoformat()],
            },
            payload={"name": name},
        )
        row.save(force_insert=True)
    return row, token


def revoke_token(*, actor: Actor, token_id: uuid.UUID) -> AccessToken:
    """End a token of the person who asks, from its next use on. Revoked again, it stays as it is."""
    mine = AccessToken.objects.filter(user_id=actor.person_id)
    with audit.transaction(actor.context) as tx:
        try:
            row = locked(mine, token_id)
        except AccessToken.DoesNotExist:
            raise NotVisible from None
        if row.revoked_at is None:
            entry = tx.record("user.token.revoked", target=token_target(row))
            row.revoked_at = timezone.now()
            move(mine.filter(pk=row.pk, revoked_at=None), entry=entry, revoked_at=row.revoked_at)
    return row


def use_token(*, token: str, request: RequestInfo) -> Actor:
    """The person whose token this is, with what person and token may both do now. Raises TokenRefused.

    Notes the use, at most once a minute.
    """
    row = _find(token)
    if row is None:
        raise TokenRefused(
            "No access token like this was ever made here. Nothing was done. Make one on your profile page.",
            code="unknown",
        )
    actor = row.user.as_actor(request=request)
    roles = within(row.account_id, actor.roles)
    _refuse_dead(row, roles)
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at >= TOUCH:
        not_yet = Q(last_used_at=None) | Q(last_used_at__lte=now - TOUCH)
        AccessToken.objects.filter(not_yet, pk=row.pk).update(last_used_at=now)
    may = frozenset().union(*(SCOPES[scope] for scope in row.scope_set))
    return replace(actor, roles=roles, token=str(row.pk), only=may)


def _find(token: str) -> AccessToken | None:
    if len(token) != LENGTH or not token.startswith(PREFIX) or not token.isascii():
        return None
    with prepared(connection) as cursor:
        cursor.execute(_FIND, [_digest(token)])
        values = cursor.fetchone()
    if values is None:
        return None
    row = _TOKEN.load(values[: _TOKEN.width])
    row.user = _USER.load(values[_TOKEN.width :])
    return row


def _refuse_dead(row: AccessToken, roles: tuple[RoleGrant, ...]) -> None:
    """Raise TokenRefused with the cause. Who holds the token may know it."""
    code, why = "", ""
    if row.revoked_at is not None:
        code, why = "revoked", "This access token was revoked."
    elif row.expires_at <= timezone.now():
        code, why = "expired", "This access token has expired."
    elif not row.user.is_active:
        code, why = "inactive", "The access of the person whose token this is was closed."
    elif row.user.must_change_password:
        code, why = "password", "The person whose token this is must first sign in and choose a new password."
    elif not roles:
        code, why = "no_role", "The person whose token this is has no role any more where the token is for."
    if code:
        raise TokenRefused(f"{why} Nothing was done.", code=code, token=row)


def within(account_id: uuid.UUID | None, roles: tuple[RoleGrant, ...]) -> tuple[RoleGrant, ...]:
    """The roles as far as a token or key for this account reaches; None: for all accounts."""
    if account_id is None:
        return roles
    only = str(account_id)
    return tuple(replace(role, account_id=only) for role in roles if role.covers(only))


def record_token_refused(*, request: RequestInfo, refusal: TokenRefused) -> None:
    """Write down that a program was turned away. Whoever it was, the token proves nothing: nobody is the actor."""
    audit.record_now(
        Actor.anonymous(request).context,
        "auth.token.refused",
        outcome="denied",
        target=token_target(refusal.token) if refusal.token else None,
        changes={"cause": [None, refusal.code]},
    )


def token_target(row: AccessToken) -> Target:
    """How entries name a token: by how it begins. Its name is free text."""
    return Target("token", str(row.pk), f"access token {row.hint}…")


def _digest(token: str) -> str:
    """A fast hash suffices for 256 random bits; keyed, so that a copy of the table alone is no list to try."""
    return salted_hmac("qualadmin.token", token, algorithm="sha256").hexdigest()
