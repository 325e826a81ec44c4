"""One's own access tokens: what programs show instead of a password."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from qualadmin.core.actions.tokens import create_token, revoke_token
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import AccessToken
from qualadmin.web.acting import confirm_first, posted, show, show_once
from qualadmin.web.forms.tokens import TokenForm
from qualadmin.web.http import Request, page

SHOWN = 50  # the newest; revoked and expired ones stay on the list


@page(None, "GET", "POST", account=False)
def token_list(request: Request) -> HttpResponse:
    """The tokens of the person, and a form for another one."""
    form = TokenForm(posted(request), accounts=request.accounts)

    def make() -> tuple[AccessToken, str]:
        data = form.cleaned_data
        return create_token(
            actor=request.actor,
            name=data["name"],
            scopes=form.chosen_scopes,
            account=form.chosen_account,
            days=data["days"],
        )

    def show_made(made: tuple[AccessToken, str]) -> HttpResponse:
        return render(request, "profile/token_made.html", {"row": made[0], "token": made[1]})

    if answer := show_once(request, form, make, back=reverse("token-list"), show=show_made):
        return answer
    tokens = AccessToken.objects.filter(user=request.user).select_related("account")[:SHOWN]
    return show(request, "profile/tokens.html", form, tokens=tokens)


@page(None, "GET", "POST", account=False)
def token_revoke(request: Request, pk: uuid.UUID) -> HttpResponse:
    """End one of them."""
    token = AccessToken.objects.filter(pk=pk, user=request.user).first()
    if token is None:
        raise NotVisible
    return confirm_first(
        request,
        title=f"Revoke the token “{token.name}”",
        text="Programs that use it are refused from now on. Jobs they started go on. This cannot be taken back.",
        label="Revoke the token",
        back=reverse("token-list"),
        act=lambda: revoke_token(actor=request.actor, token_id=pk),
        done=f"The token “{token.name}” no longer works.",
    )
