"""Creating, changing and deleting qualification types, as managers do on the pages; the call waits for Amazon."""

from typing import Any, Final

from qualadmin.core.actions.endpoint import amazons_words
from qualadmin.core.actions.seen import WorkerTest
from qualadmin.core.actions.type_changes import request_type_delete, request_type_update
from qualadmin.core.actions.types import request_type
from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import INTEGER_MAX, INTEGER_MIN, QualificationType, TypeChange
from qualadmin.wire.errors import ApiError, name_taken, type_missing

from .call import Again, Call, denied
from .changes import AMAZONS_SCORE
from .finding import forget, found_or_made, name_of
from .reading import ask

State = QualificationType.State
HOUR: Final = 3600  # seconds for a test whose call does not say; Amazon asks for it


def create(call: Call) -> dict[str, Any]:
    """CreateQualificationType."""
    given = call.parameters
    name = name_of(call, dict(given))

    def make() -> str:
        try:
            row = request_type(
                actor=call.actor,
                account=call.key.account,
                name=given["Name"],
                description=given["Description"],
                keywords=given.get("Keywords", ""),
                status=given["QualificationTypeStatus"],
                auto_granted=given.get("AutoGranted", False),
                auto_granted_value=given.get("AutoGrantedValue"),
                retry_delay_seconds=given.get("RetryDelayInSeconds"),
                test=_test(call),
                # Amazon knows no range of scores; a manager may set one on the page of the type.
                default_score=AMAZONS_SCORE,
                min_score=INTEGER_MIN,
                max_score=INTEGER_MAX,
            )
        except ActionError as error:
            if error.code == "duplicate":
                raise name_taken() from None
            raise
        return str(row.pk)

    pk = found_or_made(call, name, make)
    for _ in call.looks():
        row = QualificationType.objects.get(pk=pk)
        if row.state == State.REQUESTED:
            continue
        forget(name)
        if row.state == State.REFUSED:
            raise _refusal(row, row.failure)
        return _as_amazon_has_it(call, row.mturk_id or "")
    raise _under_way()


def update(call: Call) -> dict[str, Any]:
    """UpdateQualificationType. What is left out stays."""
    given = call.parameters
    name = name_of(call, dict(given))

    def make() -> str | None:
        try:
            change = request_type_update(
                actor=call.actor,
                type=_type(call),
                description=given.get("Description"),
                status=given.get("QualificationTypeStatus"),
                auto_granted=given.get("AutoGranted"),
                auto_granted_value=given.get("AutoGrantedValue"),
                retry_delay_seconds=given.get("RetryDelayInSeconds"),
                test=_test(call),
            )
        except Conflict as error:
            if error.code in ("change_in_hand", "stale_row"):
                return None  # until that one is over
            raise
        return str(change.pk)

    try:
        pk = found_or_made(call, name, make)
    except ActionError as error:
        if error.code == "unchanged":
            return _as_amazon_has_it(call, given["QualificationTypeId"])
        raise
    _wait(call, pk, name)
    return _as_amazon_has_it(call, given["QualificationTypeId"])


def delete(call: Call) -> dict[str, Any]:
    """DeleteQualificationType. The answer comes when Amazon has begun to delete it, as at Amazon."""
    name = name_of(call, dict(call.parameters))

    def make() -> str | None:
        kind = _type(call)
        if kind.state == State.DELETING:
            raise type_missing(kind.mturk_id or "")
        try:
            return str(request_type_delete(actor=call.actor, type=kind, name=kind.name).pk)
        except Conflict as error:
            if error.code in ("change_in_hand", "stale_row"):
                return None
            raise

    _wait(call, found_or_made(call, name, make), name)
    return {}


def _wait(call: Call, pk: str, name: str) -> None:
    """Until Amazon took the change. Raises ApiError with its refusal."""
    for _ in call.looks():
        change = TypeChange.objects.get(pk=pk)
        if change.state == TypeChange.State.ASKED:
            continue
        forget(name)
        if change.state == TypeChange.State.REFUSED:
            raise _refusal(change, change.failure)
        return
    raise _under_way()


def _under_way() -> Again:
    return Again(
        "Amazon has not answered yet. The change of the type is under way. Send the same call again: it waits for "
        "this change and makes no second one."
    )


def _refusal(row: QualificationType | TypeChange, failure: str) -> ApiError:
    words = amazons_words(row=row, otherwise=failure)
    if words is None:
        return denied(failure)
    return ApiError(words.code, words.message, code=words.turk_code, status=words.status, stamped=False)


def _type(call: Call) -> QualificationType:
    wanted = call.parameters["QualificationTypeId"]
    rows = QualificationType.objects.visible_to(call.actor).select_related("account")
    found = rows.filter(account=call.key.account_id, mturk_id=wanted).first()
    if found is None:
        raise type_missing(wanted)
    return found


def _test(call: Call) -> WorkerTest | None:
    given = call.parameters
    if not given.get("Test"):
        return None
    return WorkerTest(given["Test"], given.get("AnswerKey", ""), given.get("TestDurationInSeconds", HOUR))


def _as_amazon_has_it(call: Call, mturk_id: str) -> dict[str, Any]:
    return ask(call, "GetQualificationType", {"QualificationTypeId": mturk_id}, shows_ids=False)
