"""Reading HITs and who did them, page by page. Killed, doubled or late tasks do no harm."""

import os
import socket
import uuid

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions import hit_list
from qualadmin.core.actions import hits as actions
from qualadmin.core.actions.list_hits import ring_for_answers, take_hits
from qualadmin.core.actions.readings import Turn
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actor import Actor
from qualadmin.core.models import HitList, HitReading
from qualadmin.core.queue import LIST_HITS, READ_HITS, ring
from qualadmin.mturk.errors import MTurkError
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import AssignmentStatus

from .identity import checked_gateway
from .remote import seen_hit, seen_work
from .turns import MAX_CALLS, meaning_of, report, slice_of_time


def read_hits(reading_id: str) -> None:
    """Task: read on who did the HITs of a reading, for a slice of time."""
    if is_read_only():
        return  # rung again once the service is open
    taken = actions.take_reading(uuid.UUID(reading_id))
    if taken is None:
        return
    (reading, turn), actor = taken, _actor("read_hits")
    try:
        gateway = checked_gateway(reading.account)
        done = _read_on(gateway, reading, turn)
    except MTurkError as error:
        report(reading.account, error, actor)
        give_up = actions.retry_reading_later if meaning_of(error, token="") == "later" else actions.fail_reading
        give_up(actor=actor, turn=turn, reading=reading, why=error.for_people)
    else:
        if done:
            actions.finish_reading(actor=actor, turn=turn, reading=reading)
            if reading.source_id is not None:
                ring_for_answers([reading.pk])
        else:
            actions.release_reading(turn=turn)
            ring(READ_HITS, reading_id)


def take_answer(reading_id: str) -> None:
    """Task: a list goes by what a reading found."""
    if not is_read_only():
        take_hits(actor=_actor("take_hits"), reading_id=uuid.UUID(reading_id))


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


def list_hits(account_id: str) -> None:
    """Task: read on in the list of an account's HITs, for a slice of time."""
    if is_read_only():
        return
    taken = hit_list.take_hit_list(uuid.UUID(account_id))
    if taken is None:
        return
    row, turn = taken
    try:
        done = _list_on(checked_gateway(row.account), row, turn)
    except MTurkError as error:
        report(row.account, error, _actor("list_hits"))
        if meaning_of(error, token="") == "later":
            hit_list.retry_hit_list_later(turn=turn, why=error.for_people)
        else:
            hit_list.fail_hit_list(turn=turn, why=error.for_people)
    else:
        if done:
            hit_list.finish_hit_list(turn=turn, row=row)
        else:
            hit_list.release_hit_list(turn=turn)
            ring(LIST_HITS, account_id)


def _list_on(gateway: QualificationGateway, row: HitList, turn: Turn) -> bool:
    """Pages until the list is read (True) or the slice is over."""
    goes_on = slice_of_time()
    for _ in range(MAX_CALLS):
        if not goes_on():
            return False
        try:
            page = gateway.hit_page(row.token or None)
        except MTurkError as error:
            if meaning_of(error, token=row.token) == "token" and hit_list.begin_hit_list_again(turn=turn, row=row):
                continue
            raise
        if not hit_list.keep_hits(
            turn=turn, row=row, seen=[seen_hit(one) for one in page.items], token=page.token
        ):
            return False
        if page.token is None:
            return True
    return False


def resume_readings() -> None:
    """Task, every minute: ring for readings whose doorbell or process was lost, or that are to be tried again."""
    for reading_id in actions.readings_to_go_on():
        ring(READ_HITS, str(reading_id))
    for account_id in hit_list.hit_lists_to_go_on():
        ring(LIST_HITS, str(account_id))
    ring_for_answers()


def _actor(name: str) -> Actor:
    return Actor.system(name, task=TaskInfo(uuid.uuid4().hex, name, socket.gethostname(), os.getpid()))
