"""The drain: claims planned changes of one account, calls Amazon from a thread pool, writes down what came back.

    claim (intent committed) → threads call → results of up to half a second in one transaction → claim …

One thread (this one) talks to the database, all others only to Amazon. A drain works for a slice of time and
rings again if something is left; any number of drains may run at once. Whatever ends it, leases do the rest.
"""

import logging
import os
import queue
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.claims import Claim, claim_changes
from qualadmin.core.actions.outcomes import Outcome, record_outcomes
from qualadmin.core.actions.pace import note_trouble
from qualadmin.core.actor import Actor
from qualadmin.core.models import Change, Job, RequesterAccount
from qualadmin.core.queue import DRAIN, ring
from qualadmin.mturk.gateway import QualificationGateway

from . import heartbeat, stopping
from .accounts import gateway_for
from .calls import Answer, call_amazon
from .pace import SharedPace

logger = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=60)
SEND_MARGIN: Final = 25.0  # seconds of lease a call needs: 5 to connect, 15 to read, 5 to write it down
FLUSH_SECONDS: Final = 0.25
FLUSH_RESULTS: Final = 256
IDLE_SECONDS: Final = 2.0  # wait this long for changes that are due soon before going home


def drain(account_id: str) -> None:
    """Task: work on what this account has planned, for at most one slice of time. Safe to run twice or at once."""
    account = RequesterAccount.objects.get(pk=account_id)
    if not account.is_open:
        return
    worker = Drain(account, gateway_for(account))
    worker.run(settings.DRAIN_SLICE_SECONDS)
    if worker.left_work() and not stopping.asked():
        ring(DRAIN, account_id)


def process_name() -> str:
    """Who holds a lease: host, process and the moment it began, so that a pid used again is told apart."""
    return f"{socket.gethostname()[:40]}/{os.getpid()}/{_BEGAN}"


_BEGAN: Final = int(time.time())


class Drain:
    """One slice of work for one account. Threads are started once; they never touch the database."""

    def __init__(
        self,
        account: RequesterAccount,
        gateway: QualificationGateway,
        *,
        threads: int | None = None,
        clock: Callable[[], datetime] = timezone.now,
    ) -> None:
        self.account = account
        self.account_id = account.pk
        self.threads = threads or settings.DRAIN_THREADS
        self.actor = Actor.system(
            "drain", task=TaskInfo(uuid.uuid4().hex, "drain", socket.gethostname(), os.getpid())
        )
        self._gateway = gateway
        self._pace = SharedPace(account.pk)
        self._clock = clock
        self._todo: queue.SimpleQueue[tuple[Claim, float, int] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._in_hand = 0
        self._refused = ""  # why the account's credentials were refused: nothing more is claimed

    def run(self, seconds: float) -> None:
        """Work until nothing is due, the slice is over, the account is refused, or the cluster is to end."""
        end = time.monotonic() + seconds
        pool = [threading.Thread(target=self._serve, daemon=True) for _ in range(self.threads)]
        for thread in pool:
            thread.start()
        try:
            self._loop(end)
        finally:
            for _ in pool:
                self._todo.put(None)
        for thread in pool:
            thread.join()

    def _loop(self, end: float) -> None:
        idle_since: float | None = None
        while True:
            may_claim = not self._refused and time.monotonic() < end and not stopping.asked()
            claimed = self._claim() if may_claim else 0
            if not self._in_hand and not claimed:
                idle_since = idle_since or time.monotonic()
                if not may_claim or not self._worth_waiting(idle_since):
                    return
                time.sleep(0.05)
                continue
            idle_since = None
            self._record(self._collect())
            heartbeat.beat_now_and_then()

    def _claim(self) -> int:
        """Fill the threads' stock, as far as the pace allows. Returns how many changes were taken."""
        room = 4 * self.threads - self._in_hand
        if room < self.threads and self._in_hand:
            return 0
        slots = self._pace.reserve(room)
        if not slots.times:
            return 0
        claims = claim_changes(
            actor=self.actor,
            account_id=self.account_id,
            limit=len(slots.times),
            by=process_name(),
            now=self._clock(),
            lease=LEASE,
        )
        for claim, at in zip(claims, slots.times, strict=False):
            self._todo.put((claim, at, slots.epoch))
        self._in_hand += len(claims)
        return len(claims)

    def _worth_waiting(self, idle_since: float) -> bool:
        """Whether a planned change is due within moments: held back by the pace, or just put back."""
        if time.monotonic() - idle_since > IDLE_SECONDS:
            return False
        return self._due(timedelta(seconds=IDLE_SECONDS))

    def left_work(self) -> bool:
        """Whether something is due soon (one query)."""
        return not self._refused and self._due(timedelta(seconds=5))

    def _due(self, within: timedelta) -> bool:
        return Change.objects.filter(
            job__account=self.account_id,
            job__state=Job.State.RUNNING,
            state=Change.State.PLANNED,
            due_at__lte=self._clock() + within,
        ).exists()

    def _serve(self) -> None:
        """A thread: wait for the slot, call, hand the answer over."""
        last_moment = LEASE.total_seconds() - SEND_MARGIN
        while (work := self._todo.get()) is not None:
            claim, at, epoch = work
            taken_at = time.time()
            if at > taken_at:
                time.sleep(at - taken_at)
            too_late = time.time() > at + last_moment
            self._answers.put(call_amazon(self._gateway, claim, epoch, too_late=too_late, clock=_utc))

    def _collect(self) -> list[Answer]:
        """Everything that came back since, for at most a quarter of a second."""
        answers: list[Answer] = []
        until = time.monotonic() + FLUSH_SECONDS
        while len(answers) < FLUSH_RESULTS and (left := until - time.monotonic()) > 0:
            try:
                answers.append(self._answers.get(timeout=left))
            except queue.Empty:
                break
            if len(answers) >= self._in_hand:
                break
        return answers

    def _record(self, answers: list[Answer]) -> None:
        if not answers:
            return
        outcomes: list[Outcome] = [answer.outcome for answer in answers]
        record_outcomes(actor=self.actor, outcomes=outcomes)
        self._in_hand -= len(answers)
        self._pace.learn(answers)
        trouble = sum(answer.trouble for answer in answers)
        if trouble:
            note_trouble(actor=self.actor, account_id=self.account_id, count=trouble, now=self._clock())
        refusal = next((answer.refusal for answer in answers if answer.refusal), "")
        if refusal and not self._refused:
            self._refused = refusal
            pause_account(actor=self.actor, account=self.account, cause=refusal)


def _utc() -> datetime:
    return datetime.now(UTC)
