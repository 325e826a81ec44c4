"""Accounts, types and jobs at a real emulator, for benchmarks in which calls are made."""

from collections.abc import Sequence

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, Target
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.pace import update_pace
from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
from qualadmin.core.models import (
    Job,
    Preview,
    QualificationType,
    RequesterAccount,
    RoleAssignment,
    User,
    Verb,
)
from qualadmin.core.reading import Plan
from qualadmin.mturk import pacing
from qualadmin.tasks.accounts import gateway_for

CONTEXT = Context.system("benchmark")


def open_account(name: str, access_key: str) -> RequesterAccount:
    """An account of the emulator that may send."""
    with audit.transaction(CONTEXT) as tx:
        account = RequesterAccount(
            slug=name.lower().replace(" ", "-"),
            name=name,
            environment="emulator",
            profile_name=access_key,
            is_enabled=True,
            audit_id=tx.record("account.created", target=Target("account", "bench")),
        )
        account.save()
    return account


def hire(name: str, *roles: str) -> User:
    """Somebody with these roles in all accounts."""
    with audit.transaction(CONTEXT) as tx:
        entry = tx.record("user.invited", target=Target("user", "bench"))
        person = User(username=name.lower().replace(" ", "-"), full_name=name, audit_id=entry)
        person.save()
        for role in roles:
            RoleAssignment(user=person, role=role, audit_id=tx.record("role.granted")).save()
    return person


def create_type(account: RequesterAccount, name: str) -> QualificationType:
    """A type that exists at the emulator and here."""
    remote, _ = gateway_for(account).create_type(name=name, description="benchmark")
    with audit.transaction(CONTEXT) as tx:
        entry = tx.record("qtype.imported", target=Target("qtype", "bench"))
        made = QualificationType(account=account, mturk_id=remote.type_id, name=name, state="live", audit_id=entry)
        made.description = "benchmark"
        made.save()
    return made


def begin_job(
    person: User, chosen: QualificationType, ids: Sequence[str], *, verb: Verb = Verb.GRANT, wishes: Wishes
) -> Job:
    """From a pasted list to a confirmed job, as the pages do it. Raises ActionError as they do."""
    actor = person.as_actor()
    preview = start_preview(
        actor=actor,
        account=chosen.account,
        source=Preview.Source.PASTE,
        content="\n".join(ids).encode(),
        verb=verb,
    )
    plan_preview(actor=actor, preview=preview, plan=Plan(types={"": str(chosen.pk)}), wishes=wishes)
    return confirm_preview(actor=actor, preview_id=preview.pk, rows_sha256=preview.rows_sha256)


def know_the_pace(account: RequesterAccount, rate: float = 5000) -> None:
    """As if Amazon had long been known to take this many calls a second."""
    warm = pacing.start(rate=rate).to_dict()
    update_pace(account_id=account.pk, step=lambda _: (warm, None))
