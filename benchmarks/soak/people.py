"""What people do in a soak: begin, pause, resume, stop, retry and undo jobs, and remember what they asked for."""

import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from django.db import OperationalError, connection

from benchmarks.remote import begin_job, create_type, hire, open_account
from qualadmin.core.actions.accounts import resume_account
from qualadmin.core.actions.control import pause_job, resume_job, retry_failed, stop_job
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.types import request_sync
from qualadmin.core.actions.undo import prepare_undo
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Change, Job, QualificationType, RequesterAccount, Verb

Pair = tuple[uuid.UUID, str]  # a type and a worker id
WORKERS: Final = 250  # for each account: few, so that jobs meet
BACKLOG: Final = 600  # changes that wait; more, and nobody begins another job
LOOK_EVERY: Final = 2.0  # seconds between looks of the manager for paused accounts


@dataclass(frozen=True, slots=True)
class Wish:
    """What one job wanted of one pair. `value` None: taken away."""

    job: uuid.UUID
    value: int | None


@dataclass
class People:
    """A granter and a manager at work in two accounts."""

    chance: random.Random
    asked: dict[Pair, list[Wish]] = field(default_factory=dict)  # oldest first
    did: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.granter, self.manager = hire("Gran Ter", "granter"), hire("Man Ager", "manager")
        self.accounts = [open_account(f"Soak {n}", f"AKIADEMOSOAK{n}") for n in range(2)]
        self.types = [create_type(account, f"Wave {n}") for account in self.accounts for n in range(2)]
        self._look_due = 0.0
        self._deeds: list[Callable[[], str]] = []
        for weight, deed in (
            (30, self._begin), (3, self._pause), (4, self._resume), (1, self._stop), (3, self._retry),
            (2, self._undo), (1, self._sync),
        ):  # fmt: skip
            self._deeds += [deed] * weight

    def step(self) -> None:
        """One deed. What the service refuses is counted with its reason: it is an answer like any other."""
        if time.monotonic() >= self._look_due:
            self._look_due = time.monotonic() + LOOK_EVERY
            self._try(self.resume_accounts)
        self._try(self.chance.choice(self._deeds))

    def _try(self, deed: Callable[[], str]) -> None:
        try:
            self.did[deed()] += 1
        except ActionError as error:
            self.did[f"refused: {error.code or type(error).__name__}"] += 1
        except OperationalError:
            # The database was busy for longer than a person should wait; the page says so, and nothing was done.
            self.did["database busy"] += 1
            connection.close()

    def resume_accounts(self) -> str:
        for account in RequesterAccount.objects.exclude(paused_reason=""):
            resume_account(actor=self.manager.as_actor(), account=account)
        return "looked for paused accounts"

    def resume_jobs(self) -> None:
        for job in Job.objects.filter(state=Job.State.PAUSED):
            resume_job(actor=self.granter.as_actor(), job_id=job.pk)

    def _begin(self) -> str:
        if Change.objects.filter(state__in=Change.OPEN).count() > BACKLOG:
            return "waited"
        chosen = self.chance.choice(self.types)
        count = min(WORKERS, int(self.chance.expovariate(1 / 15)) + 1)
        ids = [f"ASOAK{number:05d}" for number in self.chance.sample(range(WORKERS), count)]
        notify, revoke = self.chance.random() < 0.4, self.chance.random() < 0.35
        if revoke:
            reason = "The study is over." if notify else ""
            wishes = Wishes(revoke_reason=reason)
            job = begin_job(self.granter, chosen, ids, verb=Verb.REVOKE, wishes=wishes)
            self._remember(job, chosen, ids, None)
            return "took away"
        score = self.chance.randint(1, 5)
        job = begin_job(self.granter, chosen, ids, wishes=Wishes(score=score, notify=notify))
        self._remember(job, chosen, ids, score)
        return "granted"

    def _remember(self, job: Job, chosen: QualificationType, ids: list[str], value: int | None) -> None:
        for worker in ids:
            self.asked.setdefault((chosen.pk, worker), []).append(Wish(job.pk, value))

    def _any(self, *states: str) -> Job:
        jobs = list(Job.objects.filter(state__in=states).order_by("-created_at")[:20])
        if not jobs:
            raise ActionError("There is no such job.", code="no_such_job")
        return self.chance.choice(jobs)

    def _pause(self) -> str:
        pause_job(actor=self.granter.as_actor(), job_id=self._any("running").pk)
        return "paused"

    def _resume(self) -> str:
        resume_job(actor=self.granter.as_actor(), job_id=self._any("paused").pk)
        return "resumed"

    def _stop(self) -> str:
        stop_job(actor=self.granter.as_actor(), job_id=self._any("running", "paused").pk)
        return "stopped"

    def _retry(self) -> str:
        """Only where nobody has wanted anything else since, so that what was asked last stays clear."""
        job = self._any("finished", "stopped")
        failed = Change.objects.filter(job=job, state=Change.State.FAILED).values_list("type", "worker__worker_id")
        for pair in failed:
            if self.asked[pair][-1].job != job.pk:
                raise ActionError("Others came since.", code="not_newest")
        retry_failed(actor=self.granter.as_actor(), job_id=job.pk)
        return "retried"

    def _undo(self) -> str:
        job = self._any("finished", "stopped")
        actor = self.granter.as_actor()
        preview = prepare_undo(actor=actor, job_id=job.pk)
        undo = confirm_preview(actor=actor, preview_id=preview.pk, rows_sha256=preview.rows_sha256)
        for type_id, worker, value in undo.changes.values_list("type", "worker__worker_id", "value"):
            self.asked.setdefault((type_id, worker), []).append(Wish(undo.pk, value))
        return "undone"

    def _sync(self) -> str:
        request_sync(actor=self.granter.as_actor(), type=self.chance.choice(self.types))
        return "asked Amazon who holds a type"
