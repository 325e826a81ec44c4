"""What happens to every request before its view: size limits, a number, the person, the account, the zone."""

import logging
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db.models import Exists
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from qualadmin.audit.types import EntryRefused
from qualadmin.core.actions.access import record_denied
from qualadmin.core.actions.restorations import is_read_only
from qualadmin.core.actions.sign_in import session_mark
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Environment, RequesterAccount, Restoration

from . import kept
from .peers import number, request_info
from .views import errors

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

#: The only pages that answer somebody who has not signed in, by URL name.
PUBLIC: Final = frozenset({"sign-in", "healthz", "readyz", "metrics"})
#: What somebody can reach whose password must be changed first.
BEFORE_PASSWORD_CHANGE: Final = frozenset({"password", "sign-out", "theme", "healthz", "readyz", "metrics"})
SESSION_ACCOUNT: Final = "account"
QUERY_LIMIT: Final = 8 * 1024  # bytes
# A little more than a file may have, for the fields around it.
BODY_LIMIT: Final = settings.UPLOAD_MAX_BYTES + 64 * 1024


class RequestMiddleware:
    """Numbers the request and refuses what is too big before anything reads it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = number(request)
        response = _too_big(request) or _elsewhere(request) or self.get_response(request)
        response.headers.setdefault("X-Request-ID", request_id)
        return response


def _too_big(request: HttpRequest) -> HttpResponse | None:
    if len(request.META.get("QUERY_STRING", "")) > QUERY_LIMIT:
        return errors.problem(request, 414)
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        return errors.problem(request, 413)  # without a length nobody can say when to stop
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit():
        return errors.problem(request, 400)
    return errors.problem(request, 413) if int(length) > BODY_LIMIT else None


def _elsewhere(request: HttpRequest) -> HttpResponse | None:
    """A whole address in the request line is for a proxy: its host would count, which nobody here looks at."""
    line = str(request.META.get("RAW_URI", "/"))
    return None if line.startswith("/") else errors.foreign_host(request)


class PersonMiddleware:
    """Finds out who asks and for which account; sends everybody else to the sign-in page.

    Turns expected failures of actions into pages.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _identify(request)
        zone = _zone(request)
        with timezone.override(zone):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Nobody passes without having signed in, whatever the view says."""
        match = request.resolver_match
        name = match.url_name if match else None
        if name in PUBLIC:
            return None
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if request.method == "POST" and kept.SENT in request.POST:
            kept.drop(request)  # it is on its way again; a second copy would only be sent twice
        if request.user.must_change_password and name not in BEFORE_PASSWORD_CHANGE:
            return HttpResponseRedirect(reverse("password"))
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for an expected failure; anything else is a fault of ours and goes on to the 500 page."""
        if isinstance(error, ActionError):
            if error.status in {403, 404}:
                _note_refusal(request, error)
            return errors.problem(request, error.status, error.message)
        if isinstance(error, errors.NO_DATABASE):
            logger.exception("The database did not answer request %s", getattr(request, "request_id", ""))
            return errors.not_done(request)
        if isinstance(error, EntryRefused):
            name = getattr(request, "request_id", "")
            logger.critical("The audit log refused the entries of request %s", name, exc_info=error)
            return errors.not_done(request, errors.NOT_LOGGED)
        return None


def _identify(request: HttpRequest) -> None:
    info = request_info(request)
    request.actor = Actor.anonymous(info)  # type: ignore[attr-defined]
    request.accounts, request.account = [], None  # type: ignore[attr-defined]
    if not request.user.is_authenticated:
        return
    key = request.session.session_key
    actor = request.user.as_actor(request=info, session=session_mark(key) if key else None)
    # Asked along with the accounts: every page says it, and none has a query to spare for it.
    standing = Exists(Restoration.objects.standing())
    accounts = list(RequesterAccount.objects.open().visible_to(actor).annotate(read_only=standing))
    request.read_only = accounts[0].read_only if accounts else is_read_only()  # type: ignore[attr-defined]
    request.actor, request.accounts = actor, accounts  # type: ignore[attr-defined]
    request.account = _in_use(accounts, request.session.get(SESSION_ACCOUNT))  # type: ignore[attr-defined]


def _in_use(accounts: list[RequesterAccount], chosen: str | None) -> RequesterAccount | None:
    """The chosen account, if it is still open to the person; else the most harmless one."""
    for account in accounts:
        if str(account.pk) == chosen:
            return account
    harmless = sorted(accounts, key=lambda account: account.environment == Environment.PRODUCTION)
    return harmless[0] if harmless else None


def _zone(request: HttpRequest) -> ZoneInfo:
    name = getattr(request.user, "time_zone", settings.TIME_ZONE)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)  # a zone that this machine no longer knows


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and back to this page afterwards. A form on its way is kept."""
    wanted = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    if "HX-Request" in request.headers:
        wanted = ""  # a fragment is no page to come back to
    query = f"?{urlencode({'next': wanted})}" if wanted and wanted != "/" else ""
    target = f"{reverse('sign-in')}{query}"
    if "HX-Request" in request.headers:
        return HttpResponseClientRedirect(target)
    response = HttpResponseRedirect(target)
    if request.method == "POST":
        kept.keep(request, response)
    return response


def _note_refusal(request: HttpRequest, error: ActionError) -> None:
    actor = getattr(request, "actor", None)
    if isinstance(actor, Actor) and actor.user_id is not None:
        name = request.resolver_match.url_name if request.resolver_match else None
        record_denied(actor=actor, what=name or "page", detail=error.code)
