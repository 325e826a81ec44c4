"""One round of benchmarks/drain.py: the same number of grants three times, in turn."""

from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import connection

from benchmarks.drain import SEQUENTIAL, pooled, timed
from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, Target
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.pace import update_pace
from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
from qualadmin.core.models import Preview, QualificationType, RequesterAccount, RoleAssignment, User
from qualadmin.core.reading import Plan
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk import pacing
from qualadmin.tasks.accounts import credentials_of, gateway_for
from qualadmin.tasks.callers import caller_for, close_all
from qualadmin.tasks.drain import Drain


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
        with audit.transaction(Context.system("benchmark")) as tx:
            entry = tx.record("account.created", target=Target("account", "bench"))
            self.account = RequesterAccount(
                slug=f"bench-{number}",
                name=f"Bench {number}",
                environment="emulator",
                profile_name="AKIABENCHMARK0000001",
                is_enabled=True,
                audit_id=entry,
            )
            self.account.save()
            self.person = User(username=f"bench{number}", full_name="Bench", audit_id=entry)
            self.person.save()
            RoleAssignment(user=self.person, role="granter", audit_id=entry).save()
        self.gateway = gateway_for(self.account, threads=self.threads)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close_all()
        self.emulator.stop()

    def round(self, number: int) -> tuple[float, float, float]:
        """Grants a second of the loop, the pool and the drain."""
        chosen = self._type(number)
        ids = [f"ABENCH{number:02d}{one:07d}" for one in range(self.rows)]
        assert chosen.mturk_id

        def call(worker_id: str) -> object:
            return self.gateway.associate(chosen.mturk_id or "", worker_id, 1, False)

        loop = timed(lambda: [call(one) for one in ids[:SEQUENTIAL]] and None, SEQUENTIAL)
        pool = timed(lambda: pooled(call, ids, self.threads), self.rows)
        self._plan(chosen, ids)
        self._warm()
        caller = caller_for(credentials_of(self.account), self.threads)
        drain = timed(lambda: Drain(self.account, caller, threads=self.threads).run(600), self.rows)
        held = self.emulator.grant_map(chosen.mturk_id)
        assert held == dict.fromkeys(ids, 100), "the drain must have granted everybody"
        return loop, pool, drain

    def _type(self, number: int) -> QualificationType:
        remote, _ = self.gateway.create_type(name=f"Round {number}", description="benchmark")
        with audit.transaction(Context.system("benchmark")) as tx:
            entry = tx.record("qtype.imported", target=Target("qtype", "bench"))
            chosen = QualificationType(
                account=self.account, mturk_id=remote.type_id, name=f"Round {number}", state="live", audit_id=entry
            )
            chosen.save()
        return chosen

    def _plan(self, chosen: QualificationType, ids: list[str]) -> None:
        actor = self.person.as_actor()
        preview = start_preview(
            actor=actor, account=self.account, source=Preview.Source.PASTE, content="\n".join(ids).encode()
        )
        plan_preview(actor=actor, preview=preview, plan=Plan(types={"": str(chosen.pk)}), wishes=Wishes(score=100))
        confirm_preview(actor=actor, preview_id=preview.pk, rows_sha256=preview.rows_sha256)

    def _warm(self) -> None:
        warm = pacing.start(rate=5000).to_dict()
        update_pace(account_id=self.account.pk, step=lambda _: (warm, None))
