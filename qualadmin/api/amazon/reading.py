"""Calls that read: passed on to Amazon by the task cluster, and its answer passed back."""

from typing import Any, Final

from qualadmin.core.actions.relay import ask_amazon, give_up_call, note_page, ring_again, take_answer
from qualadmin.wire.errors import ApiError
from qualadmin.wire.validation import OPERATION_NAMES

from .call import Again, Call, denied

#: Reading calls about qualifications, and whether workers are named in them.
QUALIFICATIONS: Final = {
    "GetQualificationType": False,
    "ListQualificationTypes": False,
    "GetAccountBalance": False,
    "GetQualificationScore": True,
    "ListWorkersWithQualificationType": True,
    "ListQualificationRequests": True,
}
READING: Final = frozenset(name for name in OPERATION_NAMES if name.startswith(("Get", "List")))
RINGS_EVERY: Final = 2.0  # seconds, while nobody has taken the question up


def read(call: Call) -> dict[str, Any]:
    """Amazon's answer. Raises ApiError with Amazon's own error."""
    shows_ids = QUALIFICATIONS.get(call.operation, True)
    if call.operation not in QUALIFICATIONS and not call.key.account.programs_read_all:
        raise denied(
            f"{call.operation} is not about qualifications, and a manager has not let programs read everything "
            "of this account. Amazon was not asked."
        )
    return ask(call, call.operation, dict(call.parameters), shows_ids=shows_ids)


def ask(call: Call, operation: str, parameters: dict[str, Any], *, shows_ids: bool) -> dict[str, Any]:
    """The same for any reading operation, also where the call itself changes something."""
    number = ask_amazon(
        actor=call.actor,
        account=call.key.account,
        operation=operation,
        parameters=parameters,
        shows_ids=shows_ids,
    )
    rung = 0.0
    for waited in call.looks():
        if (answer := take_answer(call_id=number)) is not None:
            content = _content(answer)
            note_page(actor=call.actor, account=call.key.account, content=content)
            return content
        if waited - rung > RINGS_EVERY:
            ring_again(call_id=number)
            rung = waited
    give_up_call(call_id=number)
    raise Again("Amazon was not asked in time: the task cluster is busy or does not run. Send the call again.")


def _content(answer: dict[str, Any]) -> dict[str, Any]:
    if "content" in answer:
        content: dict[str, Any] = answer["content"]
        return content
    if answer.get("refused"):
        raise denied(f"{answer['refused']} A manager of qualadmin must mend this.")
    raise told(answer["error"])


def told(error: dict[str, Any]) -> ApiError:
    """Amazon's error as Amazon said it. Without a code no clear answer came, and the client shall ask again."""
    if not error.get("code"):
        return Again("No clear answer came from Amazon. Nothing was changed. Send the call again.")
    return ApiError(
        error["code"], error["message"], code=error["turk_code"], status=error["status"], stamped=False
    )
