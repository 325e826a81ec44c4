"""The minute's round: frees dead leases, reads back what is unclear, rings for everything that is due."""

import logging
import os
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.claims import Claim, due_accounts
from qualadmin.core.actions.giving_up import jobs_to_give_up
from qualadmin.core.actions.leftovers import previews_to_empty
from qualadmin.core.actions.pace import count_calls
from qualadmin.core.actions.preparing import jobs_to_prepare
from qualadmin.core.actions.readback import (
    Finding,
    claim_checks,
    expire_leases,
    lease_holders,
    let_go_of_checks,
    record_findings,
)
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actor import Actor
from qualadmin.core.models import Heartbeat, RequesterAccount
from qualadmin.core.queue import DRAIN, EMPTY, GIVE_UP, PREPARE, RECONCILE, ring
from qualadmin.mturk.errors import AccessRefused, CredentialsMissing, MTurkError, NotSent, Throttled
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import QualificationStatus, RemoteQualification

from . import heartbeat, stopping
from .breaker import may_send
from .calls import evidence
from .drain import process_name
from .identity import checked_gateway

logger = logging.getLogger(__name__)

CHECK_LEASE: Final = timedelta(seconds=60)
CHECKS_AT_ONCE: Final = 100
CHECK_THREADS: Final = 16
BEATS_WITHIN: Final = timedelta(seconds=60)  # longer ago: a cluster that has ended


def _actor(name: str) -> Actor:
    return Actor.system(name, task=TaskInfo(uuid.uuid4().hex, name, socket.gethostname(), os.getpid()))


def sweep() -> None:
    """Task, every minute and when a cluster starts. Running it at any time is harmless."""
    if is_read_only():
        return
    settle = timedelta(seconds=settings.SETTLE_SECONDS)
    for account_id in RequesterAccount.objects.open().values_list("pk", flat=True):
        gone = gone_holders(lease_holders(account_id=account_id))
        while expire_leases(
            actor=_actor("sweep"), account_id=account_id, now=timezone.now(), settle=settle, gone=gone
        ):
            heartbeat.beat_now_and_then()
        let_go_of_checks(account_id=account_id, gone=gone_holders)
    for job_id in jobs_to_prepare():
        ring(PREPARE, str(job_id))
    for job_id in jobs_to_give_up():
        ring(GIVE_UP, str(job_id))
    for preview_id in previews_to_empty():
        ring(EMPTY, str(preview_id))
    for account_id, wanted in due_accounts(now=timezone.now()):
        if wanted == "check":
            ring(RECONCILE, str(account_id))
        elif len(lease_holders(account_id=account_id)) < task_processes():
            ring(DRAIN, str(account_id))


def task_processes() -> int:
    """How many there are in all clusters that beat.

    Each drain rings for the next one while work is left. If as many were at work and the sweep rang still, every
    minute of a long job would put one more message into the queue for good, and everything else would wait behind.
    """
    beating = Heartbeat.objects.filter(beat_at__gt=timezone.now() - BEATS_WITHIN).count()
    return max(1, beating) * int(settings.Q_CLUSTER["workers"])


def gone_holders(holders: Iterable[str]) -> list[str]:
    """Lease holders that were processes of this machine and no longer run: no need to wait for their leases."""
    here = socket.gethostname()[:40]
    gone = []
    for holder in holders:
        host, _, rest = holder.partition("/")
        pid = rest.partition("/")[0]
        if host != here or not pid.isdecimal() or holder == process_name():
            continue
        # An earlier process with our own number is gone as well; in a container numbers come again soon.
        if int(pid) == os.getpid() or not _lives(int(pid)):
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
    """Task: look at Amazon for every change whose outcome is unknown and due, and decide. For a slice of time."""
    account = RequesterAccount.objects.get(pk=account_id)
    if account.paused_reason or account.archived_at is not None or is_read_only():
        return
    try:
        gateway = checked_gateway(account)
    except (AccessRefused, CredentialsMissing) as error:
        pause_account(actor=_actor("reconcile"), account=account, cause=error.for_people)
        return
    except MTurkError as error:
        logger.warning("Nothing was asked for the account %s: %s", account.slug, error)
        return  # the sweep rings again
    if not may_send(actor=_actor("reconcile"), account=account):
        return
    end = time.monotonic() + settings.DRAIN_SLICE_SECONDS
    while time.monotonic() < end and not stopping.asked():
        claims = claim_checks(
            account_id=account.pk, limit=CHECKS_AT_ONCE, by=process_name(), now=timezone.now(), lease=CHECK_LEASE
        )
        if not claims:
            break
        if not _look_at(account, gateway, claims):
            return
    ring(DRAIN, account_id)  # what was not applied is planned again
    if time.monotonic() >= end:
        ring(RECONCILE, account_id)


def _look_at(account: RequesterAccount, gateway: QualificationGateway, claims: list[Claim]) -> bool:
    """Look, decide, write down. False if the account's credentials were refused: it is paused then."""
    settle = timedelta(seconds=settings.SETTLE_SECONDS)
    waiting = Waiting(gateway)
    with ThreadPoolExecutor(CHECK_THREADS) as pool:
        looks = list(pool.map(lambda claim: look(gateway, claim, waiting), claims))
    record_findings(
        actor=_actor("reconcile"), findings=[one for one in looks if isinstance(one, Finding)], settle=settle
    )
    count_calls(account_id=account.pk, calls=Counter(f"look_up.{word_for(one)}" for one in looks))
    heartbeat.beat_now_and_then()
    refusal = next((one.why for one in looks if isinstance(one, NoLook) and one.refused), "")
    if refusal:
        pause_account(actor=_actor("reconcile"), account=account, cause=refusal)
    return not refusal


@dataclass(frozen=True, slots=True)
class NoLook:
    """Amazon was not really asked: too fast, not reached, not let in. Asked again when the lease is over."""

    why: str
    refused: bool


def word_for(found: Finding | NoLook) -> str:
    """How the counters call it."""
    if isinstance(found, NoLook):
        return "not_sent"
    return "no_clear_answer" if found.held is None else "done"


class Waiting:
    """Which requests Amazon lists as waiting, asked once for each type."""

    def __init__(self, gateway: QualificationGateway) -> None:
        self._gateway = gateway
        self._listed: dict[str, set[str]] = {}
        self._lock = threading.Lock()

    def lists(self, claim: Claim) -> bool:
        """Whether the request that the claim answers still waits. Raises MTurkError."""
        with self._lock:
            if claim.mturk_type_id not in self._listed:
                found = self._gateway.requests(claim.mturk_type_id)
                self._listed[claim.mturk_type_id] = {one.request_id for one in found}
        return claim.mturk_request_id in self._listed[claim.mturk_type_id]


def look(gateway: QualificationGateway, claim: Claim, waiting: Waiting) -> Finding | NoLook:
    """Ask what the worker holds now, and whether the request waits that was answered, where one was.

    An unclear answer is a finding too; no question is none.
    """
    question = "list" if claim.request else "check"
    try:
        listed = waiting.lists(claim) if claim.request else False
        question = "check"
        found = gateway.score(claim.mturk_type_id, claim.worker_id)
    except (AccessRefused, CredentialsMissing) as error:
        return NoLook(error.for_people, refused=True)
    except (Throttled, NotSent) as error:
        if not error.permanent:
            return NoLook(error.for_people, refused=False)
        return Finding(claim, None, None, _now(), error.message)
    except MTurkError as error:
        return Finding(claim, None, None, _now(), error.message, evidence(claim, error.call, question))
    aws = evidence(claim, found.call, "check") if found.call else None
    if isinstance(found, RemoteQualification) and found.status == QualificationStatus.GRANTED:
        return Finding(claim, held=True, value=found.value, at=_now(), aws=aws, listed=listed)
    return Finding(claim, held=False, value=None, at=_now(), aws=aws, listed=listed)


def _now() -> datetime:
    return datetime.now(UTC)
