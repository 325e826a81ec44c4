"""Reading who did a HIT, page by page. Killed, doubled or late tasks do no harm: the row says how far it is."""

import os
import socket
import uuid

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions import hits as actions
from qualadmin.core.actions.readings import Turn
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actor import Actor
from qualadmin.core.models import HitReading
from qualadmin.core.queue import READ_HITS, ring
from qualadmin.mturk.errors import MTurkError
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import AssignmentStatus

from .identity import checked_gateway
from .remote import seen_work
from .turns import meaning_of, report, slice_of_time


def read_hits(reading_id: str) -> None:
    """Task: read on who did the HITs of a reading, for a slice of time."""
    if is_read_only():
        return  # rung again once the service is open
    taken = actions.take_reading(uuid.UUID(reading_id))
    if taken is None:
        return
    reading, turn = taken
    try:
        gateway = checked_gateway(reading.account)
        done = _read_on(gateway, reading, turn)
    except MTurkError as error:
        report(reading.account, error, _actor())
        if meaning_of(error, token="") == "later":
            actions.retry_reading_later(actor=_actor(), turn=turn, reading=reading, why=error.for_people)
        else:
            actions.fail_reading(actor=_actor(), turn=turn, reading=reading, why=error.for_people)
    else:
        if done:
            actions.finish_reading(actor=_actor(), turn=turn, reading=reading)
        else:
            actions.release_reading(turn=turn)
            ring(READ_HITS, reading_id)


def _read_on(gateway: QualificationGateway, reading: HitReading, turn: Turn) -> bool:
    """Pages until all are read (True) or the slice is over. Raises what stands in the way of all of them."""
    goes_on = slice_of_time()
    statuses = [AssignmentStatus(one) for one in reading.statuses]
    while reading.place < len(reading.hit_ids):
        if not goes_on():
            return False
        hit_id = reading.hit_ids[reading.place]
        try:
            page = gateway.assignment_page(hit_id, statuses, reading.token or None)
        except MTurkError as error:
            if not _past(error, reading, turn):
                raise
            continue
        if not actions.keep_work(
            turn=turn, reading=reading, seen=[seen_work(one) for one in page.items], token=page.token
        ):
            return False
    return True


def _past(error: MTurkError, reading: HitReading, turn: Turn) -> bool:
    """Whether reading goes on after this error: with this HIT from its start, or with the next one."""
    meaning = meaning_of(error, token=reading.token)
    if meaning == "token" and actions.begin_hit_again(turn=turn, reading=reading):
        return True
    if meaning in ("token", "refused"):
        return actions.skip_hit(turn=turn, reading=reading, why=error.for_people)
    return False


def resume_readings() -> None:
    """Task, every minute: ring for readings whose doorbell or process was lost, or that are to be tried again."""
    for reading_id in actions.readings_to_go_on():
        ring(READ_HITS, str(reading_id))


def _actor() -> Actor:
    task = TaskInfo(uuid.uuid4().hex, "read_hits", socket.gethostname(), os.getpid())
    return Actor.system("read_hits", task=task)
