"""The drain: claims planned changes of one account, has them called, and writes down what came back.

    claim (intent committed) → another process calls → results of a quarter second in one transaction → claim …

This process talks to the database only, the calling process to Amazon only. A drain works for a slice of time
and rings again if something is left; any number of drains may run at once. Whatever ends it, leases do the rest.
"""

import logging
import os
import socket
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.breaker import note_trouble
from qualadmin.core.actions.claims import Claim, claim_changes
from qualadmin.core.actions.outcomes import record_outcomes
from qualadmin.core.actor import Actor
from qualadmin.core.killpoints import reached
from qualadmin.core.models import Change, Job, RequesterAccount
from qualadmin.core.queue import DRAIN, ring
from qualadmin.mturk.errors import AccessRefused, CredentialsMissing, MTurkError

from . import heartbeat, stopping
from .accounts import credentials_of
from .breaker import may_send
from .callers import Caller, CallerLost, CallerRefused, caller_for, give_up
from .calls import Answer, answer_of, lost, work_of
from .identity import check_identity
from .pace import SharedPace

logger = logging.getLogger(__name__)

# A claim leaves within 10 s or comes back; a call takes at most 20 s (5 to connect, 15 to read). So everything is
# in hand again 30 s after the last claim, well inside the lease and, with a slice of 25 s, inside a task's 60 s.
LEASE: Final = timedelta(seconds=60)
LEAVES_WITHIN: Final = 10.0
ALL_BACK_WITHIN: Final = 35.0
FLUSH_SECONDS: Final = 0.25
FLUSH_RESULTS: Final = 300
STOCK_SECONDS: Final = 0.8  # work in hand beyond what the threads are at: a round of this process's own work
CLAIM_SECONDS: Final = 0.2  # and what must be left of it when the next is claimed, which takes that long
IDLE_SECONDS: Final = 2.0  # wait this long for changes that are due soon before going home
_BEGAN: Final = int(time.time())


def drain(account_id: str) -> None:
    """Task: work on what this account has planned, for at most one slice of time. Safe to run twice or at once."""
    account = RequesterAccount.objects.get(pk=account_id)
    if not account.is_open or not work_is_due(account.pk, timedelta(seconds=IDLE_SECONDS)):
        return
    credentials = credentials_of(account)
    try:
        check_identity(account)
        if not may_send(actor=_actor(), account=account):
            return  # the sweep rings again
        caller = caller_for(credentials, settings.DRAIN_THREADS)
    except (AccessRefused, CredentialsMissing) as refusal:
        pause_account(actor=_actor(), account=account, cause=refusal.for_people)
        return
    except CallerRefused as refusal:
        pause_account(actor=_actor(), account=account, cause=str(refusal))
        return
    except MTurkError as reason:
        logger.warning("Nothing was sent for the account %s: %s", account.slug, reason)
        return  # the sweep rings again
    slice_of_work = Drain(account, caller)
    try:
        slice_of_work.run(settings.DRAIN_SLICE_SECONDS)
    finally:
        if slice_of_work.in_hand or slice_of_work.caller_lost:
            give_up(credentials)  # answers nobody waits for must not reach the next drain
    if slice_of_work.left_work() and not stopping.asked():
        ring(DRAIN, account_id)


def process_name() -> str:
    """Who holds a lease: host, process and the moment it began, so that a pid used again is told apart."""
    return f"{socket.gethostname()[:40]}/{os.getpid()}/{_BEGAN}"


def work_is_due(account_id: uuid.UUID, within: timedelta) -> bool:
    """Whether something planned in a running job is due by then (one query)."""
    return Change.objects.filter(
        job__account=account_id,
        job__state=Job.State.RUNNING,
        state=Change.State.PLANNED,
        due_at__lte=timezone.now() + within,
    ).exists()


def _actor() -> Actor:
    return Actor.system("drain", task=TaskInfo(uuid.uuid4().hex, "drain", socket.gethostname(), os.getpid()))


class Drain:
    """One slice of work for one account."""

    def __init__(
        self,
        account: RequesterAccount,
        caller: Caller,
        *,
        threads: int | None = None,
        clock: Callable[[], datetime] = timezone.now,
    ) -> None:
        self.account = account
        self.actor = _actor()
        self.caller_lost = False
        self._caller = caller
        self._threads = threads or settings.DRAIN_THREADS
        self._clock = clock
        self._pace = SharedPace(account.pk)
        self._claims: dict[int, tuple[Claim, int]] = {}  # in hand: the claim and the epoch of its slot
        self._refused = False  # the account's credentials were refused: nothing more is claimed
        self._rate = 0.0  # answers a second, lately
        self._counted_at = time.monotonic()
        self._nothing_to_claim = False  # all that is planned waits for the breaker or for an earlier change

    @property
    def in_hand(self) -> int:
        """Claims without an answer."""
        return len(self._claims)

    def run(self, seconds: float) -> None:
        """Work until nothing is due, the slice is over, the account is refused, or the cluster is to end."""
        end = time.monotonic() + seconds
        idle_since: float | None = None
        while True:
            may_claim = self._may_claim(end)
            if may_claim and not self.in_hand:
                self._claim()  # as many as there are threads: the first calls leave soon
            if may_claim and self.in_hand:
                self._claim()  # and those that follow, while the first are under way
            if self._claims:
                idle_since = None
                answers = self._collect(end)
                more = self._may_claim(end) and not self._nothing_to_claim
                if more and not any(answer.trouble or answer.refusal for answer in answers):
                    self._claim()  # first feed the threads, then write down: they need not wait for that
                self._record(answers)
                heartbeat.beat_now_and_then()
                continue
            idle_since = idle_since or time.monotonic()
            if not may_claim or not self._worth_waiting(idle_since):
                return
            time.sleep(0.05)

    def _may_claim(self, end: float) -> bool:
        over = self._refused or self.caller_lost or time.monotonic() >= end
        return not over and not stopping.asked()

    def _claim(self) -> None:
        """Keep enough in hand for the threads, as far as the pace allows, and no more than is soon called."""
        stock = min(8 * self._threads, self._threads + int(max(self._threads, self._rate * STOCK_SECONDS)))
        room = stock - self.in_hand if self.in_hand else self._threads
        if room < self._threads // 2 and self.in_hand:
            return
        with transaction.atomic():  # one commit, so one wait for the disk
            slots = self._pace.reserve(room)
            claims = claim_changes(
                actor=self.actor,
                account_id=self.account.pk,
                limit=len(slots.times),
                by=process_name(),
                now=self._clock(),
                lease=LEASE,
            )
        if not slots.times:
            return
        self._nothing_to_claim = not claims
        if not claims:
            return
        reached("claimed")
        self._claims.update((claim.change_id, (claim, slots.epoch)) for claim in claims)
        try:
            self._caller.send(
                [work_of(one, at, at + LEAVES_WITHIN) for one, at in zip(claims, slots.times, strict=False)]
            )
        except CallerLost:
            self.caller_lost = True

    def _worth_waiting(self, idle_since: float) -> bool:
        """Whether a planned change is due within moments: held back by the pace, or just put back."""
        if time.monotonic() - idle_since > IDLE_SECONDS:
            return False
        return work_is_due(self.account.pk, timedelta(seconds=IDLE_SECONDS))

    def left_work(self) -> bool:
        """Whether another drain should follow at once; what waits for something is the sweep's business."""
        waits = self._refused or self._nothing_to_claim
        return not waits and work_is_due(self.account.pk, timedelta(seconds=5))

    def _collect(self, end: float) -> list[Answer]:
        """What came back within a quarter second. A caller that is lost or far too late answers "unknown"."""
        if self.caller_lost or time.monotonic() > end + ALL_BACK_WITHIN:
            self.caller_lost = True
            return [lost(*self._claims.pop(number)) for number in list(self._claims)]
        # Come back while all threads still have work, unless there is no more to give them.
        left = self._threads + int(max(self._threads, self._rate * CLAIM_SECONDS))
        spare = self.in_hand if self._nothing_to_claim else max(self.in_hand - left, self._threads)
        try:
            replies = self._caller.receive(FLUSH_SECONDS, min(FLUSH_RESULTS, spare, self.in_hand))
        except CallerLost:
            self.caller_lost = True
            return []
        found = [(*self._claims.pop(reply.number), reply) for reply in replies if reply.number in self._claims]
        return [answer_of(*one) for one in found]

    def _record(self, answers: list[Answer]) -> None:
        self._count(len(answers))
        if not answers:
            return
        reached("answered")
        with transaction.atomic():  # the pace first, as when claiming: two drains never wait for each other
            self._pace.learn(answers)
            record_outcomes(actor=self.actor, outcomes=[answer.outcome for answer in answers])
        reached("recorded")
        trouble = sum(answer.trouble for answer in answers)
        if trouble:
            note_trouble(actor=self.actor, account_id=self.account.pk, count=trouble, now=self._clock())
        refusal = next((answer.refusal for answer in answers if answer.refusal), "")
        if refusal and not self._refused:
            self._refused = True
            pause_account(actor=self.actor, account=self.account, cause=refusal)

    def _count(self, answers: int) -> None:
        now = time.monotonic()
        self._rate = (self._rate + answers / max(now - self._counted_at, 0.001)) / 2
        self._counted_at = now
