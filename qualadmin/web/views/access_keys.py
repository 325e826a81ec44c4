"""One's own access keys: what programs sign with that speak Amazon's own protocol."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from qualadmin.core.actions.access_keys import create_access_key, revoke_access_key
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import AccessKey, Study
from qualadmin.web.acting import confirm_first, posted, show, show_once
from qualadmin.web.forms.access_keys import AccessKeyForm
from qualadmin.web.http import Request, page

SHOWN = 50  # the newest; revoked and expired ones stay on the list
STUDIES = 500  # offered; a call may name any other


@page(None, "GET", "POST", account=False)
def key_list(request: Request) -> HttpResponse:
    """The keys of the person, and a form for another one."""
    studies = Study.objects.filter(is_open=True)[:STUDIES]
    form = AccessKeyForm(posted(request), accounts=request.accounts, studies=studies)
    address = request.build_absolute_uri("/mturk/")

    def make() -> tuple[AccessKey, str]:
        return create_access_key(actor=request.actor, **form.chosen)

    def show_made(made: tuple[AccessKey, str]) -> HttpResponse:
        context = {"row": made[0], "secret": made[1], "address": address}
        return render(request, "profile/key_made.html", context)

    if answer := show_once(request, form, make, back=reverse("key-list"), show=show_made):
        return answer
    keys = AccessKey.objects.filter(user=request.user).select_related("account", "study")[:SHOWN]
    return show(request, "profile/keys.html", form, keys=keys, address=address)


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
