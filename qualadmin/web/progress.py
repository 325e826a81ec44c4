"""How a job stands, in numbers and sentences: one source for the bar, the facts and the announcement."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from django.db.models import Max
from django.utils import timezone

from qualadmin.core.models import AccountPace, Change, Heartbeat, Job

from .words import duration, grouped

RATE_AFTER: Final = timedelta(seconds=5)  # an estimate from less is a guess
RATE_COUNTED: Final = 50_000  # far more than ever end in the window
RATE_WINDOW: Final = timedelta(seconds=15)
THROTTLED_FOR: Final = timedelta(seconds=60)  # how long "slow down" stays on the page
SILENT_AFTER: Final = timedelta(seconds=60)
LATEST: Final = 8  # results shown while the job runs


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know about the job. `tone` is warn, bad or info."""

    tone: str
    icon: str
    title: str
    text: str


class Progress:
    """One look at a job. Asks at most five small questions, whatever the size of the job."""

    def __init__(self, job: Job, now: datetime | None = None) -> None:
        self.job = job
        self.now = now or timezone.now()
        self.is_running = job.state == Job.State.RUNNING
        self.left = max(0, job.planned)
        self.ended = job.total - self.left
        self.percent = 100 * self.ended // job.total if job.total else 100

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What stands above the bar."""
        job = self.job
        facts = [(self.done_word, grouped(job.done))]
        facts += [("Already so", grouped(job.skipped)), ("Failed", grouped(job.failed))]
        if job.cancelled:
            facts.append(("Not done", grouped(job.cancelled)))
        if job.needs_person:
            facts.append(("Needs a person", grouped(job.needs_person)))
        facts.append(("Left", grouped(self.left)))
        if self.rate:
            facts.append(("Rate", self.rate_words))
        if self.seconds_left is not None:
            facts.append(("Time left", f"about {duration(self.seconds_left)}"))
        return facts

    @property
    def done_word(self) -> str:
        return {Job.Kind.GRANT: "Granted", Job.Kind.REVOKE: "Taken away"}.get(Job.Kind(self.job.kind), "Done")

    @property
    def sentence(self) -> str:
        """What is announced: `162 of 480 done, 4 failed`."""
        parts = [f"{grouped(self.ended)} of {grouped(self.job.total)} done ({self.percent}%)"]
        if self.job.failed:
            parts.append(f"{grouped(self.job.failed)} failed")
        if self.job.needs_person:
            parts.append(f"{grouped(self.job.needs_person)} need a person")
        return ", ".join(parts)

    @property
    def headline(self) -> str:
        if self.job.state == Job.State.STOPPED:
            return f"Stopped after {grouped(self.ended)}; {grouped(self.left)} not done"
        if self.job.state == Job.State.FINISHED:
            return "Finished, with failures" if self.job.failed or self.job.needs_person else "Finished"
        return "Running" if self.job.started_at else "Waiting to begin"

    @property
    def tone(self) -> str:
        """The class of the bar."""
        return {Job.State.STOPPED: "halted", Job.State.FINISHED: "done"}.get(Job.State(self.job.state), "")

    @cached_property
    def rate(self) -> float:
        """Changes a second over the last quarter of a minute; 0 while nobody can say."""
        started = self.job.started_at
        if not self.is_running or started is None or self.now - started < RATE_AFTER:
            return 0.0
        window = min(RATE_WINDOW, self.now - started)
        count = self._ended_since(window)
        return count / window.total_seconds()

    def _ended_since(self, window: timedelta) -> int:
        """Without those that were so already: they ended before anything was sent."""
        sent = Change.objects.filter(job=self.job, finished_at__gte=self.now - window, attempt__gt=0)
        return sent.order_by()[:RATE_COUNTED].count()

    @property
    def rate_words(self) -> str:
        """`12 a second`, `40 a minute`: never more exact than it is true."""
        return f"{round(self.rate)} a second" if self.rate >= 1.5 else f"{max(1, round(self.rate * 60))} a minute"

    @property
    def seconds_left(self) -> float | None:
        return self.left / self.rate if self.rate and self.left else None

    @cached_property
    def latest(self) -> list[Change]:
        """The newest results, while there are new ones to come."""
        if not self.is_running:
            return []
        ended = Change.objects.filter(job=self.job, finished_at__gte=self.now - timedelta(minutes=10))
        return list(ended.select_related("worker", "type").order_by("-finished_at")[:LATEST])

    @cached_property
    def notices(self) -> list[Notice]:
        """Why it does not go on, or not as fast as hoped. Facts, not errors."""
        if not self.is_running:
            return []
        account = self.job.account
        if account.archived_at or not account.is_enabled:
            text = f"“{account.name}” is switched off. The job goes on by itself once a manager switches it on."
            return [Notice("warn", "pause", "Nothing is sent", text)]
        if account.paused_reason:
            text = f"{account.paused_reason} The job goes on by itself once a manager resumes the account."
            return [Notice("warn", "pause", f"“{account.name}” is paused", text)]
        return [*self._of_worker(), *self._of_amazon()]

    def _of_worker(self) -> list[Notice]:
        beat = Heartbeat.objects.aggregate(newest=Max("beat_at"))["newest"]
        if beat is not None and self.now - beat <= SILENT_AFTER:
            return []
        text = "This job waits; nothing is lost. It goes on when the worker runs again. Tell who runs the service."
        return [Notice("bad", "exclamation-triangle", "The task worker is not running", text)]

    def _of_amazon(self) -> list[Notice]:
        pace: AccountPace | None = getattr(self.job.account, "pace", None)  # none before the first call
        if pace is None:
            return []
        if pace.open_until and pace.open_until > self.now:
            wait = duration((pace.open_until - self.now).total_seconds())
            text = f"Nothing is sent for about {wait}; then it goes on by itself. No change is lost or made twice."
            return [Notice("warn", "clock", "Amazon did not answer clearly several times", text)]
        if pace.throttled_at and self.now - pace.throttled_at < THROTTLED_FOR:
            going = f"going on at {self.rate_words}" if self.rate else "going on more slowly"
            return [
                Notice("info", "information-circle", "Amazon asked us to slow down", f"This is normal: {going}.")
            ]
        return []
