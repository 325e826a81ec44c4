"""Differences with Amazon: what stands, each with its evidence, and what is to become of it."""

from typing import Any, Final

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from qualadmin.core.actions import drift_decisions as actions
from qualadmin.core.actions.types import request_sync_account
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Drift, QualificationType
from qualadmin.core.models.drift import still_so
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.acting import act_and_return
from qualadmin.web.counts import capped_count
from qualadmin.web.drift import evidence_of
from qualadmin.web.filters import Choice
from qualadmin.web.forms.drift import DEEDS, PUT_RIGHT, DriftSelectionForm, PutRightForm, TakeOverForm
from qualadmin.web.http import Request, once, page, was_sent
from qualadmin.web.listing import Column, Listing
from qualadmin.web.selecting import Selected, can_select, selected
from qualadmin.web.words import grouped

CLOSED: Final = "closed"


@page(Permission.VIEW)
def drift_list(request: Request) -> HttpResponse:
    """What Amazon has otherwise than qualadmin had it, and nobody has decided about; or what became of others."""
    is_closed = request.GET.get("state", "").strip() == CLOSED
    rows = _all(request) if is_closed else _all(request).filter(still_so())
    listing = _listing(request)
    results = listing.results(request, rows.select_related("worker", "type__account", "decided_by"))
    account = request.account_in_use
    key, real = str(account.pk), account.is_production
    may_grant = allowed(request.actor, Permission.GRANT, key, production=real)
    may_sync = allowed(request.actor, Permission.SYNC, key)
    context = {
        "evidence": evidence_of(request.actor, results.rows),
        "is_closed": is_closed,
        "may_select": (may_grant or may_sync) and not is_closed and can_select(results),
        "actions": DEEDS if may_grant else DEEDS[:1],
        "may_sync": may_sync,
        "may_audit": allowed(request.actor, Permission.VIEW_AUDIT, key),
    }
    return listing.render(request, rows, "drift/list.html", context, results=results)


@page(Permission.SYNC, "POST")
def drift_compare(request: Request) -> HttpResponse:
    """Ask Amazon for types, and who holds them, now."""
    return act_and_return(
        request,
        lambda: request_sync_account(actor=request.actor, account=request.account_in_use),
        "Amazon is being asked. What differs shows up here; types with many holders take a while.",
        reverse("drift-list"),
    )


@page(Permission.SYNC, "POST")
def drift_decide(request: Request) -> HttpResponse:
    """Ask why, and for a job the study; then take the selected differences over, or show what a job would do."""
    chosen = selected(request, _listing(request), _all(request), DriftSelectionForm)
    is_job = chosen.deed == PUT_RIGHT
    answered = "confirm" in request.POST
    form: TakeOverForm | PutRightForm = (
        PutRightForm(request.POST if answered else None, account=request.account_in_use)
        if is_job
        else TakeOverForm(request.POST if answered else None)
    )
    if not answered or not (form.is_valid() or was_sent(request)):
        return _ask(request, chosen, form)
    try:
        return once(
            request, lambda: _put_right(request, chosen, form) if is_job else _take_over(request, chosen, form)
        )
    except ActionError as error:
        if error.status != 422:
            raise
        if error.code in ("nobody", "too_many_rows"):
            messages.error(request, error.message)
            return redirect(f"{reverse('drift-list')}{chosen.query}")
        form.refuse(error)
        return _ask(request, chosen, form)


def _take_over(request: Request, chosen: Selected[Drift], form: TakeOverForm | PutRightForm) -> str:
    taken = actions.take_over(
        actor=request.actor, account=request.account_in_use, rows=chosen.rows, reason=form.cleaned_data["reason"]
    )
    noun = "difference was" if taken.number == 1 else "differences were"
    more = " More of them match: select them again to go on." if taken.left else ""
    messages.success(request, f"{grouped(taken.number)} {noun} taken over. Nothing was sent to Amazon.{more}")
    return f"{reverse('drift-list')}{chosen.query if taken.left else ''}"


def _put_right(request: Request, chosen: Selected[Drift], form: TakeOverForm | PutRightForm) -> str:
    preview = actions.prepare_putting_right(
        actor=request.actor, account=request.account_in_use, rows=chosen.rows, **form.cleaned_data
    )
    return reverse("preview-check", args=[preview.pk])


def _ask(request: Request, chosen: Selected[Drift], form: TakeOverForm | PutRightForm) -> HttpResponse:
    count = capped_count(chosen.rows.filter(still_so()))
    if not count.number:
        messages.error(request, actions.NOBODY)
        return redirect(f"{reverse('drift-list')}{chosen.query}")
    context = {
        "form": form,
        "count": count,
        "filter": chosen.filter,
        "back": f"{reverse('drift-list')}{chosen.query}",
        "is_job": chosen.deed == PUT_RIGHT,
        "hidden": list(_selection_fields(request.POST)),
    }
    return render(request, "drift/decide.html", context, status=422 if form.errors else 200)


def _selection_fields(sent: QueryDict) -> Any:
    """What was selected, to be sent along once more."""
    for name in ("verb", "matching", "filter", "counted", "row"):
        for value in sent.getlist(name):
            yield name, value


def _all(request: Request) -> QuerySet[Drift]:
    return Drift.objects.filter(account=request.account_in_use)


def _listing(request: Request) -> Listing:
    """Filters name the types of the account in use."""
    return Listing(
        columns=[
            Column("worker", "Worker"),
            Column("type", "Type"),
            Column("held", "qualadmin had"),
            Column("amazon", "Amazon says"),
            Column("seen", "Seen", "pk"),
            Column("wrote", "Last written by"),
        ],
        filters=[
            Choice("type", "Type", path="type", choices=lambda: _types(request)),
            Choice("kind", "Kind", path="kind", choices=Drift.Kind.choices),
            Choice(
                "state",
                "State",
                choices=((CLOSED, "Decided or gone"),),
                any_label="Open",
                conditions={CLOSED: Q(closed_at__isnull=False)},
            ),
        ],
        sort="-seen",
    )


def _types(request: Request) -> list[tuple[str, str]]:
    rows = QualificationType.objects.filter(account=request.account_in_use).order_by("name")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:500]]
