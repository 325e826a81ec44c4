"""Reading how things stand at Amazon. Several may run at once or twice; the second finds nothing to do."""

import os
import socket
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.accounts import note_synced
from qualadmin.core.actions.drift import settle_drift
from qualadmin.core.actions.holders import apply_holders, apply_worker_check
from qualadmin.core.actions.seen import SeenHolder
from qualadmin.core.actions.type_list import apply_type_list
from qualadmin.core.actions.type_tests import digest_of
from qualadmin.core.actor import Actor
from qualadmin.core.models import QualificationType, RequesterAccount, Worker
from qualadmin.core.queue import SYNC_ACCOUNT, SYNC_TYPE, ring
from qualadmin.mturk.errors import MTurkError, TypeNotFound
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import QualificationStatus, RemoteQualification, RemoteType, Revoked

from . import heartbeat
from .identity import checked_gateway
from .remote import seen_holder, seen_test, seen_type
from .requests import read_requests
from .turns import report

EVERY: Final = timedelta(minutes=14)  # the schedule rings every 15
#: Amazon lists 100 holders a call. A type of 10,000 is read once an hour, one of 100,000 twice a day.
SECONDS_PER_HOLDER: Final = 0.36


def sync_account(account_id: str) -> None:
    """Task: compare the account's types and waiting requests, and ring for each type whose holders are due."""
    account = RequesterAccount.objects.get(pk=account_id)
    if account.archived_at is not None:
        return
    try:
        read_account(account)
    except MTurkError as error:
        report(account, error, _actor("sync"))
        return
    for row in due_types(account, timezone.now()):
        ring(SYNC_TYPE, str(row.pk))


def read_account(account: RequesterAccount) -> None:
    """Types and requests of the account, as Amazon has them now. Raises MTurkError."""
    gateway = checked_gateway(account)
    actor, now = _actor("sync_account"), timezone.now()
    remote = [seen_type(one) for one in _whole(gateway, account, gateway.types())]
    gone = _gone_types(gateway, account, {one.mturk_id for one in remote})
    apply_type_list(actor=actor, account=account, remote=remote, gone=gone)
    heartbeat.beat_now_and_then()
    read_requests(gateway, account)
    note_synced(account=account, at=now)
    settle_drift()


def read_holders(row: QualificationType) -> None:
    """Who holds the type, in one go: for the few of the demo. Raises MTurkError."""
    gateway, actor, as_of = checked_gateway(row.account), _actor("sync_type"), timezone.now()
    apply_holders(actor=actor, type=row, holders=_holders(gateway, row), as_of=as_of)


def check_worker(worker_id: str, type_id: str) -> None:
    """Task: ask Amazon what this one worker (by our id) holds of this type."""
    row = QualificationType.objects.select_related("account").get(pk=type_id)
    worker = Worker.objects.get(pk=worker_id)
    if row.state != QualificationType.State.LIVE or worker.worker_id is None:
        return
    try:
        check_one(checked_gateway(row.account), _actor("check_worker"), row, worker)
    except MTurkError as error:
        report(row.account, error, _actor("sync"))


def sync_all() -> None:
    """Task, every quarter of an hour: ring for every open account."""
    for account_id in RequesterAccount.objects.open().filter(is_enabled=True).values_list("pk", flat=True):
        ring(SYNC_ACCOUNT, str(account_id))


def due_types(account: RequesterAccount, now: datetime) -> list[QualificationType]:
    """Live types that were never read, not for a while, or that somebody asked about."""
    rows = QualificationType.objects.grantable().filter(account=account)
    return [row for row in rows if _is_due(row, now)]


def _is_due(row: QualificationType, now: datetime) -> bool:
    synced, asked = row.holders_synced_at, row.sync_asked_at
    if synced is None or (asked is not None and asked > synced):
        return True
    known = row.qualifications.count() if now - synced > EVERY else 0
    return now - synced > max(EVERY, timedelta(seconds=SECONDS_PER_HOLDER * known))


def _whole(
    gateway: QualificationGateway, account: RequesterAccount, listed: Iterable[RemoteType]
) -> Iterator[RemoteType]:
    """The listed types, each whose test is new or another asked for by itself.

    That lists bring tests and keys in full is nowhere promised; GetQualificationType gives them to the owner.
    """
    known = dict(QualificationType.objects.filter(account=account).values_list("mturk_id", "test_digest"))
    for one in listed:
        if known.get(one.type_id, "") == digest_of(seen_test(one)):
            yield one
            continue
        try:
            yield gateway.get_type(one.type_id)
        except TypeNotFound:
            yield one  # just deleted; the list lags behind


def _gone_types(gateway: QualificationGateway, account: RequesterAccount, listed: set[str]) -> list[str]:
    """Types of ours that Amazon says it does not know. Missing from the list alone proves nothing: it lags."""
    gone = []
    rows = QualificationType.objects.grantable().filter(account=account).exclude(mturk_id__in=listed)
    for mturk_id in rows.values_list("mturk_id", flat=True):
        try:
            gateway.get_type(mturk_id or "")
        except TypeNotFound:
            gone.append(mturk_id or "")
    return gone


def _holders(gateway: QualificationGateway, row: QualificationType) -> Iterator[SeenHolder]:
    for status in QualificationStatus:
        yield from map(seen_holder, gateway.holders(row.mturk_id or "", status))


def check_one(gateway: QualificationGateway, actor: Actor, row: QualificationType, worker: Worker) -> None:
    """Ask about one worker, and keep the answer. Raises MTurkError."""
    as_of = timezone.now()
    score = gateway.score(row.mturk_id or "", worker.worker_id or "")
    seen: SeenHolder | None = None
    if isinstance(score, RemoteQualification):
        seen = seen_holder(score)
    elif isinstance(score, Revoked):
        seen = SeenHolder(worker.worker_id or "", QualificationStatus.REVOKED.value, None, None)
    apply_worker_check(actor=actor, type=row, worker=worker, seen=seen, as_of=as_of)


def _actor(name: str) -> Actor:
    return Actor.system(name, task=TaskInfo(uuid.uuid4().hex, name, socket.gethostname(), os.getpid()))
