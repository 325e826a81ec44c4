"""How a job stands, in numbers and sentences: one source for the bar, the facts and the announcement."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from django.db.models import Subquery
from django.urls import reverse
from django.utils import timezone

from qualadmin.core.actions.endings import WRONG_FROM_THE_START
from qualadmin.core.counting import CountOf
from qualadmin.core.models import AccountPace, Change, Heartbeat, Job

from .held_up import waits_for
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
    url: str = ""  # the page the title leads to


_DONE_WORDS: Final = {
    Job.Kind.GRANT: "Granted",
    Job.Kind.REVOKE: "Taken away",
    Job.Kind.ACCEPT: "Accepted",
    Job.Kind.REJECT: "Rejected",
}


class Progress:
    """One look at a job. Asks at most four small questions, whatever the size of the job."""

    def __init__(self, job: Job, now: datetime | None = None) -> None:
        self.job = job
        self.now = now or timezone.now()
        self.is_preparing = job.state == Job.State.PREPARING
        self.is_running = job.state == Job.State.RUNNING
        self.is_open = job.finished_at is None  # calls in hand of a paused or stopped job still come back
        counted = job.planned + job.done + job.failed + job.skipped + job.cancelled + job.needs_person
        self.unwritten = max(0, job.total - counted) if self._is_half_written else 0
        self.left = max(0, job.planned) + (0 if job.is_given_up else self.unwritten)
        self.not_done = job.cancelled + (self.unwritten if job.is_given_up else 0)
        self.ended = job.total - self.left
        self.percent = 100 * self.ended // job.total if job.total else 100

    @property
    def _is_half_written(self) -> bool:
        """Whether some lines may be no changes yet, or never became any since the job was stopped before."""
        return self.job.prepares == Job.Prepares.LIST or self.job.state == Job.State.STOPPED

    @property
    def is_half_written(self) -> bool:
        """Whether it was stopped before all of it was written down."""
        return self.job.state == Job.State.STOPPED and self.unwritten > 0

    @property
    def written(self) -> int:
        """Lines that became changes."""
        return self.job.total - self.unwritten

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What stands above the bar."""
        job = self.job
        facts = [(self.done_word, grouped(job.done))]
        facts += [("Already so", grouped(job.skipped)), ("Failed", grouped(job.failed))]
        if self.not_done:
            facts.append(("Not done", grouped(self.not_done)))
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
        return _DONE_WORDS.get(Job.Kind(self.job.kind), "Done")

    @property
    def sent(self) -> int:
        """Those that ended in any other way than by being given up."""
        return self.ended - self.not_done

    @property
    def sentence(self) -> str:
        """What is announced: `162 of 480 done, 4 failed`."""
        parts = [f"{grouped(self.ended)} of {grouped(self.job.total)} done ({self.percent}%)"]
        if self.not_done:
            parts = [f"{grouped(self.sent)} of {grouped(self.job.total)} done"]
            parts.append(f"{grouped(self.not_done)} not done")
        if self.job.failed:
            parts.append(f"{grouped(self.job.failed)} failed")
        if self.job.needs_person:
            parts.append(f"{grouped(self.job.needs_person)} need a person")
        return ", ".join(parts)

    @property
    def all_fail(self) -> bool:
        """Whether it is paused and nothing of it worked: then it was most likely not a person who paused it."""
        job = self.job
        return job.state == Job.State.PAUSED and not job.done + job.skipped and job.failed >= WRONG_FROM_THE_START

    @property
    def headline(self) -> str:
        if self.is_preparing:
            return f"Being prepared{self._how_far}"
        if self.job.state == Job.State.PAUSED and self.job.prepares:
            return f"Paused while being prepared{self._how_far}"
        if self.job.state == Job.State.PAUSED:
            return f"Paused after {grouped(self.ended)}; {grouped(self.left)} left"
        if self.job.state == Job.State.STOPPED:
            return f"Stopped after {grouped(self.sent)}; {grouped(self.not_done)} not done"
        if self.job.state == Job.State.FINISHED:
            return "Finished, with failures" if self.job.failed or self.job.needs_person else "Finished"
        if self.job.state in (Job.State.WAITING, Job.State.DECLINED, Job.State.WITHDRAWN):
            return Job.State(self.job.state).label
        return "Running" if self.job.started_at else "Waiting to begin"

    @property
    def _how_far(self) -> str:
        """How much of what must be prepared is, where there is a number for it."""
        match self.job.prepares:
            case Job.Prepares.LIST:
                return f": {grouped(self.written)} of {grouped(self.job.total)}"
            case Job.Prepares.RETRY:
                planned, wanted = self.job.planned, self.job.planned + self.job.failed
                return f" to be sent again: {grouped(planned)} of {grouped(wanted)}"
        return ""

    @property
    def tone(self) -> str:
        """The class of the bar."""
        if self.job.state == Job.State.FINISHED and self.job.failed and not self.job.done:
            return "halted"  # green is for what went well
        tones = {Job.State.PAUSED: "halted", Job.State.STOPPED: "halted", Job.State.FINISHED: "done"}
        return tones.get(Job.State(self.job.state), "")

    @cached_property
    def rate(self) -> float:
        """Changes a second over the last quarter of a minute; 0 while nobody can say."""
        window = self._window
        return self._lately[1] / window.total_seconds() if window else 0.0

    @property
    def _window(self) -> timedelta | None:
        """The time the rate is taken over; None where there is nothing to take it over yet."""
        started = self.job.started_at
        if not self.is_running or started is None or self.now - started < RATE_AFTER:
            return None
        return min(RATE_WINDOW, self.now - started)

    @cached_property
    def _lately(self) -> tuple[datetime | None, int]:
        """When a cluster's heart beat last, and how many changes ended within the window, in one query.

        Without those that were so already: they ended before anything was sent.
        """
        beats = Heartbeat.objects.order_by("-beat_at").values("beat_at")[:1]
        window = self._window
        sent = Change.objects.none()
        if window:
            sent = Change.objects.filter(job=self.job, finished_at__gte=self.now - window, attempt__gt=0)
        both = Job.objects.filter(pk=self.job.pk)
        found: tuple[datetime | None, int] = both.values_list(
            Subquery(beats), CountOf(sent.order_by().values("pk")[:RATE_COUNTED])
        ).get()
        return found

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
        if self.is_preparing:
            return self._of_worker()
        if self.all_fail:
            text = (
                f"None of the first {grouped(self.job.failed)} was taken, so the rest waits. Look below at why. "
                "Is it the right list? Resume sends the rest all the same; Stop gives it up."
            )
            return [Notice("warn", "pause", "Paused, because Amazon refused everything so far", text)]
        if not self.is_running:
            return []
        account = self.job.account
        if account.archived_at or not account.is_enabled:
            text = f"“{account.name}” is switched off. The job goes on by itself once a manager switches it on."
            return [Notice("warn", "pause", "Nothing is sent", text)]
        if account.paused_reason:
            text = f"{account.paused_reason} The job goes on by itself once a manager resumes the account."
            return [Notice("warn", "pause", f"“{account.name}” is paused", text)]
        return [*self._of_worker(), *self._of_amazon(), *self._of_others()]

    def _of_others(self) -> list[Notice]:
        """Two jobs for the same worker and type never interleave: the later one waits, and says for what."""
        return [
            Notice("info", "clock", f"Waiting for “{wait.job.title}”", wait.sentence, self._page(wait.job))
            for wait in waits_for(self.job)
        ]

    @staticmethod
    def _page(job: Job) -> str:
        return reverse("job-detail", args=[job.pk])

    def _of_worker(self) -> list[Notice]:
        beat, _ = self._lately
        if beat is not None and self.now - beat <= SILENT_AFTER:
            return []
        text = (
            "This job waits; nothing is lost. It goes on when the cluster runs again. "
            "Tell the person who runs this service."
        )
        return [Notice("bad", "exclamation-triangle", "The task cluster is not running", text)]

    def _of_amazon(self) -> list[Notice]:
        pace: AccountPace | None = getattr(self.job.account, "pace", None)  # none before the first call
        if pace is None:
            return []
        if pace.open_until:
            return [self._of_breaker(pace.open_until)]
        if pace.throttled_at and self.now - pace.throttled_at < THROTTLED_FOR:
            going = f"going on at {self.rate_words}" if self.rate else "going on more slowly"
            return [
                Notice("info", "information-circle", "Amazon asked us to slow down", f"This is normal: {going}.")
            ]
        return []

    def _of_breaker(self, until: datetime) -> Notice:
        if until > self.now:
            wait = duration((until - self.now).total_seconds())
            when = f"Nothing is sent for about {wait}; then we ask Amazon, and it goes on by itself."
        else:
            when = "Nothing is sent until Amazon answers a question of ours; we ask within a minute or two."
        text = f"{when} No change is lost or made twice."
        return Notice("warn", "clock", "Amazon did not answer clearly several times", text)
