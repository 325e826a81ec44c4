"""Changing a type at Amazon: description, status, automatic grants, delay; deleting it in two steps."""

import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from qualadmin.core.actions import type_changes as actions
from qualadmin.core.models import Qualification, QualificationRequest, QualificationType
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.acting import act_and_return, confirm_first, posted, refuse_stale, show, submit
from qualadmin.web.counts import capped_count
from qualadmin.web.forms.type_changes import ChangeTypeForm, DeleteTypeForm, status_words
from qualadmin.web.http import Request, is_polling, page

from .types import own_type

State, Status = QualificationType.State, QualificationType.Status
HITS_PATIENCE: Final = 300  # seconds after which a question without an answer is no longer waited for
HIT_WORDS: Final = {
    "Assignable": "open for workers",
    "Unassignable": "being worked on, or expired",
    "Reviewable": "waiting for review",
    "Reviewing": "under review",
    "Disposed": "deleted",
}


@page(Permission.MANAGE_TYPES, "GET", "POST")
def type_update(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Fields first, then a page to check what differs, then the wish is on its way to Amazon."""
    one = own_type(request, pk)
    form = ChangeTypeForm(posted(request), one=one)
    refuse_stale(request, form, one)

    def act() -> str:
        actions.request_type_update(actor=request.actor, type=one, **form.wishes)
        messages.success(request, f"Amazon is being asked to change “{one.name}”. This page shows what it says.")
        return reverse("type-detail", args=[pk])

    if "confirm" in request.POST:
        response = submit(request, form, act)
        if response is not None:
            return response
    elif request.method == "POST" and "change" not in request.POST and form.is_valid():
        if form.changes:
            return render(request, "type/check_change.html", {"form": form, "one": one})
        form.add_error(None, "Nothing would change. Nothing was sent.")
    return show(request, "type/change.html", form, one=one)


@page(Permission.MANAGE_TYPES, "GET", "POST")
def type_status(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Deactivate or activate, after one question."""
    one = own_type(request, pk)
    wanted = Status.ACTIVE if one.status == Status.INACTIVE else Status.INACTIVE
    given = request.POST.get("status", wanted)  # what the page offered, whatever happened since
    verb = "Activate" if given == Status.ACTIVE else "Deactivate"
    where = request.account_in_use.get_environment_display().lower()
    return confirm_first(
        request,
        title=f"{verb} “{one.name}”?",
        text=status_words(str(given)),
        label=f"{verb} this type in {'' if where == 'production' else 'the '}{where}",
        back=reverse("type-detail", args=[pk]),
        act=lambda: actions.request_type_update(actor=request.actor, type=one, status=str(given)),
        done=f"Amazon is being asked to {verb.lower()} “{one.name}”.",
        facts=[("Name", one.known_as), ("Status now", one.status)],
        danger=given == Status.INACTIVE,
        fields=[("status", str(given))],
    )


@page(Permission.SYNC, "POST")
def type_hits(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask Amazon which HITs require this type."""
    one = own_type(request, pk)
    may_delete = allowed(
        request.actor,
        Permission.MANAGE_TYPES,
        str(one.account_id),
        production=request.account_in_use.is_production,
    )
    return act_and_return(
        request,
        lambda: actions.request_hits(actor=request.actor, type=one),
        "Amazon is being asked which HITs require this type.",
        reverse("type-delete" if may_delete else "type-detail", args=[pk]),
    )


@page(Permission.MANAGE_TYPES, "GET")
def type_delete(request: Request, pk: uuid.UUID) -> HttpResponse:
    """First step: what deleting would mean."""
    one = own_type(request, pk)
    waits = _asks_for_hits(one)
    if is_polling(request):
        return HttpResponse(status=204) if waits else HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "type/delete.html", {"one": one, "waits": waits, **_consequences(one)})


@page(Permission.MANAGE_TYPES, "GET", "POST")
def type_delete_name(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Second step: the name once more."""
    one = own_type(request, pk)
    form = DeleteTypeForm(posted(request))
    refuse_stale(request, form, one)

    def act() -> str:
        actions.request_type_delete(actor=request.actor, type=one, name=form.cleaned_data["name"])
        messages.success(request, f"Amazon is being asked to delete “{one.name}”.")
        return reverse("type-detail", args=[pk])

    if request.method == "GET" and one.state != State.LIVE:
        return redirect("type-delete", pk)
    return submit(request, form, act) or show(
        request, "type/delete_name.html", form, one=one, **_consequences(one)
    )


def _asks_for_hits(one: QualificationType) -> bool:
    asked, seen = one.hits_asked_at, one.hits_seen_at
    if asked is None or (seen is not None and seen >= asked):
        return False
    return (timezone.now() - asked).total_seconds() < HITS_PATIENCE


def _consequences(one: QualificationType) -> dict[str, Any]:
    """Whom and what it concerns, as far as it is known here."""
    counts = one.hits or {}
    return {
        "holders": capped_count(one.qualifications.filter(status=Qualification.Status.GRANTED)),
        "waiting": capped_count(one.requests.filter(state=QualificationRequest.State.WAITING)),
        "sending": actions.has_open_changes(one),
        "hits": sum(counts.values()),
        "hits_by_status": [(HIT_WORDS.get(status, status), count) for status, count in sorted(counts.items())],
    }
