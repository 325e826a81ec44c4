"""Calls that change something: the same actions, jobs and entries as by hand, and Amazon's answer at the end.

A client library sends a call again when it got no answer. The second one must find what the first one began, so a
change is looked for by what is asked before one is made; see docs/decisions/mturk-endpoint.md.
"""

import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q

from qualadmin.core.actions.endpoint import amazons_words, open_change
from qualadmin.core.actions.previews import Wishes
from qualadmin.core.actions.single import ask_for_change
from qualadmin.core.actions.workers import look_up_worker
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Change, QualificationType, Study, Verb
from qualadmin.core.permissions import Permission, require
from qualadmin.web.answers import answer_of
from qualadmin.wire.errors import ApiError, type_missing

from .call import Again, Call, denied
from .finding import forget, found_or_made, name_of
from .reading import ask

AMAZONS_SCORE: Final = 1  # what Amazon gives where no IntegerValue is said
State = Change.State
OVER: Final = frozenset({State.DONE, State.FAILED, State.SKIPPED, State.CANCELLED, State.NEEDS_PERSON})


@dataclass(frozen=True, slots=True)
class Asked:
    """One change, as it was asked for."""

    call: Call
    type: QualificationType
    worker_id: str
    verb: Verb
    score: int | None
    notify: bool
    for_worker: str  # what Amazon e-mails to the worker


def associate(call: Call) -> dict[str, Any]:
    given = call.parameters
    score = given.get("IntegerValue", AMAZONS_SCORE)
    # Amazon's own default: what the script does not say, it would have meant so.
    notify = given.get("SendNotification", True)
    return _carried_out(Asked(call, _type(call), given["WorkerId"], Verb.GRANT, score, notify, ""))


def disassociate(call: Call) -> dict[str, Any]:
    given = call.parameters
    words = given.get("Reason", "")
    return _carried_out(Asked(call, _type(call), given["WorkerId"], Verb.REVOKE, None, False, words))


def _type(call: Call) -> QualificationType:
    wanted = call.parameters["QualificationTypeId"]
    rows = QualificationType.objects.visible_to(call.actor).select_related("account")
    found = rows.filter(account=call.key.account_id, mturk_id=wanted).first()
    if found is None:
        raise type_missing(wanted)
    return found


def study_of(call: Call) -> Study | None:
    if not call.study:
        return None
    wanted = Q(slug=call.study)
    with suppress(ValueError):
        wanted |= Q(pk=uuid.UUID(call.study))
    study = Study.objects.filter(wanted, is_open=True).first()
    if study is None:
        raise denied("The study that this call or its key names is closed or does not exist. Nothing was done.")
    return study


class _IsSo(Exception):
    """Amazon itself says that it is so already."""


def _carried_out(asked: Asked) -> dict[str, Any]:
    call, account = asked.call, asked.type.account
    require(call.actor, Permission.GRANT, str(account.pk), production=account.is_production)
    name = name_of(call, asked.worker_id, str(asked.type.pk), asked.score, asked.notify, asked.for_worker)
    looked_up = False

    def make() -> str | None:
        nonlocal looked_up
        found = open_change(
            actor=call.actor, type=asked.type, worker_id=asked.worker_id, verb=asked.verb, value=asked.score
        )
        if found is not None:
            return str(found)
        try:
            return _made(asked)
        except ActionError as error:
            if error.code != "already_so":
                raise
        if not looked_up and _is_so(asked):
            raise _IsSo
        looked_up = True  # what Amazon holds is being written down; then there is something to change
        return None

    try:
        change_id = found_or_made(call, name, make)
    except _IsSo:
        return {}
    return outcome(call, int(change_id), name)


def outcome(call: Call, change_id: int, name: str) -> dict[str, Any]:
    """Amazon's answer to a change that was begun. `name`: by what an equal call finds it."""
    for _ in call.looks():
        state = Change.objects.filter(pk=change_id).values_list("state", flat=True).get()
        if state in OVER:
            forget(name)
            return _answer(Change.objects.select_related("type__account").get(pk=change_id))
    raise Again(
        f"Amazon has not answered yet. The change is under way (change {change_id} in qualadmin). "
        "Send the same call again: it waits for this change and makes no second one."
    )


def _made(asked: Asked) -> str:
    call = asked.call
    wishes = Wishes(
        score=asked.score,
        study=study_of(call),
        reason=call.reason,
        notify=asked.notify,
        revoke_reason=asked.for_worker,
    )
    answer = ask_for_change(
        actor=call.actor, type=asked.type, worker_id=asked.worker_id, verb=asked.verb, wishes=wishes
    )
    return str(answer["id"])


def _is_so(asked: Asked) -> bool:
    """Ask Amazon, since what we know may be old. False: it is otherwise, and that is being written down.

    Raises ApiError where Amazon's answer is what the call would have met: nothing to take away.
    """
    where = {"QualificationTypeId": asked.type.mturk_id, "WorkerId": asked.worker_id}
    refusal: ApiError | None = None
    held: dict[str, Any] = {}
    try:
        held = ask(asked.call, "GetQualificationScore", where, shows_ids=True).get("Qualification", {})
    except Again:
        raise
    except ApiError as error:
        refusal = error
    granted = held.get("Status") == "Granted"
    if asked.verb == Verb.GRANT and granted and held.get("IntegerValue") == asked.score:
        return True
    if asked.verb == Verb.REVOKE and not granted:
        if refusal is not None:
            raise refusal
        return True
    look_up_worker(actor=asked.call.actor, worker_id=asked.worker_id, type=asked.type)
    return False


def _answer(change: Change) -> dict[str, Any]:
    """Amazon's answer to the change, as it said it."""
    if change.state == State.DONE:
        return {}
    if change.state == State.CANCELLED:
        raise denied(f"The change was given up before it was sent (change {change.pk} in qualadmin).")
    if change.state == State.NEEDS_PERSON:
        raise denied(
            f"Nobody knows whether Amazon did this (change {change.pk} in qualadmin). Look at the job and decide."
        )
    words = amazons_words(row=change, otherwise=change.message)
    if words is None and change.state == State.SKIPPED:  # it had come true before it was sent
        return {}
    if words is None:
        raise denied(answer_of(change))
    raise ApiError(words.code, words.message, code=words.turk_code, status=words.status, stamped=False)
