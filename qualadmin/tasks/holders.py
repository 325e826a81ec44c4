"""Comparing who holds a type with Amazon's two lists: in slices of time, on from where the last task was."""

import os
import socket
import uuid

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions import holder_readings as actions
from qualadmin.core.actions.drift import settle_drift
from qualadmin.core.actions.holder_readings import Phase
from qualadmin.core.actions.holders import CHUNK
from qualadmin.core.actions.readings import Turn
from qualadmin.core.actions.seen import SeenHolder
from qualadmin.core.actor import Actor
from qualadmin.core.models import HolderReading, QualificationType
from qualadmin.core.queue import SYNC_TYPE, ring
from qualadmin.mturk.errors import MTurkError
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import QualificationStatus

from .identity import checked_gateway
from .remote import seen_holder
from .sync import check_one
from .turns import meaning_of, report, slice_of_time

AFTER = {Phase.GRANTED: Phase.REVOKED, Phase.REVOKED: Phase.UNLISTED}


def sync_type(type_id: str) -> None:
    """Task: read on in who holds this type, granted and revoked, for a slice of time, and compare."""
    row = QualificationType.objects.select_related("account").get(pk=type_id)
    if row.state != QualificationType.State.LIVE or row.account.archived_at is not None:
        return
    taken = actions.take_holder_reading(row)
    if taken is None:
        return
    reading, turn = taken
    actor = Actor.system(
        "sync_type", task=TaskInfo(uuid.uuid4().hex, "sync_type", socket.gethostname(), os.getpid())
    )
    try:
        done = _Reader(checked_gateway(row.account), actor, reading, turn).read_on()
    except MTurkError as error:
        report(row.account, error, actor)
        is_passing = meaning_of(error, token="") == "later"
        give_up = actions.retry_holders_later if is_passing else actions.fail_holder_reading
        give_up(actor=actor, turn=turn, row=reading, why=error.message or error.for_people)
        return
    if done:
        actions.finish_holder_reading(actor=actor, turn=turn, row=reading)
        settle_drift()
    else:
        actions.release_holders(turn=turn)
        ring(SYNC_TYPE, type_id)


def resume_holders() -> None:
    """Task, every minute: ring for readings whose doorbell or process was lost, or that are to be tried again."""
    for type_id in actions.holder_readings_to_go_on():
        ring(SYNC_TYPE, str(type_id))


class _Reader:
    """One slice of a reading. Pages are gathered to a chunk, so that few transactions are needed."""

    def __init__(self, gateway: QualificationGateway, actor: Actor, row: HolderReading, turn: Turn) -> None:
        self._gateway, self._actor, self._row, self._turn = gateway, actor, row, turn
        self._goes_on = slice_of_time()

    def read_on(self) -> bool:
        """True once all is read; False if the slice is over. Raises MTurkError; what came before it is kept."""
        row = self._row
        while row.phase != Phase.UNLISTED:
            if not self._goes_on() or not self._read_chunk(QualificationStatus(row.phase)):
                return False
        while rows := actions.next_unlisted(row):
            for one in rows:
                if not self._goes_on():
                    return False
                check_one(self._gateway, self._actor, row.type, one.worker)
                if not actions.note_asked(turn=self._turn, row=row):
                    return False
        return True

    def _read_chunk(self, status: QualificationStatus) -> bool:
        """Some pages of one of the two lists. False: another task reads on."""
        row, token, calls = self._row, self._row.token, 0
        seen: list[SeenHolder] = []
        phase, failed = str(row.phase), None
        while len(seen) < CHUNK and phase == row.phase and (not calls or self._goes_on()):
            try:
                page = self._gateway.holder_page(row.type.mturk_id or "", status, token or None)
            except MTurkError as error:
                failed = error
                break
            seen += map(seen_holder, page.items)
            calls += 1
            token = page.token or ""
            if not token:
                phase = AFTER[Phase(status.value)]
        if calls and not actions.keep_holders(
            actor=self._actor, turn=self._turn, row=row, seen=seen, phase=phase, token=token, calls=calls
        ):
            return False
        if failed is not None:
            return self._begin_again(failed)
        return True

    def _begin_again(self, error: MTurkError) -> bool:
        """After a token that Amazon refused. Raises any other error."""
        is_old = meaning_of(error, token=self._row.token) == "token"
        if is_old and actions.begin_holders_again(turn=self._turn, row=self._row):
            return True
        raise error
