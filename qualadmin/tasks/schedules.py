"""What is rung by the clock, and the two rounds that look after what was left behind."""

from datetime import time, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from qualadmin.core.actions.answers import forget_answers
from qualadmin.core.actions.compacting import compact_after_erasures
from qualadmin.core.actions.connections import waiting_tests
from qualadmin.core.actions.drafted_tests import drop_old_drafts
from qualadmin.core.actions.drift import settle_drift
from qualadmin.core.actions.hits import drop_old_readings
from qualadmin.core.actions.leftovers import drop_ended_sessions, drop_old_previews
from qualadmin.core.actions.messages import discard_old_drafts
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actor import Actor
from qualadmin.core.queue import (
    EXPIRE,
    MAIL_CHECKPOINT,
    MAIL_MONTHS,
    PRUNE,
    READ_LISTS,
    RESUME,
    RUN_RULES,
    SWEEP,
    SYNC_ALL,
    SYNC_ALL_REQUESTS,
    TEST_CONNECTION,
    VERIFY_LOG,
    WATCH,
    Timetable,
    forget_failures,
    ring,
    set_timetables,
)

from .hits import resume_readings
from .holders import resume_holders
from .mail import ring_for_letters
from .messages import resume_messages
from .relay import forget_unfetched
from .requests import EVERY_MINUTES
from .type_changes import resume_type_changes
from .types import resume_types

FAILURES_KEPT: Final = timedelta(days=14)
PREVIEWS_KEPT: Final = timedelta(days=7)
DRAFTS_KEPT: Final = timedelta(days=90)

TIMETABLES: Final = (
    Timetable("sweep", SWEEP, minutes=1),
    Timetable("resume", RESUME, minutes=1),
    Timetable("watch", WATCH, minutes=1),
    Timetable("sync", SYNC_ALL, minutes=15),
    Timetable("lists", READ_LISTS, at=time(2, 20)),
    Timetable("requests", SYNC_ALL_REQUESTS, minutes=EVERY_MINUTES),
    Timetable("expiry", EXPIRE, at=time(2, 30)),
    Timetable("rules", RUN_RULES, at=time(2, 40)),
    Timetable("prune", PRUNE, at=time(3, 10)),
    Timetable("verify", VERIFY_LOG, at=time(3, 40)),
    Timetable("months", MAIL_MONTHS, at=time(5, 40)),
    Timetable("mail", MAIL_CHECKPOINT, at=time(5, 50)),  # daily, so that a missed day is made up for
)


def ensure_schedules() -> None:
    """Write the timetable into the queue. Called whenever a task cluster starts; may be called any time."""
    set_timetables(TIMETABLES)


def resume() -> None:
    """Task, every minute: ring again for whatever waits and whose doorbell was lost.

    And forget answers of Amazon that nobody fetched.
    """
    resume_types()
    resume_type_changes()
    ring_for_letters()
    resume_messages()
    resume_readings()
    resume_holders()
    settle_drift()
    forget_unfetched()
    for test_id in waiting_tests():
        ring(TEST_CONNECTION, test_id)


def prune() -> None:
    """Task, every night: forget old failures, working data nobody came back for, old answers; free space."""
    now = timezone.now()
    forget_failures(now - FAILURES_KEPT)
    drop_old_previews(before=now - PREVIEWS_KEPT)
    drop_old_readings(before=now - PREVIEWS_KEPT)
    drop_old_drafts(before=now - DRAFTS_KEPT)
    drop_ended_sessions(before=now)
    if not is_read_only():  # forgetting these is an entry
        clock = Actor.system("prune")
        forget_answers(actor=clock, before=now - timedelta(days=settings.ANSWERS_DAYS))
        discard_old_drafts(actor=clock, before=now - PREVIEWS_KEPT)
    compact_after_erasures(now=now)
