"""Workers from work: choose HITs, have Amazon asked who did them, take the workers on into a list to check."""

import uuid
from typing import Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRefresh

from qualadmin.core.actions import hit_list as list_actions
from qualadmin.core.actions import hits as actions
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import Hit, HitList, HitReading, Verb
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.acting import act_and_return
from qualadmin.web.filters import TextSearch
from qualadmin.web.forms.hits import AskForm, WorkersForm
from qualadmin.web.http import Request, is_fragment, is_polling, once, page, was_sent
from qualadmin.web.listing import Column, Listing
from qualadmin.web.selecting import can_select

LIST: Final = Listing(
    columns=[
        Column("title", "Title"),
        Column("created", "Created", "created_at"),
        Column("work", "Handed in", numeric=True),
        Column("status", "State"),
    ],
    filters=[TextSearch("q", "Search", paths=("title", "hit_id"), placeholder="Title or HIT ID")],
    sort="-created",
)
UNREAD_SHOWN: Final = 100


@page(Permission.SYNC)
def hit_list(request: Request) -> HttpResponse:
    """The account's HITs as Amazon last listed them, and a box to paste HIT ids."""
    request.section = "bulk"
    if is_polling(request):
        row = HitList.objects.filter(pk=request.account_in_use.pk).first()
        return HttpResponse(status=204) if row and row.is_open else HttpResponseClientRefresh()
    return _show_list(request, AskForm(pasting=True))


def _show_list(request: Request, form: AskForm, status: int = 200) -> HttpResponse:
    account = request.account_in_use
    rows = Hit.objects.filter(account=account)
    results = LIST.results(request, rows)
    context = {
        "form": form,
        "list": HitList.objects.filter(pk=account.pk).first(),
        "may_select": can_select(results),
        "statuses": actions.STATUSES,
        "most": actions.MAX_HITS,
    }
    response = LIST.render(request, rows, "hit/list.html", context, results=results)
    response.status_code = status
    return response


@page(Permission.SYNC, "POST")
def hit_refresh(request: Request) -> HttpResponse:
    """Ask Amazon for the account's HITs."""
    return act_and_return(
        request,
        lambda: list_actions.request_hit_list(actor=request.actor, account=request.account_in_use),
        "Amazon is being asked for the HITs of this account.",
        reverse("hit-list"),
    )


@page(Permission.SYNC, "POST")
def hit_ask(request: Request) -> HttpResponse:
    """Have Amazon asked who did the chosen or pasted HITs."""
    request.section = "bulk"
    form = AskForm(request.POST, pasting="hit_ids" in request.POST)
    if set(form.errors) & {"row", "matching", "filter"}:  # no page of ours sends that
        raise BadRequest("The selection came incomplete. Nothing was done. Open the list again and select there.")
    if not form.is_valid() and not was_sent(request):
        if not form.fields["hit_ids"].required and set(form.errors) == {"statuses"}:
            messages.error(request, "Tick at least one status. Nothing was asked.")
            return redirect("hit-list")
        return _show_list_after(request, form)

    def act() -> str:
        given = form.cleaned_data
        reading = actions.request_hit_reading(
            actor=request.actor,
            account=request.account_in_use,
            hit_ids=[given["hit_ids"]] if given["hit_ids"] else _chosen(request, form),
            statuses=given["statuses"],
        )
        return reverse("hit-reading", args=[reading.pk])

    try:
        return once(request, act)
    except ActionError as error:
        if error.status != 422:
            raise
        if not form.fields["hit_ids"].required:
            messages.error(request, error.message)
            return redirect("hit-list")
        form.refuse(error)
        return _show_list_after(request, form)


def _show_list_after(request: Request, form: AskForm) -> HttpResponse:
    """The page again with what is wrong; the list begins at its start."""
    request.GET = QueryDict()
    return _show_list(request, form, 422)


def _chosen(request: Request, form: AskForm) -> list[str]:
    """The HIT ids of the ticked rows, or of all that the filter leaves; one too many says enough."""
    rows = Hit.objects.filter(account=request.account_in_use)
    if form.cleaned_data["matching"]:
        rows = LIST.matching(QueryDict(form.cleaned_data["filter"].removeprefix("?")), rows)[0]
        return list(rows.order_by("-pk").values_list("hit_id", flat=True)[: actions.MAX_HITS + 1])
    wanted = set(form.cleaned_data["row"])
    found = list(rows.filter(pk__in=wanted).order_by("-pk").values_list("hit_id", flat=True))
    if len(found) != len(wanted):
        raise NotVisible
    return found


@page(Permission.SYNC)
def hit_reading(request: Request, pk: uuid.UUID) -> HttpResponse:
    """How far the reading is, and then how many workers it found."""
    request.section = "bulk"
    one = _reading(request, pk)
    is_waiting = one.state == HitReading.State.WAITING
    if is_polling(request) and not is_waiting:
        return HttpResponseClientRefresh()
    account = request.account_in_use
    context = {
        "one": one,
        "hits": len(one.hit_ids),
        "unread": one.unread[:UNREAD_SHOWN],
        "waiting": is_waiting,
        "may_grant": allowed(request.actor, Permission.GRANT, str(account.pk), production=account.is_production),
    }
    template = "hit/reading.html#progress" if is_fragment(request) else "hit/reading.html"
    return render(request, template, context)


@page(Permission.GRANT, "POST")
def hit_select(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Take the workers on to the question of what they are to be granted."""
    one = _reading(request, pk)
    form = WorkersForm(request.POST)
    if not form.is_valid():
        raise BadRequest("The form came incomplete. Nothing was done. Open the page again and choose there.")
    verb = Verb(form.cleaned_data["verb"])

    def act() -> str:
        preview = list_actions.select_hit_workers(actor=request.actor, reading=one, verb=verb)
        return reverse("bulk-columns", args=[preview.pk])

    try:
        return once(request, act)
    except ActionError as error:
        if error.status != 422:
            raise
        messages.error(request, error.message)
        return redirect("hit-reading", pk)


def _reading(request: Request, pk: uuid.UUID) -> HitReading:
    """A reading of the account in use, as long as it is kept."""
    rows = HitReading.objects.select_related("account", "asked_by", "source__list")
    one = rows.filter(account=request.account_in_use, pk=pk).first()
    if one is None:
        raise NotVisible
    return one
