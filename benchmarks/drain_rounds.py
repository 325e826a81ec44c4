"""One round of benchmarks/drain.py: the same number of grants three times, in turn."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Self, TypeVar

from django.conf import settings
from django.db import connection

from benchmarks.drain import SEQUENTIAL, pooled, timed
from benchmarks.remote import begin_job, create_type, hire, know_the_pace, open_account
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.models import Job, QualificationType, RequesterAccount
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.accounts import credentials_of, gateway_for
from qualadmin.tasks.callers import caller_for, close_all
from qualadmin.tasks.drain import Drain
from qualadmin.tasks.prepare import prepare

T = TypeVar("T")


class Bench:
    """An emulator with this latency, an account and a person who may grant."""

    def __init__(self, rows: int, latency: int, threads: int) -> None:
        self.rows, self.threads = rows, threads
        self.name = connection.vendor
        self.emulator = Emulator(latency_ms=latency)
        settings.DRAIN_THREADS = threads

    def __enter__(self) -> Self:
        self.emulator.start()
        settings.EMULATOR_URL = self.emulator.url
        number = RequesterAccount.objects.count()
        self.account = open_account(f"Bench {number}", "AKIADEMOBENCHMARK001")
        self.person = hire(f"Bench {number}", "granter")
        self.gateway = gateway_for(self.account, threads=self.threads)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close_all()
        self.emulator.stop()

    def round(self, number: int) -> tuple[float, float, float]:
        """Grants a second of the loop, the pool and the drain."""
        chosen = create_type(self.account, f"Round {number}")
        ids = [f"ABENCH{number:02d}{one:07d}" for one in range(self.rows)]
        assert chosen.mturk_id

        def call(worker_id: str) -> object:
            return self.gateway.associate(chosen.mturk_id or "", worker_id, 1, False)

        loop = timed(lambda: [call(one) for one in ids[:SEQUENTIAL]] and None, SEQUENTIAL)
        pool = timed(lambda: pooled(call, ids, self.threads), self.rows)
        return loop, pool, self._drained(chosen, ids, timed, nullcontext)

    def drained(
        self,
        number: int,
        measure: Callable[[Callable[[], None], int], T],
        during: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> T:
        """A drain alone, of workers of its own, under `during`: what `measure` makes of it."""
        ids = [f"ADRAIN{number:02d}{one:07d}" for one in range(self.rows)]
        return self._drained(create_type(self.account, f"Drain {number}"), ids, measure, during)

    def _drained(
        self,
        chosen: QualificationType,
        ids: list[str],
        measure: Callable[[Callable[[], None], int], T],
        during: Callable[[], AbstractContextManager[None]],
    ) -> T:
        self._plan(chosen, ids)
        know_the_pace(self.account)
        caller = caller_for(credentials_of(self.account), self.threads)
        with during():
            drain = Drain(self.account, caller, threads=self.threads)
            found = measure(lambda: drain.run(600) and None, self.rows)
        held = self.emulator.grant_map(chosen.mturk_id or "")
        assert held == dict.fromkeys(ids, 100), "the drain must have granted everybody"
        return found

    def _plan(self, chosen: QualificationType, ids: list[str]) -> None:
        job = begin_job(self.person, chosen, ids, wishes=Wishes(score=100))
        while Job.objects.filter(pk=job.pk, state=Job.State.PREPARING).exists():
            prepare(str(job.pk))
