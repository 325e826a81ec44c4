"""The tasks that work part by part: what makes a large job ready, gives its rest up, or forgets a list."""

import os
import socket
import time
import uuid
from collections.abc import Callable
from typing import Final

from django.conf import settings

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.giving_up import give_up_part
from qualadmin.core.actions.leftovers import empty_part
from qualadmin.core.actions.preparing import prepare_job
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actor import Actor
from qualadmin.core.queue import EMPTY, GIVE_UP, PREPARE, ring

from . import heartbeat, stopping

#: Seconds between two parts. SQLite gives the database to whoever asks at the right moment: without a pause the
#: saves of people would find no such moment.
PAUSE: Final = 0.03


def prepare(job_id: str) -> None:
    """Make the job ready part by part, for a slice of time. Running it twice, or at any time, is harmless."""
    _part_by_part(PREPARE, job_id, lambda: prepare_job(actor=_actor("prepare"), job_id=uuid.UUID(job_id)))


def give_up(job_id: str) -> None:
    """Give up what is left of a stopped or refused job, in the same way."""
    _part_by_part(GIVE_UP, job_id, lambda: give_up_part(actor=_actor("give_up"), job_id=uuid.UUID(job_id)))


def empty(preview_id: str) -> None:
    """Delete the rows of a list that was discarded, in the same way."""
    _part_by_part(EMPTY, preview_id, lambda: empty_part(preview_id=uuid.UUID(preview_id)))


def _part_by_part(task: str, row_id: str, do_part: Callable[[], bool]) -> None:
    """Do parts until none is left. Nothing while a restored database is read-only: the sweep rings later."""
    if is_read_only():
        return
    end = time.monotonic() + settings.DRAIN_SLICE_SECONDS
    while do_part():
        heartbeat.beat_now_and_then()
        if stopping.asked():
            return  # the sweep of the next cluster rings again
        if time.monotonic() >= end:
            ring(task, row_id)
            return
        time.sleep(PAUSE)


def _actor(name: str) -> Actor:
    return Actor.system(name, task=TaskInfo(uuid.uuid4().hex, name, socket.gethostname(), os.getpid()))
