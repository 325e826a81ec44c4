"""Taking changes in hand and giving outcomes back, without a drain and without Amazon."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions.claims import Claim, claim_changes
from qualadmin.core.actions.outcomes import Outcome, Recorded, Result, record_outcomes
from qualadmin.core.actor import Actor
from qualadmin.core.models import RequesterAccount
from qualadmin.mturk.client import ClientCache
from qualadmin.tasks.calling import Pool

DRAIN = Actor.system("drain")
LEASE = timedelta(seconds=60)
#: What a call leaves behind: the keys the entries know.
AWS = {
    "op": "AssociateQualificationWithWorker",
    "request_id": "1111-2222",
    "http": 200,
    "sdk_attempts": 1,
    "ms": 40,
}


def take(
    account: RequesterAccount, limit: int = 100, *, now: datetime | None = None, by: str = "elsewhere/1/1"
) -> list[Claim]:
    """Claim as a drain does."""
    return claim_changes(
        actor=DRAIN, account_id=account.pk, limit=limit, by=by, now=now or timezone.now(), lease=LEASE
    )


def outcome(claim: Claim, result: Result = Result.DONE, **more: Any) -> Outcome:
    """What came back for a claim, now."""
    return Outcome(claim, result, timezone.now(), **{"aws": AWS, **more})


def give(outcomes: Iterable[Outcome]) -> Recorded:
    """Write outcomes down as a drain does."""
    return record_outcomes(actor=DRAIN, outcomes=list(outcomes))


def finish(account: RequesterAccount, result: Result = Result.DONE) -> None:
    """Claim everything and let it all come to this."""
    while claims := take(account):
        give(outcome(claim, result) for claim in claims)


def run_calls_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the drain's calls run in threads of the test, where their time-out can be shortened."""
    pools: list[Pool] = []

    def pool_for(credentials: Any, threads: int) -> Pool:
        pools.append(Pool(ClientCache().gateway(credentials, threads=threads), threads))
        return pools[-1]

    monkeypatch.setattr("qualadmin.tasks.drain.caller_for", pool_for)
    monkeypatch.setattr("qualadmin.tasks.drain.give_up", lambda credentials: None)
