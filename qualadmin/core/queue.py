"""The doorbell. The queue is never the record of work: a message only wakes somebody who reads the rows.

The sole importer of django_q besides the supervisor. Lost, doubled or late messages change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Failure, OrmQ, Schedule
from django_q.tasks import async_task

DRAIN: Final = "qualadmin.tasks.drain.drain"
PREPARE: Final = "qualadmin.tasks.prepare.prepare"
GIVE_UP: Final = "qualadmin.tasks.prepare.give_up"
EMPTY: Final = "qualadmin.tasks.prepare.empty"
RECONCILE: Final = "qualadmin.tasks.sweep.reconcile"
SWEEP: Final = "qualadmin.tasks.sweep.sweep"
SYNC_ACCOUNT: Final = "qualadmin.tasks.sync.sync_account"
SYNC_TYPE: Final = "qualadmin.tasks.holders.sync_type"
CREATE_TYPE: Final = "qualadmin.tasks.types.create_type"
CHANGE_TYPE: Final = "qualadmin.tasks.type_changes.change_type"
SEND_MESSAGE: Final = "qualadmin.tasks.messages.send_message"
LOOK_FOR_HITS: Final = "qualadmin.tasks.type_changes.look_for_hits"
RELAY: Final = "qualadmin.tasks.relay.relay"
TEST_CONNECTION: Final = "qualadmin.tasks.connection.test_connection"
CHECK_WORKER: Final = "qualadmin.tasks.sync.check_worker"
LIST_HITS: Final = "qualadmin.tasks.hits.list_hits"
READ_HITS: Final = "qualadmin.tasks.hits.read_hits"
TAKE_HITS: Final = "qualadmin.tasks.hits.take_answer"
SYNC_REQUESTS: Final = "qualadmin.tasks.requests.read_requests_of"
SYNC_ALL_REQUESTS: Final = "qualadmin.tasks.requests.read_all_requests"
SYNC_ALL: Final = "qualadmin.tasks.sync.sync_all"
RESUME: Final = "qualadmin.tasks.schedules.resume"
MAIL: Final = "qualadmin.tasks.mail.deliver"
MAIL_MONTHS: Final = "qualadmin.tasks.mail.write_monthly"
PRUNE: Final = "qualadmin.tasks.schedules.prune"
VERIFY_LOG: Final = "qualadmin.tasks.evidence.verify_log"
MAIL_CHECKPOINT: Final = "qualadmin.tasks.evidence.mail_checkpoint"
READ_LISTS: Final = "qualadmin.tasks.lists.read_lists"
EXPIRE: Final = "qualadmin.tasks.expiry.take_away"
RUN_RULES: Final = "qualadmin.tasks.rules.run_rules"
RUN_RULE: Final = "qualadmin.tasks.rules.run_one"
WATCH: Final = "qualadmin.tasks.watch.look_around"

DEPTH_LIMIT: Final = 10_000  # messages are not counted further

#: Seconds a task may take, where that is more than Q_CLUSTER's time-out: Amazon lists 100 holders a call.
TIMEOUTS: Final = {
    SYNC_TYPE: 120,
    SYNC_ACCOUNT: 120,
    SYNC_REQUESTS: 120,
    VERIFY_LOG: 240,
    READ_LISTS: 240,
    TAKE_HITS: 240,
    RUN_RULE: 240,
    EXPIRE: 240,
}


@dataclass(frozen=True, slots=True)
class Timetable:
    """A task that is rung by the clock: every so many `minutes`, or daily at `at` (UTC)."""

    name: str
    task: str
    minutes: int | None = None
    at: time | None = None


def ring(task: str, *ids: str | int) -> None:
    """Wake the cluster for `task`. Arguments are ids only.

    With the database as broker the message joins the caller's transaction: it is gone if that rolls back.
    With Redis it is sent after the commit; should that fail, the minute's sweep rings again.
    """
    arguments = [str(one) if not isinstance(one, int) else one for one in ids]
    options = {"save": False, **({"timeout": TIMEOUTS[task]} if task in TIMEOUTS else {})}
    if settings.Q_CLUSTER.get("orm"):
        async_task(task, *arguments, **options)
    else:
        transaction.on_commit(lambda: async_task(task, *arguments, **options), robust=True)


def depth() -> int | None:
    """How many messages wait or are in hand, counted to DEPTH_LIMIT. None: Redis does not answer."""
    if settings.Q_CLUSTER.get("orm"):
        return int(OrmQ.objects.order_by()[:DEPTH_LIMIT].count())
    from redis.exceptions import RedisError  # only there where Redis is the broker

    try:
        return min(int(get_broker().queue_size()), DEPTH_LIMIT)
    except RedisError:
        return None


def set_timetables(wanted: Sequence[Timetable]) -> None:
    """Make the queue's schedules exactly these. What is there and right keeps its next time."""
    with transaction.atomic():
        Schedule.objects.exclude(name__in=[one.name for one in wanted]).delete()
        for one in wanted:
            kept, *doubled = Schedule.objects.filter(name=one.name).order_by("pk") or [Schedule(name=one.name)]
            for extra in doubled:
                extra.delete()
            kind = Schedule.MINUTES if one.at is None else Schedule.DAILY
            same = (kept.func, kept.schedule_type, kept.minutes) == (one.task, kind, one.minutes)
            if kept.pk is None or not same or (one.at and kept.next_run.time() != one.at):
                kept.func, kept.schedule_type, kept.minutes = one.task, kind, one.minutes
                kept.next_run = _first_run(one)
                kept.save()


def forget_failures(before: datetime) -> int:
    """Delete what the queue keeps about tasks that failed before then. Returns how many there were."""
    return int(Failure.objects.filter(started__lt=before).delete()[0])


def _first_run(one: Timetable) -> datetime:
    now = timezone.now()
    if one.at is None:
        return now
    today = datetime.combine(now.date(), one.at, now.tzinfo)
    return today if today > now else today + timedelta(days=1)
