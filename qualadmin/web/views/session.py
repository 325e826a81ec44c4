"""Signing in and out, the account in use, and a form that was kept when a session ended."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from qualadmin.core.actions.sign_in import record_sign_in, record_sign_out, session_mark
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import User
from qualadmin.web import kept
from qualadmin.web.demo import sign_ins
from qualadmin.web.forms.session import SignInForm
from qualadmin.web.http import GUARD_FIELDS, Request, method_not_allowed, page, single_value
from qualadmin.web.middleware import SESSION_ACCOUNT
from qualadmin.web.peers import request_info
from qualadmin.web.signing_in import sign_in as check

from . import errors

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
WRONG: Final = (
    "The user name or the password is not right, or the access is closed. "
    "Try again, or ask a manager of your lab to set a new password."
)


@sensitive_post_parameters("password")
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page. Every failure looks the same."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return method_not_allowed(("GET", "HEAD", "POST"))
    if request.user.is_authenticated and request.method != "POST":
        return redirect(_wanted(request))
    form = SignInForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            info = request_info(request)
            answer = check(
                name=form.cleaned_data["username"], password=form.cleaned_data["password"], request=info
            )
            if answer.wait:
                minutes = max(1, -(-answer.wait // 60))
                text = f"Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again. Nobody was signed in."
                return errors.problem(request, 429, text, retry_after=answer.wait)
            if answer.user is not None:
                return _let_in(request, answer.user)
            form.add_error(None, WRONG)
        status = 422
    context = {"form": form, "next": _wanted(request), "demo": sign_ins()}
    return render(request, "session/sign_in.html", context, status=status)


def _let_in(request: HttpRequest, user: User) -> HttpResponse:
    request.session.flush()  # nothing of an earlier person, and never a key that somebody else chose
    login(request, user, backend=BACKEND)
    record_sign_in(
        user=user, request=request_info(request), session=session_mark(request.session.session_key or "")
    )
    if kept.kept_for(request, user.pk):
        return redirect("kept-form")
    return HttpResponseRedirect(_wanted(request))


def _wanted(request: HttpRequest) -> str:
    """Where to go: a page of this site, else the start page."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    local = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=settings.HTTPS)
    return wanted if local and wanted.startswith("/") else "/"


@page(None, "POST", account=False, guard=False)
def sign_out(request: Request) -> HttpResponse:
    """End this session, here and on the server."""
    record_sign_out(actor=request.actor)
    logout(request)
    messages.success(request, "You are signed out.")
    return redirect("sign-in")


@page(None, "POST", account=False, guard=False)
def use_account(request: Request) -> HttpResponse:
    """Switch to another account. It holds for this session, and pages that are open elsewhere notice."""
    try:
        wanted = str(UUID(single_value(request, "account")))
    except ValueError:
        raise BadRequest("That is no account. Nothing was changed.") from None
    account = next((one for one in request.accounts if str(one.pk) == wanted), None)
    if account is None:
        raise NotVisible
    request.session[SESSION_ACCOUNT] = wanted
    messages.success(request, f"You now work in “{account.name}” ({account.get_environment_display().lower()}).")
    # Details of the old account would answer "no such page" now: go up to the list they belong to.
    return HttpResponseRedirect(_list_above(_wanted(request)))


def _list_above(path: str) -> str:
    first = path.strip("/").split("/", 1)[0]
    return f"/{first}/" if first else "/"


@page(None, "GET", "POST", account=False, guard=False)
def kept_form(request: Request) -> HttpResponse:
    """What somebody had typed when their session ended: send it now, or throw it away."""
    form = kept.kept_for(request, request.user.pk)
    if form is None:
        messages.info(request, "Nothing is kept any more. Forms are kept for 30 minutes.")
        return redirect("/")
    if request.method == "POST":
        response = redirect("/")
        kept.forget(request, response)
        messages.success(request, "What you had typed was thrown away.")
        return response
    if any(str(account.pk) == form.account for account in request.accounts):
        request.session[SESSION_ACCOUNT] = form.account
        if request.account is None or str(request.account.pk) != form.account:
            return redirect("kept-form")  # so that the bar above shows the account the form is for
    shown = [(_term(name), value) for name, value in form.fields if name not in {*GUARD_FIELDS, "form_key"}]
    context = {"kept": form, "shown": shown, "hidden": form.fields}
    return render(request, "session/kept_form.html", context)


def _term(name: str) -> str:
    return name.replace("_", " ").capitalize()
