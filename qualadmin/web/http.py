"""What views are made with: the typed request, the decorator that states method and right, answers for htmx."""

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, cast

from django.core.cache import cache
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict, NotAllowed
from qualadmin.core.models import Environment, RequesterAccount, User
from qualadmin.core.permissions import EVERYWHERE, Permission, require
from qualadmin.web.cache_gone import CACHE_GONE

P = ParamSpec("P")
logger = logging.getLogger(__name__)

#: Hidden fields of every form, written by the tag `form_guard`.
FORM_KEY: Final = "form_key"
GUARD_ACCOUNT: Final = "guard_account"
GUARD_ENVIRONMENT: Final = "guard_environment"
GUARD_PERSON: Final = "guard_person"
GUARD_FIELDS: Final = (GUARD_ACCOUNT, GUARD_ENVIRONMENT, GUARD_PERSON)

ONCE_SECONDS: Final = 24 * 3600
RUNNING_SECONDS: Final = 300  # longer than a request may take, in case its process dies or can't say how it ended
_RUNNING: Final = "…"


class Request(HttpRequest):
    """A request of a person who has signed in, as PersonMiddleware leaves it."""

    user: User
    actor: Actor
    account: RequesterAccount | None  # the account in use
    account_in_use: RequesterAccount  # the same, in views that page(account=True) opened
    accounts: list[RequesterAccount]  # all open ones the person may see
    htmx: HtmxDetails
    read_only: bool  # the service was restored from a backup and not opened again yet
    request_id: str
    section: str  # set by a view whose page belongs to another part of the navigation than its URL name says


View = Callable[Concatenate[Request, P], HttpResponseBase]


def page(
    permission: Permission | None,
    *methods: str,
    account: bool = True,
    guard: bool = True,
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """State in one line who may open a view, and by which methods.

    `permission` is checked against the account in use (None: everybody who signed in). With `account` the page
    needs one: people who see none get a page that says so. With `guard` a POST must carry the account and
    environment the form was made for, and both must still be in use.

    Raises NotVisible (404), NotAllowed (403) and Conflict (409), which PersonMiddleware turns into pages.
    """
    accepted = tuple(
        dict.fromkeys([*(methods or ("GET",)), *(["HEAD"] if "GET" in methods or not methods else [])])
    )

    def decorate(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @wraps(view)
        def inner(plain: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            request = cast(Request, plain)
            if request.method not in accepted:
                return method_not_allowed(accepted)
            if account and request.account is None:
                raise NotAllowed(
                    "No requester account is open to you yet. A manager adds accounts and gives roles for them.",
                    code="no_account",
                )
            if request.account is not None:
                request.account_in_use = request.account
            if permission is not None:
                _check(request, permission)
            if guard and request.method == "POST":
                check_guard(request)
            response = view(request, *args, **kwargs)
            patch_vary_headers(response, ["HX-Request"])
            return response

        inner.permission = permission  # type: ignore[attr-defined]  # read by the test over all URLs
        inner.methods = accepted  # type: ignore[attr-defined]
        return inner

    return decorate


def _check(request: Request, permission: Permission) -> None:
    if permission in EVERYWHERE or request.account is None:
        require(request.actor, permission)
        return
    require(request.actor, permission, str(request.account.pk), production=request.account.is_production)


def method_not_allowed(accepted: tuple[str, ...]) -> HttpResponse:
    """405 with the methods that exist. Nothing was done."""
    return HttpResponse(
        "This address does not take that kind of request. Nothing was done.\n",
        status=405,
        headers={"Allow": ", ".join(accepted)},
        content_type="text/plain; charset=utf-8",
    )


def check_guard(request: Request) -> None:
    """Refuse a form that was made for another account, environment or person than are in use now.

    Raises Conflict (409). A form without these fields did not come from our pages: BadRequest (400).
    Nothing can come between this look and the action: the view acts on these very objects, person and account of
    the request, whatever another tab chooses meanwhile; and the environment of an account never changes.
    """
    account = request.account
    if any(len(request.POST.getlist(name)) != 1 for name in GUARD_FIELDS):
        raise BadRequest("The form came incomplete. Open the page again. Nothing was done.")
    if request.POST[GUARD_PERSON] != str(request.user.pk):
        raise Conflict(
            "You opened this page as somebody else. Open it again to go on. Nothing was done.",
            code="stale_person",
        )
    given = (request.POST[GUARD_ACCOUNT], request.POST[GUARD_ENVIRONMENT])
    if given == (str(account.pk) if account else "", account.environment if account else ""):
        return
    raise Conflict(_stale_sentence(request, given[1]), code="stale_account")


def _stale_sentence(request: Request, environment: str) -> str:
    """`You opened this page for the sandbox; now production is active.`"""
    was = next((e.label.lower() for e in Environment if e.value == environment), "another environment")
    now = request.account.get_environment_display().lower() if request.account else "no account"
    article = "" if was == "production" else "the "
    if was == now:
        name = request.account.name if request.account else ""
        return f"You opened this page for another account; now “{name}” is active. Nothing was done."
    now = now if now in {"production", "no account"} else f"the {now}"
    return f"You opened this page for {article}{was}; now {now} is active. Nothing was done."


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of the page. Going back in the history always needs the whole page."""
    return bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request


def is_polling(request: Request) -> bool:
    """Whether the page asks again by itself, without a click."""
    return "HX-Polling" in request.headers


def once(request: Request, act: Callable[[], str]) -> HttpResponse:
    """Run `act` once for this form and go to the address it returns; sent again, the form leads there again.

    Covers double clicks, "back and send again" and two tabs of the same form, for a day, in the shared cache.
    What must never happen twice even if the cache is lost has a constraint of its own in the database.
    Raises BadRequest for a form without key, Conflict while the first one is still at work.
    """
    slot = _slot(request)
    if not cache.add(slot, _RUNNING, RUNNING_SECONDS):
        return _first_outcome(cast("str | None", cache.get(slot)))
    try:
        address = act()
    except BaseException:
        with _noted_if_it_can():
            cache.delete(slot)  # nothing happened, so the same form may be sent again
        raise
    with _noted_if_it_can():
        cache.set(slot, address, ONCE_SECONDS)
    return redirect(address)


def was_sent(request: Request) -> bool:
    """Whether this very form is at work or done already; `once` then leads to its outcome. Raises as `once`."""
    return cache.get(_slot(request)) is not None


def _slot(request: Request) -> str:
    key = request.POST.get(FORM_KEY, "")
    try:
        uuid.UUID(hex=key)
    except ValueError:
        raise BadRequest("The form came without its key. Open the page again. Nothing was done.") from None
    return f"once:{request.user.pk}:{key}"


@contextmanager
def _noted_if_it_can() -> Iterator[None]:
    """The cache may be a table of a database that is locked just then; what the action did counts more."""
    try:
        yield
    except CACHE_GONE:
        logger.exception("What became of a form could not be noted; it is taken for unfinished for a while")


def _first_outcome(address: str | None) -> HttpResponseRedirect:
    if address is None or address == _RUNNING:
        raise Conflict(
            "This form was sent a moment ago and is being worked on. It is not done twice. "
            "Look at the list of jobs in a few seconds.",
            code="already_sent",
        )
    return HttpResponseRedirect(address)


def single_value(request: Request, name: str) -> str:
    """A posted field that must be there once. Raises BadRequest that names it."""
    values: list[Any] = request.POST.getlist(name)
    if len(values) != 1:
        raise BadRequest(f"The field “{name}” must be given once. Nothing was done.")
    return str(values[0])
