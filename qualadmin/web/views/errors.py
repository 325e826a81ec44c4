"""Error pages: what happened, what was not done, what to do, and a number to quote."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.exceptions import BadRequest, DisallowedHost, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from qualadmin.core.actions.access import record_bad_host, record_csrf_failed
from qualadmin.core.actor import Actor
from qualadmin.web.cache_gone import NO_REDIS
from qualadmin.web.kept import is_secret, posted_fields
from qualadmin.web.peers import request_info


@dataclass(frozen=True, slots=True)
class Words:
    """The text of one status."""

    title: str
    text: str
    icon: str = "exclamation-circle"


WORDS: Final = {
    400: Words("This request could not be understood", "Open the page again and retry. Nothing was done."),
    403: Words(
        "You may not do this",
        "Your role does not allow it. Nothing was done. A manager can change your roles.",
        "lock-closed",
    ),
    404: Words(
        "There is no such page",
        "The address is wrong, or the page is not yours to see. "
        "Search for what you want, or start at the dashboard.",
        "magnifying-glass",
    ),
    409: Words(
        "Something changed in the meantime", "Nothing was done. Open the page again to see how things stand."
    ),
    413: Words(
        "That is too much at once",
        f"At most {settings.UPLOAD_MAX_BYTES // 2**20} MB and {settings.UPLOAD_MAX_ROWS:,} lines can be sent "
        "at a time. "
        "Nothing was kept. Split the file and send the parts one after the other.",
    ),
    414: Words("This address is too long", "Remove some filters and try again. Nothing was done."),
    422: Words("This can’t be done", "Nothing was done."),
    429: Words("Too many tries", "Nothing was done. Wait a little, then try again.", "clock"),
    500: Words("Something went wrong here", "It is our fault, not yours."),
    503: Words(
        "The service does not answer just now",
        "It could not reach its database. Work that was already started goes on by itself. Try again in a minute.",
        "signal-slash",
    ),
}
CSRF_FIELD: Final = "csrfmiddlewaretoken"
NOT_DONE: Final = (
    "It could not reach its database, or another program kept it locked for too long. "
    "Nothing was changed by what you sent. Work that was already started goes on by itself."
)
NOT_LOGGED: Final = (
    "The audit log did not take the entry, and nothing is changed here without one. "
    "Nothing was changed by what you sent. The managers are told; please tell your principal investigator as well."
)
#: What drivers raise when the database does not answer, or not in time; or Redis, which counts sign-ins.
NO_DATABASE: Final[tuple[type[Exception], ...]] = (OperationalError, InterfaceError, *NO_REDIS)
#: These pages are shown when nothing can be relied upon: they ask no database and no template context.
STANDALONE: Final = frozenset({500, 503})


def problem(
    request: HttpRequest,
    status: int,
    text: str = "",
    *,
    retry_after: int | None = None,
    more: Mapping[str, object] | None = None,
) -> HttpResponse:
    """The page for `status`. `text` replaces the usual sentence; `retry_after`: seconds; `more`: context."""
    words = WORDS.get(status, WORDS[400])
    text = "".join(one for one in text if one.isprintable())  # it may quote what no HTML page may hold
    context = {
        "status": status,
        "title": words.title,
        "text": text or words.text,
        "icon_name": words.icon,
        "reference": getattr(request, "request_id", "")[:12],
        **(more or {}),
    }
    if status in STANDALONE:
        response = HttpResponse(render_to_string("errors/standalone.html", context), status=status)
    else:
        response = render(request, "errors/page.html", context, status=status)
    if status == 503 or retry_after is not None:
        response.headers["Retry-After"] = str(retry_after or 60)
    return response


def not_done(request: HttpRequest, text: str = NOT_DONE) -> HttpResponse:
    """503 for a view whose transaction did not come to be. A form comes back with the page, to be sent again.

    The page itself holds it, because there is nowhere else to keep it. The form's key sees to it that it is done
    once. A file or a password does not come back; then only the browser's own way back has the form.
    """
    if request.method != "POST":
        return problem(request, 503, "" if text == NOT_DONE else text)
    fields = posted_fields(request)
    whole = not request.FILES and not any(is_secret(name) and name != CSRF_FIELD for name, _ in fields)
    context = {"sent_again": fields if whole else [], "address": request.get_full_path(), "was_form": True}
    return problem(request, 503, text, more=context)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 and its relatives, for everything Django finds suspicious."""
    if isinstance(exception, RequestDataTooBig):
        return problem(request, 413)
    if isinstance(exception, DisallowedHost):
        return foreign_host(request)
    return problem(request, 400, str(exception) if isinstance(exception, BadRequest) else "")


def foreign_host(request: HttpRequest) -> HttpResponse:
    """400 for a request that is meant for another site, with an entry. The name it used is not repeated."""
    record_bad_host(request=request_info(request))
    return problem(request, 400, "This site is not known under that name. Nothing was done.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return problem(request, 403)


def not_found(request: HttpRequest, exception: Http404 | None = None) -> HttpResponse:
    """404. Says the same whether something does not exist or is outside the person's scope."""
    return problem(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500. Django has logged the traceback with the request.

    503 if it was the database, outside of any view: when the session is read or written.
    """
    return problem(request, 503 if isinstance(sys.exc_info()[1], NO_DATABASE) else 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without a valid token: an old page, or another site's doing."""
    actor = getattr(request, "actor", None)
    record_csrf_failed(actor=actor if isinstance(actor, Actor) else Actor.anonymous(request_info(request)))
    return problem(
        request,
        403,
        "The form was too old, or did not come from this site. Nothing was done. Open the page again and retry.",
    )
