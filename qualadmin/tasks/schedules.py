"""What is rung by the clock, and the two rounds that look after what was left behind."""

from datetime import time, timedelta
from typing import Final

from django.utils import timezone

from qualadmin.core.actions.connections import waiting_tests
from qualadmin.core.actions.leftovers import drop_old_previews
from qualadmin.core.queue import (
    PRUNE,
    RESUME,
    SWEEP,
    SYNC_ALL,
    TEST_CONNECTION,
    Timetable,
    forget_failures,
    ring,
    set_timetables,
)

from .types import resume_types

FAILURES_KEPT: Final = timedelta(days=14)
PREVIEWS_KEPT: Final = timedelta(days=7)

TIMETABLES: Final = (
    Timetable("sweep", SWEEP, minutes=1),
    Timetable("resume", RESUME, minutes=1),
    Timetable("sync", SYNC_ALL, minutes=15),
    Timetable("prune", PRUNE, at=time(3, 10)),
)


def ensure_schedules() -> None:
    """Write the timetable into the queue. Called whenever a task cluster starts; may be called any time."""
    set_timetables(TIMETABLES)


def resume() -> None:
    """Task, every minute: ring again for wished-for types and connection tests whose doorbell was lost."""
    resume_types()
    for test_id in waiting_tests():
        ring(TEST_CONNECTION, test_id)


def prune() -> None:
    """Task, every night: forget old failures of the queue and lists that nobody confirmed."""
    now = timezone.now()
    forget_failures(now - FAILURES_KEPT)
    drop_old_previews(before=now - PREVIEWS_KEPT)
