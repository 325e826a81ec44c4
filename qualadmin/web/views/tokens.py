"""One's own access tokens: what programs show instead of a password."""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from qualadmin.core.actions.tokens import create_token, revoke_token
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.models import AccessToken
from qualadmin.web.acting import confirm_first
from qualadmin.web.forms.tokens import TokenForm
from qualadmin.web.http import Request, once, page

SHOWN = 50  # the newest; revoked and expired ones stay on the list


@page(None, "GET", "POST", account=False)
def token_list(request: Request) -> HttpResponse:
    """The tokens of the person, and a form for another one."""
    form = TokenForm(request.POST if request.method == "POST" else None, accounts=request.accounts)
    if request.method == "POST" and form.is_valid():
        try:
            return _made(request, form)
        except Conflict:
            raise
        except ActionError as error:
            form.refuse(error)
    tokens = AccessToken.objects.filter(user=request.user).select_related("account")[:SHOWN]
    context = {"form": form, "tokens": tokens}
    return render(request, "profile/tokens.html", context, status=422 if form.errors else 200)


def _made(request: Request, form: TokenForm) -> HttpResponse:
    """The only page that ever shows the token. Sent again, the form makes no second one and shows nothing."""
    made: list[tuple[AccessToken, str]] = []

    def act() -> str:
        data = form.cleaned_data
        made.append(
            create_token(
                actor=request.actor,
                name=data["name"],
                scopes=form.chosen_scopes,
                account=form.chosen_account,
                days=data["days"],
            )
        )
        return reverse("token-list")

    again = once(request, act)
    if not made:
        return again
    row, token = made[0]
    return render(request, "profile/token_made.html", {"row": row, "token": token})


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
