"""How each stored state looks: icon, word and colour together, never colour alone."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Look:
    """`tone` is a class of the stylesheet: ok, bad, busy, warn, practice, or empty for grey."""

    word: str
    icon: str
    tone: str


_OK, _BAD, _BUSY, _WARN, _GREY = "ok", "bad", "busy", "warn", ""

LOOKS: Final[dict[str, Look]] = {
    # changes
    "planned": Look("Queued", "clock", _GREY),
    "sending": Look("Being sent", "arrow-path", _BUSY),
    "done": Look("Done", "check", _OK),
    "failed": Look("Failed", "exclamation-circle", _BAD),
    "unknown": Look("Being checked", "question-mark-circle", _WARN),
    "person": Look("Needs a person", "hand-raised", _WARN),
    "skipped": Look("Already so", "equals", _GREY),
    "cancelled": Look("Not done", "minus-circle", _GREY),
    "undone": Look("Undone", "arrow-uturn-left", _WARN),
    # jobs
    "preparing": Look("Being prepared", "clock", _BUSY),
    "running": Look("Running", "arrow-path", _BUSY),
    "stopped": Look("Stopped", "stop", _WARN),
    "finished": Look("Finished", "check", _OK),
    "approval": Look("Waits for approval", "hand-raised", _WARN),
    "declined": Look("Sent back", "arrow-uturn-left", _BAD),
    "recalled": Look("Withdrawn", "minus-circle", _GREY),
    # qualifications
    "Granted": Look("Granted", "check", _OK),
    "Revoked": Look("Taken away", "arrow-uturn-left", _WARN),
    # types
    "requested": Look("Being created", "clock", _BUSY),
    "deleting": Look("Being deleted", "clock", _BUSY),
    "live": Look("At Amazon", "check", _OK),
    "refused": Look("Refused by Amazon", "exclamation-circle", _BAD),
    "gone": Look("No longer at Amazon", "x-mark", _GREY),
    "Active": Look("Active", "check", _OK),
    "Inactive": Look("Inactive", "pause", _GREY),
    # requests and connection tests
    "waiting": Look("Waiting", "clock", _BUSY),
    "closed": Look("No longer waiting", "minus-circle", _GREY),
    "accepted": Look("Accepted", "check", _OK),
    "rejected": Look("Rejected", "x-mark", _WARN),
    "ok": Look("Works", "check", _OK),
    # outcomes in the audit log
    "started": Look("Started", "play", _BUSY),
    "denied": Look("Refused", "no-symbol", _BAD),
    # severities
    "info": Look("Info", "information-circle", _GREY),
    "notice": Look("Notice", "information-circle", _BUSY),
    "warning": Look("Warning", "exclamation-triangle", _WARN),
    "critical": Look("Critical", "exclamation-triangle", _BAD),
    # lines of a preview
    "new": Look("New", "plus", _OK),
    "change": Look("Score changes", "pencil-square", _WARN),
    "same": Look("Already so", "equals", _GREY),
    "revoke": Look("Taken away", "arrow-uturn-left", _WARN),
    "reject": Look("Rejected", "x-mark", _WARN),
    "bad": Look("Cannot be done", "exclamation-circle", _BAD),
    "left": Look("Changed since, left alone", "hand-raised", _WARN),
    # accounts and people
    "emulator": Look("Emulator", "beaker", "practice"),
    "sandbox": Look("Sandbox", "beaker", _WARN),
    "production": Look("Production", "exclamation-triangle", _BAD),
    "enabled": Look("Changes may be sent", "check", _OK),
    "disabled": Look("Switched off", "pause", _GREY),
    "paused": Look("Paused", "pause", _WARN),
    "archived": Look("Archived", "archive-box", _GREY),
    "draft": Look("Not started", "pencil-square", _GREY),
    "ended": Look("Ended", "stop", _GREY),
    "active": Look("Active", "check", _OK),
    "inactive": Look("Closed", "no-symbol", _GREY),
}


def look_of(state: str) -> Look:
    """How a state looks. A state nobody described is shown in its own words, in grey."""
    return LOOKS.get(state) or Look(state.replace("_", " ").capitalize(), "minus", _GREY)
