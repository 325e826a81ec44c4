"""From what was typed to an exit code."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from django.db import DatabaseError

from qualadmin.api.answers import Refused
from qualadmin.core.actions.access import record_denied
from qualadmin.core.actions.programs import ApprovalRequired
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError

from . import reading
from .arguments import misunderstood
from .asking import person
from .changing import change
from .printing import Code, Printer

logger = logging.getLogger(__name__)
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
#: A commit may have gone through although its answer did not come.
NOT_KNOWN: Final = (
    "It is not known whether anything was done. Look at the jobs, or run the same again: what is so already is "
    "left alone."
)


def run(options: dict[str, Any], printer: Printer) -> Code:
    """Carry out one word. What is refused for lack of a right is in the log, as on the pages."""
    if fault := misunderstood(options):
        printer.refusal("usage", f"{fault}. Nothing was done.")
        return Code.USAGE
    actor: Actor | None = None
    try:
        actor = person(options["person"])
        return WORDS[options["word"]](actor, options, printer)
    except ApprovalRequired as error:
        printer.refusal(error.code, f"{error.what} Add --ask-for-approval to let it wait for that person.")
    except ActionError as error:
        if actor is not None and error.status in {403, 404}:
            record_denied(actor=actor, what=f"command {options['word']}", detail=error.code)
        printer.refusal(error.code, error.message)
    except Refused as refused:
        printer.refusal(refused.code.value, refused.message, refused.details)
    except DatabaseError as error:
        logger.exception("The command %s failed", options["word"])
        printer.refusal("unavailable", f"The database does not answer ({type(error).__name__}). {NOT_KNOWN}")
        return Code.UNKNOWN
    except Exception as error:
        logger.exception("The command %s failed", options["word"])
        printer.refusal("fault", f"Something went wrong in qualadmin ({type(error).__name__}). {NOT_KNOWN}")
        return Code.UNKNOWN
    return Code.REFUSED
