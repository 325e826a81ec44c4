"""Requester accounts: adding, changing, opening and closing them. No secret is ever taken in."""

import re
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import ConnectionTest, Environment, Job, RequesterAccount
from qualadmin.core.permissions import Permission, require
from qualadmin.core.queue import DRAIN, ring

from .connections import ask_connection
from .rows import differences, locked, locked_unchanged, move
from .texts import DEMO_KEY, clean_line, clean_name, escaped, free_slug

# Only the partition and service that can work: an address of another kind never gets as far as Amazon.
ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/(?:[\w+=,.@-]{1,64}/){0,6}[\w+=,.@-]{1,64}", re.ASCII)
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,128}", re.ASCII)
PROFILE = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
AWS_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
#: A change of one of these means other credentials: what was tested before says nothing any more.
_UNDER_WAY = (Job.State.PREPARING, Job.State.RUNNING, Job.State.WAITING)
ACCESS_FIELDS = ("profile_name", "role_arn", "external_id", "aws_account_id")


def add_account(
    *,
    actor: Actor,
    name: str,
    environment: str,
    profile_name: str = "",
    role_arn: str = "",
    external_id: str = "",
    aws_account_id: str = "",
    reason_required: bool = False,
    programs_read_all: bool = False,
) -> RequesterAccount:
    """Add an account, switched off. The environment can never be changed, the slug names its audit stream.

    For the emulator `profile_name` is the access key id it tells accounts apart by.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    if environment not in Environment.values:
        raise ActionError("Choose emulator, sandbox or production.", field="environment")
    access = _clean_access(environment, profile_name, role_arn, external_id, aws_account_id)
    account = RequesterAccount(
        name=_clean_name(name),
        environment=environment,
        reason_required=reason_required,
        programs_read_all=programs_read_all,
        **access,
    )
    try:
        with audit.transaction(actor.context) as tx:
            account.slug = free_slug(account.name, otherwise="account", rows=RequesterAccount.objects.all())
            described = {"name": account.name, "environment": environment, **access}
            account.audit_id = tx.record(
                "account.created",
                target=account_target(account),
                stream=account.stream,
                changes={field: [None, value] for field, value in described.items() if value},
            )
            account.save(force_insert=True)
    except IntegrityError:
        raise _duplicate(account.name) from None
    return account


def update_account(
    *,
    actor: Actor,
    account: RequesterAccount,
    name: str,
    profile_name: str = "",
    role_arn: str = "",
    external_id: str = "",
    aws_account_id: str = "",
    reason_required: bool = False,
    programs_read_all: bool = False,
) -> RequesterAccount:
    """Change an account. Other credentials are tested at once, and close a production account until they work."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    wanted: dict[str, Any] = {
        "name": _clean_name(name),
        "reason_required": reason_required,
        "programs_read_all": programs_read_all,
        **_clean_access(account.environment, profile_name, role_arn, external_id, aws_account_id),
    }
    try:
        with audit.transaction(actor.context) as tx:
            row = _not_archived(locked_unchanged(RequesterAccount.objects.all(), account))
            changed = differences(row, wanted)
            if changed:
                entry = tx.record(
                    "account.updated", target=account_target(row), stream=row.stream, changes=changed
                )
                move(RequesterAccount.objects.filter(pk=row.pk), entry=entry, **wanted)
            if changed.keys() & set(ACCESS_FIELDS):
                _distrust(tx, actor, row)
    except IntegrityError:
        raise _duplicate(wanted["name"]) from None
    account.refresh_from_db()
    return account


def enable_account(*, actor: Actor, account: RequesterAccount) -> RequesterAccount:
    """Let changes be sent for this account. Production needs a newest connection test that worked."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    with audit.transaction(actor.context) as tx:
        row = _open_row(account)
        if not row.is_enabled:
            _check_tested(row)
            _switch(tx, row, on=True)
            ring(DRAIN, str(row.pk))
    account.refresh_from_db()
    return account


def disable_account(*, actor: Actor, account: RequesterAccount) -> RequesterAccount:
    """Send nothing more for this account. Calls under way still end; what is planned waits."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    with audit.transaction(actor.context) as tx:
        row = locked(RequesterAccount.objects.all(), account.pk)
        if row.is_enabled:
            _switch(tx, row, on=False)
    account.refresh_from_db()
    return account


def archive_account(*, actor: Actor, account: RequesterAccount) -> RequesterAccount:
    """Put an account away for good. Its history stays. Refused while a job of it is running."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    with audit.transaction(actor.context) as tx:
        row = locked(RequesterAccount.objects.all(), account.pk)
        if row.archived_at is None:
            if Job.objects.filter(account=row, state__in=_UNDER_WAY).exists():
                raise ActionError(
                    f"A job of {row.name} is still running or waits for approval. The account was not archived. "
                    "Let that be ended first.",
                    code="running",
                )
            if row.is_enabled:
                _switch(tx, row, on=False)
            entry = tx.record(
                "account.archived",
                target=account_target(row),
                stream=row.stream,
                changes={"archived": [False, True]},
            )
            move(RequesterAccount.objects.filter(pk=row.pk), entry=entry, archived_at=timezone.now())
    account.refresh_from_db()
    return account


def pause_account(*, actor: Actor, account: RequesterAccount, cause: str) -> RequesterAccount:
    """Hold everything back until a manager resumes. `cause` is a sentence for people, 200 characters at most.

    The service itself does this, for example when Amazon refuses the credentials; a manager may as well.
    """
    if actor.kind not in {"system", "task"}:
        require(actor, Permission.MANAGE_ACCOUNTS)
    reason = escaped(cause.strip(), 200) or "Paused."
    with audit.transaction(actor.context) as tx:
        row = locked(RequesterAccount.objects.all(), account.pk)
        if not row.paused_reason:
            entry = tx.record(
                "account.paused",
                target=account_target(row),
                stream=row.stream,
                changes={"paused": [False, True]},
                payload={"detail": reason},
            )
            move(RequesterAccount.objects.filter(pk=row.pk, paused_reason=""), entry=entry, paused_reason=reason)
    account.refresh_from_db()
    return account


def resume_account(*, actor: Actor, account: RequesterAccount) -> RequesterAccount:
    """End a pause. What was planned goes on."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    with audit.transaction(actor.context) as tx:
        row = _open_row(account)
        if row.paused_reason:
            entry = tx.record(
                "account.resumed",
                target=account_target(row),
                stream=row.stream,
                changes={"paused": [True, False]},
            )
            move(RequesterAccount.objects.filter(pk=row.pk), entry=entry, paused_reason="")
            ring(DRAIN, str(row.pk))
    account.refresh_from_db()
    return account


def note_synced(*, account: RequesterAccount, at: datetime) -> None:
    """Types and requests were compared with Amazon's as of `at`. What differed has entries of its own."""
    RequesterAccount.objects.filter(pk=account.pk).update(synced_at=at)


def account_target(account: RequesterAccount) -> Target:
    """How entries name an account."""
    return Target("account", str(account.pk), account.name)


def _open_row(account: RequesterAccount) -> RequesterAccount:
    return _not_archived(locked(RequesterAccount.objects.all(), account.pk))


def _not_archived(row: RequesterAccount) -> RequesterAccount:
    if row.archived_at is not None:
        raise ActionError(f"{row.name} is archived. Nothing was changed.", code="archived")
    return row


def _switch(tx: audit.Transaction, row: RequesterAccount, *, on: bool) -> None:
    entry = tx.record(
        "account.enabled" if on else "account.disabled",
        target=account_target(row),
        stream=row.stream,
        changes={"is_enabled": [not on, on]},
    )
    move(RequesterAccount.objects.filter(pk=row.pk, is_enabled=not on), entry=entry, is_enabled=on)


def _distrust(tx: audit.Transaction, actor: Actor, row: RequesterAccount) -> None:
    """The credentials changed: ask for a new test, which makes the older ones count no more."""
    if row.is_production and row.is_enabled:
        _switch(tx, row, on=False)
    ask_connection(tx, actor, row)


def _check_tested(row: RequesterAccount) -> None:
    newest = row.tests.order_by("-pk").first()
    if row.is_production and (newest is None or newest.state != ConnectionTest.State.OK):
        raise ActionError(
            f"{row.name} reaches real workers, and its newest connection test has not succeeded. "
            "It was not switched on. Test the connection first.",
            code="not_tested",
        )


def _clean_name(name: str) -> str:
    return clean_name(name, field="name", label="The name", limit=120)


def _clean_access(
    environment: str, profile_name: str, role_arn: str, external_id: str, aws_account_id: str
) -> dict[str, str]:
    """The four fields that decide whose credentials are used, checked by form; blank ones stay blank."""
    given = {
        "profile_name": profile_name.strip(),
        "role_arn": role_arn.strip(),
        "external_id": external_id.strip(),
        "aws_account_id": re.sub(r"(?<=\d{4})-(?=\d{4})", "", aws_account_id.strip()),
    }
    emulator = environment == Environment.EMULATOR
    if not (emulator and DEMO_KEY.fullmatch(given["profile_name"])):
        _check_field(given, "profile_name", PROFILE, "The profile has letters, digits and + = , . @ - _ only.")
    arn = _check_field(
        given,
        "role_arn",
        ROLE_ARN,
        "A role looks like arn:aws:iam::123456789012:role/name, without blanks.",
    )
    _check_field(
        given, "external_id", EXTERNAL_ID, "An external ID has 2 to 128 letters, digits or + = , . @ : / - _."
    )
    number = _check_field(given, "aws_account_id", AWS_ACCOUNT, "An AWS account number has 12 digits.")
    if emulator:
        _check_emulator(given)
    elif given["external_id"] and not arn:
        raise ActionError("An external ID belongs to a role. Name the role as well.", field="external_id")
    if arn and number and arn.group(1) != given["aws_account_id"]:
        raise ActionError(
            "The role is in another AWS account than the number says. Nothing was saved.", field="aws_account_id"
        )
    if arn and not number:
        given["aws_account_id"] = arn.group(1)
    return given


def _check_field(given: dict[str, str], field: str, pattern: re.Pattern[str], hint: str) -> re.Match[str] | None:
    value = clean_line(given[field], field=field, label="This field", limit=2048, required=False)
    match = pattern.fullmatch(value)
    if value and match is None:
        raise ActionError(f"{hint} Nothing was saved.", field=field)
    return match


def _check_emulator(given: dict[str, str]) -> None:
    if not given["profile_name"]:
        raise ActionError("An emulator account needs an access key id, for example demo.", field="profile_name")
    for field in ("role_arn", "external_id"):
        if given[field]:
            raise ActionError("The emulator knows no roles. Leave this empty.", field=field)


def _duplicate(name: str) -> ActionError:
    return ActionError(
        f"There is already an account called {name}. Nothing was saved.", field="name", code="duplicate"
    )
