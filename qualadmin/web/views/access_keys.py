"""One's own access keys: what programs sign with that speak Amazon's own protocol."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from qualadmin.core.actions.access_keys import create_access_key, revoke_access_key
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.models import AccessKey, Study
from qualadmin.web.acting import confirm_first
from qualadmin.web.forms.access_keys import AccessKeyForm
from qualadmin.web.http import Request, once, page

SHOWN = 50  # the newest; revoked and expired ones stay on the list
STUDIES = 500  # offered; a call may name any other


@page(None, "GET", "POST", account=False)
def key_list(request: Request) -> HttpResponse:
    """The keys of the person, and a form for another one."""
    studies = Study.objects.filter(is_open=True)[:STUDIES]
    posted = request.POST if request.method == "POST" else None
    form = AccessKeyForm(posted, accounts=request.accounts, studies=studies)
    if request.method == "POST" and form.is_valid():
        try:
            return _made(request, form)
        except Conflict:
            raise
        except ActionError as error:
            form.refuse(error)
    keys = AccessKey.objects.filter(user=request.user).select_related("account", "study")[:SHOWN]
    context = {"form": form, "keys": keys, "address": _address(request)}
    return render(request, "profile/keys.html", context, status=422 if form.errors else 200)


def _address(request: Request) -> str:
    return request.build_absolute_uri("/mturk/")


def _made(request: Request, form: AccessKeyForm) -> HttpResponse:
    """The only page that ever shows the secret. Sent again, the form makes no second key and shows nothing."""
    made: list[tuple[AccessKey, str]] = []

    def act() -> str:
        made.append(create_access_key(actor=request.actor, **form.chosen))
        return reverse("key-list")

    again = once(request, act)
    if not made:
        return again
    row, secret = made[0]
    context = {"row": row, "secret": secret, "address": _address(request)}
    return render(request, "profile/key_made.html", context)


@page(None, "GET", "POST", account=False)
def key_revoke(request: Request, pk: uuid.UUID) -> HttpResponse:
    """End one of them."""
    key = AccessKey.objects.filter(pk=pk, user=request.user).first()
    if key is None:
        raise NotVisible
    return confirm_first(
        request,
        title=f"Revoke the key “{key.name}”",
        text="Programs that use it are refused from now on. Changes they began go on. This cannot be taken back.",
        label="Revoke the key",
        back=reverse("key-list"),
        act=lambda: revoke_access_key(actor=request.actor, key_id=pk),
        done=f"The key “{key.name}” no longer works.",
    )
