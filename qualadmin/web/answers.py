"""What became of one change, in plain words; Amazon's own code stands beside them for those who want it."""

from typing import Final

from qualadmin.core.models import Change, Verb

_BY_STATE: Final = {
    Change.State.PLANNED: "Waits for its turn.",
    Change.State.SENDING: "On its way to Amazon.",
    Change.State.DONE: "Amazon accepted it.",
    Change.State.UNKNOWN: "Amazon gave no clear answer. We look up what it holds before anything else is sent.",
    Change.State.NEEDS_PERSON: "We could not find out whether Amazon did this. Look at the worker and decide.",
    Change.State.SKIPPED: "It was so already. Nothing was sent.",
    Change.State.CANCELLED: "Not sent.",
    Change.State.FAILED: "Amazon refused this. Nothing was changed.",
}
_DONE: Final = {
    Verb.GRANT: "Granted",
    Verb.REVOKE: "Taken away",
    Verb.ACCEPT: "Accepted",
    Verb.REJECT: "Rejected",
}
_BY_CODE: Final = {
    "authority_lost": "Not sent: who started the job may no longer grant.",
    "approval_lost": "Not sent: who approved the job may no longer approve.",
    "sent_back": "Not sent: the job was not approved.",
    "withdrawn": "Not sent: who asked for the job withdrew it.",
    "read_back": "Amazon had not done it, as we saw when we looked. It is sent again.",
}


def answer_of(change: Change) -> str:
    """A sentence for people. `Change.message` never names the worker; Amazon's own text is in the audit log."""
    if change.state == Change.State.DONE:
        return _BY_STATE[Change.State.DONE]
    return change.message or _BY_CODE.get(change.code, "") or _BY_STATE[Change.State(change.state)]


def outcome_word(change: Change) -> str:
    """`Granted`, `Taken away` and the like for what was done; "" leaves the usual word of the state."""
    if change.state != Change.State.DONE:
        return ""
    return _DONE[Verb(change.verb)]
