"""From what was typed to an exit code."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from django.db import DatabaseError

from qualadmin.api.answers import Refused
from qualadmin.core.actions.access import record_denied
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError

from . import reading
from .asking import person
from .changing import change
from .printing import Code, Printer

Act = Callable[[Actor, dict[str, Any], Printer], Code]
WORDS: Final[dict[str, Act]] = {
    "grant": partial(change, verb="grant"),
    "revoke": partial(change, verb="revoke"),
    "types": reading.types,
    "workers": reading.workers,
    "jobs": reading.jobs,
    "requests": reading.requests,
    "audit": reading.audit,
}


def run(options: dict[str, Any], printer: Printer) -> Code:
    """Carry out one word. What is refused for lack of a right is in the log, as on the pages."""
    actor: Actor | None = None
    try:
        actor = person(options["person"])
        return WORDS[options["word"]](actor, options, printer)
    except ActionError as error:
        if actor is not None and error.status in {403, 404} and error.code != "approval_required":
            record_denied(actor=actor, what=f"command {options['word']}", detail=error.code)
        printer.refusal(error.code, error.message)
    except Refused as refused:
        printer.refusal(refused.code.value, refused.message, refused.details)
    except DatabaseError as error:
        printer.refusal("unavailable", f"The database does not answer ({type(error).__name__}).")
    return Code.REFUSED
