"""The inbox: workers who asked for a qualification themselves. Answered one by one, or many through a preview."""

import uuid
from typing import Any, Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from qualadmin.core.actions import requests as actions
from qualadmin.core.actions.answering import held_by
from qualadmin.core.actions.requests import select_requests
from qualadmin.core.errors import ActionError
from qualadmin.core.models import ANSWERS, Preview, QualificationRequest, QualificationType, Verb
from qualadmin.core.permissions import Permission, allowed
from qualadmin.core.scoring import keys_of
from qualadmin.web.acting import act_and_return
from qualadmin.web.filters import Choice
from qualadmin.web.forms.requests import ManyForm, RequestSelectionForm
from qualadmin.web.http import Request, is_fragment, is_polling, page
from qualadmin.web.inbox import Lately, answered_lately, open_answer, requests_of, unanswered
from qualadmin.web.listing import Column, Listing
from qualadmin.web.previewing import CLOSED, own_preview
from qualadmin.web.selecting import can_select, selected
from qualadmin.web.words import grouped

State = QualificationRequest.State
COLUMNS: Final = [
    Column("worker", "Worker"),
    Column("type", "Qualification type"),
    Column("now", "Score now", numeric=True),
    Column("submitted", "Asked", path="submitted_at"),
    Column("state", "State"),
]
SHOW: Final = {
    "answering": Q(open_answer(), state=State.WAITING),
    "accepted": Q(state=State.ACCEPTED),
    "rejected": Q(state=State.REJECTED),
    "closed": Q(state=State.CLOSED),
}
ACTIONS: Final = [("accept", "Accept…"), ("reject", "Reject…")]


def inbox(request: Request) -> Listing:
    """The list of requests of the account in use."""

    def types() -> list[tuple[str, str]]:
        rows = QualificationType.objects.filter(account=request.account_in_use).order_by("name")
        return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]

    return Listing(
        columns=COLUMNS,
        filters=[
            Choice("type", "Type", path="type", choices=types, any_label="Any type"),
            Choice(
                "show",
                "Show",
                choices=(
                    ("answering", "Being answered"),
                    ("accepted", "Accepted"),
                    ("rejected", "Rejected"),
                    ("closed", "Answered elsewhere"),
                ),
                any_label="Waiting",
                conditions=SHOW,
            ),
        ],
        sort="submitted",
        newer_label="Older",
        older_label="Newer",
    )


@page(Permission.VIEW)
def request_list(request: Request) -> HttpResponse:
    """Requests of the account in use, those that wait for an answer first, the oldest on top."""
    account = request.account_in_use
    waits = not request.GET.get("show")
    rows = unanswered(account) if waits else requests_of(account)
    listing = inbox(request)
    results = listing.results(request, rows)
    may_answer = _may_answer(request)
    held = held_by(results.rows) if results.rows else {}
    context = {
        "lines": [(one, held.get((one.type_id, one.worker_id))) for one in results.rows],
        "waits": waits,
        "may_answer": may_answer,
        "may_select": may_answer and waits and can_select(results),
        "may_sync": allowed(request.actor, Permission.SYNC, str(account.pk)),
        "actions": ACTIONS,
        "answered": answered_lately(request) if may_answer and not is_fragment(request) else Lately(),
    }
    return listing.render(request, rows, "request/list.html", context, results=results)


def _may_answer(request: Request) -> bool:
    account = request.account_in_use
    return allowed(request.actor, Permission.GRANT, str(account.pk), production=account.is_production)


@page(Permission.GRANT)
def request_answered(request: Request) -> HttpResponse:
    """The person's newest answers, asked for again while one can be taken back or is on its way."""
    if not is_polling(request) and not is_fragment(request):
        return redirect("request-list")
    return render(request, "request/_answered.html", {"answered": answered_lately(request)})


@page(Permission.GRANT, "POST")
def request_take_back(request: Request, change_id: int) -> HttpResponse:
    """Take an answer back before it is sent; the request waits again."""
    change = actions.take_back(actor=request.actor, change_id=change_id)
    messages.success(request, "Taken back. Nothing was sent to Amazon; the request waits again.")
    return redirect("request-detail", change.request_id)


@page(Permission.SYNC, "POST")
def request_refresh(request: Request) -> HttpResponse:
    """Ask Amazon which requests wait."""
    return act_and_return(
        request,
        lambda: actions.request_reading(actor=request.actor, account=request.account_in_use),
        "Amazon is being asked which requests wait. Load the page again in a few seconds.",
        reverse("request-list"),
    )


@page(Permission.GRANT, "POST")
def request_select(request: Request) -> HttpResponse:
    """Take the selected requests on to the question of how they are answered. Nothing is sent to Amazon."""
    account = request.account_in_use
    chosen = selected(request, inbox(request), unanswered(account), RequestSelectionForm)
    try:
        preview = select_requests(
            actor=request.actor,
            account=account,
            rows=chosen.rows,
            verb=chosen.verb,
            matching=chosen.matching,
            filter=chosen.filter,
        )
    except ActionError as error:
        if error.status != 422:
            raise
        messages.error(request, error.message)
        return redirect(f"{reverse('request-list')}{chosen.query}")
    number = len(bytes(preview.content or b"")) // actions.ID_BYTES
    if chosen.counted not in (None, number):
        messages.info(
            request,
            f"The list has changed: it showed {grouped(chosen.counted or 0)}, "
            f"and {grouped(number)} were taken over.",
        )
    return redirect("request-many", preview.pk)


@page(Permission.GRANT, "GET", "POST")
def request_many(request: Request, preview_id: uuid.UUID) -> HttpResponse:
    """How the selected requests are answered: with which score, or with which reason."""
    preview = own_preview(request, preview_id, content=True)
    if preview.verb not in ANSWERS or preview.state in CLOSED:
        return redirect("preview-check", preview.pk)
    counts, types = _counted(preview)
    form = ManyForm(
        request.POST if request.method == "POST" else None,
        account=request.account_in_use,
        verb=Verb(preview.verb),
        has_key=bool(keys_of(counts)),
        initial=_before(preview, types),
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.plan_answers(actor=request.actor, preview=preview, wishes=form.wishes, rule=form.chosen_rule)
            return redirect("preview-check", preview.pk)
        except ActionError as error:
            if error.status != 422:
                raise
            form.refuse(error)
    context = {
        "form": form,
        "preview": preview,
        "total": sum(counts.values()),
        "types": [(one, counts[one.pk]) for one in types],
    }
    return render(request, "request/many.html", context, status=422 if form.errors else 200)


def _counted(preview: Preview) -> tuple[dict[uuid.UUID, int], list[QualificationType]]:
    """How many of the selected requests are for which type."""
    counts: dict[uuid.UUID, int] = {}
    for part in actions.selected_requests(preview):
        for pk in part.values_list("type", flat=True):
            counts[pk] = counts.get(pk, 0) + 1
    return counts, list(QualificationType.objects.filter(pk__in=counts).order_by("name"))


def _before(preview: Preview, types: list[QualificationType]) -> dict[str, Any]:
    """What was filled in before, for somebody who comes back to change something."""
    usual = types[0].default_score if len(types) == 1 else None
    return {
        "rule": "key" if preview.options.get("by_key") else "fixed",
        "score": preview.score if preview.score is not None else usual,
        "words": preview.revoke_reason,
        "study": preview.study_id,
        "reason": preview.reason,
    }
