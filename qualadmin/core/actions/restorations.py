"""After a restore: the service is read-only until it was compared with Amazon and two persons agreed.

Amazon did not go back with the database. What was granted after the backup was taken still holds there, and is
found by reading everything again; until that is looked at, no further change may build on what our rows say.
"""

from datetime import datetime
from typing import Final, Literal

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.prepared import prepared
from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict, NotAllowed
from qualadmin.core.models import (
    AccessKey,
    AccessToken,
    Change,
    Job,
    QualificationType,
    RequesterAccount,
    Restoration,
)
from qualadmin.core.permissions import Permission, Role, require
from qualadmin.core.queue import SYNC_ACCOUNT, ring

from .endings import job_target
from .message_restored import stop_after_restore

#: What may still be recorded: who signs in and is refused, what is read and compared, what makes it safer.
#: People and roles are among it, since a backup lets in again whoever was shut out after it was taken.
OPEN: Final = frozenset(
    {
        "account.disabled", "account.paused", "account.resumed", "account.sync.requested", "account.test.finished",
        "account.test.requested", "account.updated", "job.exported", "job.paused", "message.exported",
        "message.stopped", "mturk.drift.detected",
        "privacy.erasure.replayed",
        "qtype.seen_changed", "qtype.sync.requested", "qtype.synced", "worker.check.requested", "worker.revealed",
        "worker.searched",
    }
)  # fmt: skip
OPEN_PREFIXES: Final = ("access.", "audit.", "auth.", "request.", "role.", "system.", "user.")
Seat = Literal["manager", "pi"]


class ReadOnly(Conflict):
    """The service was restored and not opened again yet (HTTP 409)."""

    def __init__(self) -> None:
        super().__init__(
            "The database was restored from a backup. Nothing can be changed until a manager and a PI have "
            "looked at what differs. Nothing was done.",
            code="read_only",
        )


def standing_restoration() -> Restoration | None:
    """The restore that keeps the service read-only, or None."""
    return Restoration.objects.standing().select_related("manager", "pi").first()


def is_read_only() -> bool:
    """Whether a restore was not looked at yet (one query). Tasks that call Amazon ask before they claim."""
    with prepared(connection) as cursor:
        cursor.execute("SELECT 1 FROM core_restoration WHERE ended_at IS NULL LIMIT 1", [])
        return cursor.fetchone() is not None


def refuse_while_read_only(actions: frozenset[str]) -> None:
    """The gate before the log: raises ReadOnly if one of `actions` has to wait for the opening."""
    changing = {one for one in actions - OPEN if not one.startswith(OPEN_PREFIXES)}
    if changing and is_read_only():
        raise ReadOnly


def mark_restored(
    *, actor: Actor, taken_at: datetime, sha256: str, entries: int, root: str, put_aside: str, reason: str = ""
) -> Restoration:
    """Make the service read-only, pause what runs, end sessions and tokens, and ask for a comparison with Amazon.

    `put_aside` says where the database is kept that was there before; empty if there was none.
    """
    now = timezone.now()
    with audit.transaction(actor.context) as tx:
        entry = tx.record(
            "system.backup.restored",
            changes={
                "taken_at": [None, taken_at.isoformat()],
                "entries": [None, entries],
                "root": [None, root],
                "sha256": [None, sha256],
                "put_aside": [None, put_aside or None],
            },
            payload={"reason": reason} if reason else None,
        )
        going_on = [Job.State.RUNNING, Job.State.PREPARING]
        for job in Job.objects.select_for_update(of=("self",), no_key=True).filter(state__in=going_on):
            _pause(tx, job)
        stop_after_restore(tx)
        # A backup that was taken while the service was read-only holds such a mark itself.
        Restoration.objects.standing().update(ended_at=now, audit_id=entry)
        row = Restoration.objects.create(
            taken_at=taken_at, restored_at=now, sha256=sha256, entries=entries, root=root, audit_id=entry
        )
        Session.objects.all().delete()
        # A backup also brings back what was revoked after it was taken. Whoever needs a token makes a new one.
        AccessToken.objects.filter(revoked_at=None).update(revoked_at=now, audit_id=entry)
        AccessKey.objects.filter(revoked_at=None).update(revoked_at=now, audit_id=entry)
        _ask_for_everything(now)
    return row


def request_comparison(*, actor: Actor) -> None:
    """Read everything from Amazon again. Raises Conflict if the service is open."""
    require(actor, Permission.OPEN_AGAIN)
    with audit.transaction(actor.context) as tx:
        _locked()
        tx.record("system.drift.requested")
        _ask_for_everything(timezone.now())


def uncompared_types(restoration: Restoration) -> QuerySet[QualificationType]:
    """Types whose holders were not read since the restore, of accounts that can be reached."""
    unread = Q(holders_synced_at=None) | Q(holders_synced_at__lt=restoration.restored_at)
    accounts = RequesterAccount.objects.open().filter(is_enabled=True, paused_reason="")
    return QualificationType.objects.grantable().filter(unread, account__in=accounts).order_by("name")


def drift(restoration: Restoration) -> QuerySet[Change]:
    """What Amazon had otherwise than the backup, when it was read: changes that no job of this database made."""
    until = {} if restoration.ended_at is None else {"created_at__lt": restoration.ended_at}
    return Change.objects.filter(job=None, created_at__gte=restoration.restored_at, **until)


def undecided(restoration: Restoration) -> int:
    """Calls that were under way when the backup was taken, counted to a thousand; looked up once it is open."""
    return Change.objects.in_flight()[:1000].count()


def seat_of(actor: Actor, restoration: Restoration) -> Seat | None:
    """As whom the person may agree now: `manager` of all accounts, or `pi`. None: not, or not a second time."""
    if actor.user_id in {restoration.manager_id, restoration.pi_id}:
        return None
    if restoration.manager_id is None and any(
        grant.role == Role.MANAGER and grant.account_id is None for grant in actor.roles
    ):
        return "manager"
    if restoration.pi_id is None and any(grant.role == Role.PI for grant in actor.roles):
        return "pi"
    return None


def agree_to_open(*, actor: Actor) -> Restoration:
    """Say, as manager or as PI, that the service may go on. With the second of the two it is open.

    Raises Conflict if it is open already or was not compared with Amazon yet, NotAllowed for anybody else.
    """
    require(actor, Permission.OPEN_AGAIN)
    with audit.transaction(actor.context) as tx:
        row = _locked()
        seat = seat_of(actor, row)
        if seat is None:
            raise NotAllowed("A manager and a PI agree, two different persons. Nothing was done.")
        waiting = uncompared_types(row).count()
        if waiting:
            raise Conflict(
                f"{waiting} types were not compared with Amazon since the restore. The service was not opened. "
                "Wait until they are, or switch off the account that cannot be reached.",
                code="not_compared",
            )
        now = timezone.now()
        entry = tx.record(
            "system.opening.agreed",
            changes={"seat": [None, seat], "differences": [None, drift(row).count()]},
        )
        setattr(row, f"{seat}_id", actor.person_id)
        setattr(row, f"{seat}_at", now)
        if row.manager_id is not None and row.pi_id is not None:
            row.ended_at, entry = now, tx.record("system.opened")
        row.audit_id = entry
        row.save(update_fields=[f"{seat}_id", f"{seat}_at", "ended_at", "audit_id"])
    return row


def record_drift_exported(*, actor: Actor, rows: int) -> None:
    """What differs holds worker ids: who took it away is on record."""
    require(actor, Permission.OPEN_AGAIN)
    with audit.transaction(actor.context) as tx:
        tx.record("system.drift.exported", changes={"rows": [None, rows]})


def _locked() -> Restoration:
    row = Restoration.objects.select_for_update(of=("self",), no_key=True).standing().first()
    if row is None:
        raise Conflict("The service is open. There was nothing to do.", code="open")
    return row


def _pause(tx: audit.Transaction, job: Job) -> None:
    """Much of it may have been done after the backup: whoever started it decides about the rest."""
    entry = tx.record(
        "job.paused",
        target=job_target(job),
        stream=job.stream,
        job=str(job.pk),
        changes={"state": [job.state, Job.State.PAUSED.value]},
    )
    Job.objects.filter(pk=job.pk).update(state=Job.State.PAUSED, audit_id=entry)


def _ask_for_everything(now: datetime) -> None:
    QualificationType.objects.grantable().update(sync_asked_at=now)
    for account_id in RequesterAccount.objects.open().values_list("pk", flat=True):
        ring(SYNC_ACCOUNT, str(account_id))
