"""One's own preferences and password."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters

from qualadmin.core.actions.people import update_preferences
from qualadmin.core.actions.sign_in import change_password, end_sessions
from qualadmin.core.errors import ActionError
from qualadmin.web.forms.session import PasswordForm, PreferencesForm
from qualadmin.web.http import Request, page, single_value
from qualadmin.web.signing_in import own_password_asked


@page(None, "GET", "POST", account=False)
def profile(request: Request) -> HttpResponse:
    """Time zone, theme and keyboard shortcuts."""
    user = request.user
    now = {"time_zone": user.time_zone, "theme": user.theme, "shortcuts": user.shortcuts}
    form = PreferencesForm(request.POST if request.method == "POST" else None, initial=now)
    if request.method == "POST" and form.is_valid():
        try:
            update_preferences(actor=request.actor, **form.cleaned_data)
        except ActionError as error:
            form.refuse(error)
        else:
            messages.success(request, "Your preferences are saved.")
            return redirect("profile")
    return render(request, "profile/form.html", {"form": form}, status=422 if form.errors else 200)


@page(None, "POST", account=False, guard=False)
def theme(request: Request) -> HttpResponse:
    """The switch in the top bar. Answers the script with nothing, a plain form with the page it came from."""
    user = request.user
    update_preferences(
        actor=request.actor,
        time_zone=user.time_zone,
        theme=single_value(request, "theme"),
        shortcuts=user.shortcuts,
    )
    if request.htmx:
        return HttpResponse(status=204)
    back = request.POST.get("next", "")
    local = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return HttpResponseRedirect(back if local else "/")


@sensitive_post_parameters()
@page(None, "GET", "POST", account=False)
def password(request: Request) -> HttpResponse:
    """A new password. Ends the person's other sessions."""
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with own_password_asked(request.user, field="old", not_done="Nothing was changed."):
                user = change_password(
                    actor=request.actor,
                    user=request.user,
                    old=form.cleaned_data["old"],
                    new=form.cleaned_data["new"],
                )
        except ActionError as error:
            form.refuse(error)
        else:
            update_session_auth_hash(request, user)
            messages.success(request, "Your password is changed. Your other sessions have ended.")
            return redirect("profile")
    return render(request, "profile/password.html", {"form": form}, status=422 if form.errors else 200)


@page(None, "POST", account=False)
def sessions(request: Request) -> HttpResponse:
    """Sign out everywhere else: on other computers and in other browsers."""
    user = end_sessions(actor=request.actor)
    update_session_auth_hash(request, user)
    messages.success(request, "You are signed out everywhere else.")
    return redirect("profile")
