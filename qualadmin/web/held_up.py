"""For whom a job waits: two jobs never have calls for the same worker and type mixed; the later one waits."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Q

from qualadmin.core.models import Change, Job

LOOK: Final = 400  # changes that are next to be sent: looking through all of them would cost more than it says
OTHERS: Final = 16  # jobs looked at, as many as get a share of one claim


@dataclass(frozen=True, slots=True)
class Wait:
    """One job that comes first. `count` of the changes looked at wait for it; `exact` says they were all."""

    job: Job
    count: int
    exact: bool

    @property
    def sentence(self) -> str:
        """What the page says of it."""
        number = f"{self.count:,}" if self.exact else f"at least {self.count:,}"
        workers = "1 worker" if self.exact and self.count == 1 else f"{number} workers"
        went = f"It changes {workers} of this job and was asked for first."
        if self.job.state == Job.State.PAUSED:
            return f"{went} It is paused: who started it can resume it; a PI or a manager can stop it."
        return f"{went} They follow by themselves."


def waits_for(job: Job) -> list[Wait]:
    """The jobs that hold up what this one would send next. Two queries; one where no other job is under way."""
    alive = Q(state__in=Job.ALIVE) | Q(state=Job.State.STOPPED, finished_at=None)
    others = Job.objects.filter(alive, account=job.account_id).exclude(pk=job.pk).order_by("created_at")[:OTHERS]
    found = {other.pk: other for other in others}
    if not found:
        return []
    first = Change.objects.filter(job=job, state=Change.State.PLANNED).order_by("id")[:LOOK]
    mine = Change.objects.order_by().filter(pk__in=first.values("pk"))
    theirs = Change.objects.order_by().filter(
        worker__in=first.values("worker"), job__in=list(found), state__in=Change.OPEN
    )
    columns = ("id", "type", "worker", "job", "state")
    both = list(mine.only(*columns).union(theirs.only(*columns), all=True))
    counts = _held_up(job, both, found)
    exact = job.planned <= LOOK
    return [Wait(other, len(counts[pk]), exact) for pk, other in found.items() if counts[pk]]


def _held_up(job: Job, open_ones: Sequence[Change], jobs: dict[UUID, Job]) -> dict[UUID, set[tuple[UUID, UUID]]]:
    """By job, what waits for it: for a call in hand, or for a change that was asked for before and may be sent."""
    mine = {(one.type_id, one.worker_id): one.pk for one in open_ones if one.job_id == job.pk}
    counts: dict[UUID, set[tuple[UUID, UUID]]] = defaultdict(set)
    for one in open_ones:
        key = (one.type_id, one.worker_id)
        if one.job_id is None or one.job_id == job.pk or key not in mine:
            continue
        planned = one.state == Change.State.PLANNED
        if not planned or (one.pk < mine[key] and jobs[one.job_id].state in Job.ALIVE):
            counts[one.job_id].add(key)
    return counts
