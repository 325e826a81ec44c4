"""Access keys of people: made, shown once, revoked, and what each use of one comes to.

Signatures of AWS need the secret itself, not a hash of it. So the secret is worked out from the key id and a key
of this installation whenever it is needed, and kept nowhere.
"""

import base64
import hmac
import secrets
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import RequestInfo, Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import AccessKey, RequesterAccount, Study, User
from qualadmin.core.permissions import SCOPES, Scope

from .rows import locked, move
from .texts import clean_line, clean_text
from .tokens import within

PREFIX: Final = "QKEY"  # unlike Amazon's own AKIA, so that nobody takes one for the other
ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
LENGTH: Final = 20
HINT: Final = len(PREFIX) + 4
NAME_LIMIT: Final = 80
REASON_LIMIT: Final = 2000  # characters
DAYS: Final = (30, 90, 180, 365)
AT_MOST: Final = 20  # that work at the same time, for one person
TOUCH: Final = timedelta(minutes=1)


def create_access_key(
    *,
    actor: Actor,
    name: str,
    account: RequesterAccount,
    may_change: bool,
    days: int,
    study: Study | None = None,
    reason: str = "",
) -> tuple[AccessKey, str]:
    """A new key of the person who asks: its row, and the secret, which is shown this once.

    `study` and `reason` hold for changes whose call names none. `days`: one of DAYS. Raises ActionError naming the
    field; NotVisible for an account that is not the person's.
    """
    name = clean_line(name, field="name", label="The name", limit=NAME_LIMIT)
    reason = clean_text(reason, field="reason", label="The reason", limit=REASON_LIMIT, required=False)
    if days not in DAYS:
        raise ActionError("Choose for how long the key is to work.", field="days")
    if study is not None and not study.is_open:
        raise ActionError("This study is closed. Choose another one.", field="study", code="closed_study")
    if not RequesterAccount.objects.open().visible_to(actor).filter(pk=account.pk).exists():
        raise NotVisible
    row = AccessKey(
        user_id=actor.person_id,
        name=name,
        key_id=PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - len(PREFIX))),
        account=account,
        may_change=may_change,
        study=study,
        reason=reason,
        expires_at=timezone.now() + timedelta(days=days),
    )
    with audit.transaction(actor.context) as tx:
        locked(User.objects.all(), actor.person_id)  # two at the same moment are counted one after the other
        if AccessKey.objects.live().filter(user_id=actor.person_id).count() >= AT_MOST:
            raise ActionError(
                f"You have {AT_MOST} keys that work. Revoke one that is no longer needed. None was made.",
                code="too_many_keys",
            )
        row.audit_id = tx.record(
            "user.key.created",
            target=key_target(row),
            changes={
                "account": [None, account.slug],
                "may_change": [None, may_change],
                "study": [None, study.slug if study else None],
                "expires": [None, row.expires_at.isoformat()],
            },
            payload={"name": name, **({"reason": reason} if reason else {})},
        )
        row.save(force_insert=True)
    return row, secret_of(row.key_id)


def revoke_access_key(*, actor: Actor, key_id: uuid.UUID) -> AccessKey:
    """End a key of the person who asks, from its next use on. Revoked again, it stays as it is."""
    mine = AccessKey.objects.filter(user_id=actor.person_id)
    with audit.transaction(actor.context) as tx:
        try:
            row = locked(mine, key_id)
        except AccessKey.DoesNotExist:
            raise NotVisible from None
        if row.revoked_at is None:
            entry = tx.record("user.key.revoked", target=key_target(row))
            row.revoked_at = timezone.now()
            move(mine.filter(pk=row.pk, revoked_at=None), entry=entry, revoked_at=row.revoked_at)
    return row


def secret_of(key_id: str) -> str:
    """The secret of a key: 40 characters, as AWS's have. Another server key gives all keys other secrets."""
    made = hmac.digest(settings.MTURK_KEY.encode(), b"qualadmin.access-key:" + key_id.encode(), "sha256")
    return base64.b64encode(made[:30]).decode()


def find_access_key(key_id: str) -> AccessKey | None:
    """The key with this id, whether or not it may still be used."""
    if len(key_id) != LENGTH or not key_id.startswith(PREFIX):
        return None
    return AccessKey.objects.select_related("user", "account", "study").filter(key_id=key_id).first()


def use_access_key(*, key: AccessKey, request: RequestInfo) -> Actor | str:
    """The person whose key this is, with what person and key may both do now; or in a word why it opens nothing.

    Call with a key whose signature was checked. Notes the use, at most once a minute.
    """
    actor = key.user.as_actor(request=request)
    roles = within(key.account_id, actor.roles)
    now = timezone.now()
    dead = {
        "revoked": key.revoked_at is not None,
        "expired": key.expires_at <= now,
        "inactive": not key.user.is_active,
        "password": key.user.must_change_password,
        "archived": key.account.archived_at is not None,
        "no_role": not roles,
    }
    if cause := next((word for word, is_so in dead.items() if is_so), ""):
        return cause
    if key.last_used_at is None or now - key.last_used_at >= TOUCH:
        not_yet = Q(last_used_at=None) | Q(last_used_at__lte=now - TOUCH)
        AccessKey.objects.filter(not_yet, pk=key.pk).update(last_used_at=now)
    return replace(actor, roles=roles, key=str(key.pk), only=None if key.may_change else SCOPES[Scope.READ])


def record_key_refused(*, request: RequestInfo, cause: str, key: AccessKey | None) -> None:
    """Write down that a call was turned away. Whoever it was, the key proves nothing: nobody is the actor."""
    audit.record_now(
        Actor.anonymous(request).context,
        "auth.key.refused",
        outcome="denied",
        target=key_target(key) if key else None,
        changes={"cause": [None, cause]},
    )


def key_target(row: AccessKey) -> Target:
    """How entries name a key. Its name is free text."""
    return Target("key", str(row.pk), f"access key {row.key_id[:HINT]}…")
