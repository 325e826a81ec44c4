"""The minute's round: frees dead leases, reads back what is unclear, rings for everything that is due."""

import os
import socket
import uuid
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.claims import Claim, due_accounts
from qualadmin.core.actions.readback import Finding, claim_checks, expire_leases, lease_holders, record_findings
from qualadmin.core.actor import Actor
from qualadmin.core.models import RequesterAccount
from qualadmin.core.queue import DRAIN, RECONCILE, ring
from qualadmin.mturk.errors import MTurkError
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import QualificationStatus, RemoteQualification

from . import heartbeat, stopping
from .accounts import gateway_for
from .calls import evidence
from .drain import process_name

CHECK_LEASE: Final = timedelta(seconds=60)
CHECKS_AT_ONCE: Final = 100
CHECK_THREADS: Final = 16


def _actor(name: str) -> Actor:
    return Actor.system(name, task=TaskInfo(uuid.uuid4().hex, name, socket.gethostname(), os.getpid()))


def sweep() -> None:
    """Task, every minute and when a cluster starts. Running it at any time is harmless."""
    settle = timedelta(seconds=settings.SETTLE_SECONDS)
    for account_id in RequesterAccount.objects.open().values_list("pk", flat=True):
        gone = gone_holders(lease_holders(account_id=account_id))
        while expire_leases(
            actor=_actor("sweep"), account_id=account_id, now=timezone.now(), settle=settle, gone=gone
        ):
            heartbeat.beat_now_and_then()
    for account_id, wanted in due_accounts(now=timezone.now()):
        ring(DRAIN if wanted == "send" else RECONCILE, str(account_id))


def gone_holders(holders: Iterable[str]) -> list[str]:
    """Lease holders that were processes of this machine and no longer run: no need to wait for their leases."""
    here = socket.gethostname()[:40]
    gone = []
    for holder in holders:
        host, _, rest = holder.partition("/")
        pid = rest.partition("/")[0]
        if host == here and pid.isdecimal() and holder != process_name() and not _lives(int(pid)):
            gone.append(holder)
    return gone


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def reconcile(account_id: str) -> None:
    """Task: look at Amazon for every change whose outcome is unknown and due, and decide."""
    account = RequesterAccount.objects.get(pk=account_id)
    gateway = gateway_for(account)
    settle = timedelta(seconds=settings.SETTLE_SECONDS)
    while not stopping.asked():
        claims = claim_checks(
            account_id=account.pk, limit=CHECKS_AT_ONCE, by=process_name(), now=timezone.now(), lease=CHECK_LEASE
        )
        if not claims:
            break
        with ThreadPoolExecutor(CHECK_THREADS) as pool:
            findings = list(pool.map(lambda claim: look(gateway, claim), claims))
        record_findings(actor=_actor("reconcile"), findings=findings, settle=settle)
        heartbeat.beat_now_and_then()
    ring(DRAIN, account_id)  # what was not applied is planned again


def look(gateway: QualificationGateway, claim: Claim) -> Finding:
    """Ask what the worker holds now. No answer is a finding too."""
    try:
        found = gateway.score(claim.mturk_type_id, claim.worker_id)
    except MTurkError as error:
        return Finding(claim, None, None, _now(), error.message, evidence(claim, error.call, "check"))
    aws = evidence(claim, found.call, "check") if found.call else None
    if isinstance(found, RemoteQualification) and found.status == QualificationStatus.GRANTED:
        return Finding(claim, held=True, value=found.value, at=_now(), aws=aws)
    return Finding(claim, held=False, value=None, at=_now(), aws=aws)


def _now() -> datetime:
    return datetime.now(UTC)
