"""Erasing one worker: asking for it, the second person's decision; holds that keep it from being done."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from qualadmin.core.actions import erasures as actions
from qualadmin.core.actions.holds import holds_against, may_hold_study, release_hold, set_hold
from qualadmin.core.actions.workers import about_visible_workers, workers_visible_to
from qualadmin.core.errors import NotAllowed, NotVisible
from qualadmin.core.models import Erasure, Hold, Study, Worker
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.acting import act_and_return, posted, show, submit
from qualadmin.web.forms.erasures import ERASE, AskForm, DecideForm, HoldForm
from qualadmin.web.http import Request, page

SHOWN = 50  # types that a worker still holds


@page(Permission.ASK_ERASURE, "GET", "POST")
def worker_erase(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask that the worker be erased. What stays at Amazon is shown first."""
    worker = _worker(request, pk)
    if worker.erased_at is not None:
        return redirect("worker-detail", pk)
    held = list(actions.still_held(worker)[:SHOWN])
    form = AskForm(posted(request), holds_something=bool(held))

    def act() -> str:
        wish = actions.request_erasure(actor=request.actor, worker=worker, reason=form.cleaned_data["reason"])
        messages.success(request, "A second person was asked to decide. Nothing was erased yet.")
        return reverse("erasure-detail", args=[wish.pk])

    request.section = "worker"
    context = {
        "one": worker,
        "held": held,
        "obstacles": actions.obstacles(worker),
        "may_grant": allowed(
            request.actor,
            Permission.GRANT,
            str(request.account_in_use.pk),
            production=request.account_in_use.is_production,
        ),
    }
    return submit(request, form, act) or show(request, "erasure/ask.html", form, **context)


@page(Permission.SEE_WORKER_IDS)
def erasure_detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One wish to erase a worker, and what became of it."""
    return _detail(request, _erasure(request, pk), DecideForm())


@page(Permission.ERASE, "POST")
def erasure_decide(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Erase the worker, or refuse to."""
    erasure = _erasure(request, pk)
    form = DecideForm(posted(request))

    def act() -> str:
        if form.cleaned_data["decision"] == ERASE:
            actions.approve_erasure(actor=request.actor, erasure_id=pk)
            messages.success(request, "The worker is erased.")
        else:
            actions.decline_erasure(actor=request.actor, erasure_id=pk, words=form.cleaned_data["words"])
            messages.success(request, "You refused. The worker stays.")
        return reverse("erasure-detail", args=[pk])

    return submit(request, form, act) or _detail(request, erasure, form)


@page(Permission.ASK_ERASURE, "POST")
def erasure_withdraw(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Take one's own wish back."""
    erasure = _erasure(request, pk)
    return act_and_return(
        request,
        lambda: actions.withdraw_erasure(actor=request.actor, erasure_id=pk),
        "The wish is withdrawn. The worker stays.",
        reverse("worker-detail", args=[erasure.worker_id]),
    )


def _detail(request: Request, erasure: Erasure, form: DecideForm) -> HttpResponse:
    request.section = "approval" if allowed(request.actor, Permission.ERASE) else "worker"
    waits = erasure.state == Erasure.State.ASKED
    context = {
        "one": erasure,
        "waits": waits,
        "is_own": erasure.asked_by_id == request.actor.user_id,
        "may_decide": waits and actions.may_decide(request.actor, erasure),
        "obstacles": actions.obstacles(erasure.worker) if waits else [],
        "held": list(actions.still_held(erasure.worker)[:SHOWN]) if waits else [],
    }
    return show(request, "erasure/detail.html", form, **context)


@page(Permission.ERASE, "GET", "POST")
def worker_hold(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The hold on a worker: set one, or see why there is one."""
    worker = _worker(request, pk)
    running = [one for one in holds_against(worker) if one.worker_id == worker.pk]
    request.section = "worker"
    return _hold(request, running, reverse("worker-detail", args=[pk]), worker=worker)


@page(Permission.ERASE, "GET", "POST", account=False)
def study_hold(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The hold on a study."""
    study = Study.objects.filter(pk=pk).first()
    if study is None:
        raise NotVisible
    if not may_hold_study(request.actor, study):
        raise NotAllowed("A PI of the study or a manager does that. Nothing was done.")
    running = list(Hold.objects.filter(study=study, ended_at=None).select_related("by"))
    return _hold(request, running, reverse("study-detail", args=[pk]), study=study)


@page(Permission.ERASE, "POST", account=False)
def hold_release(request: Request, pk: int) -> HttpResponse:
    """End a hold."""
    hold = Hold.objects.filter(pk=pk).first()
    if hold is None:
        raise NotVisible
    name, key = ("study-detail", hold.study_id) if hold.study_id else ("worker-detail", hold.worker_id)
    return act_and_return(
        request,
        lambda: release_hold(actor=request.actor, hold_id=pk),
        "The hold is released.",
        reverse(name, args=[key]),
    )


def _hold(
    request: Request, running: list[Hold], back: str, *, worker: Worker | None = None, study: Study | None = None
) -> HttpResponse:
    form = HoldForm(posted(request))

    def act() -> str:
        set_hold(actor=request.actor, reason=form.cleaned_data["reason"], worker=worker, study=study)
        messages.success(request, "The hold is set.")
        return back

    context = {"back": back, "running": running, "study": study, "worker": worker}
    return submit(request, form, act) or show(request, "erasure/hold.html", form, **context)


def _worker(request: Request, pk: uuid.UUID) -> Worker:
    worker = workers_visible_to(request.actor).filter(pk=pk).first()
    if worker is None:
        raise NotVisible
    return worker


def _erasure(request: Request, pk: uuid.UUID) -> Erasure:
    rows = Erasure.objects.select_related("worker", "asked_by", "decided_by")
    row = about_visible_workers(rows, request.actor).filter(pk=pk).first()
    if row is None:
        raise NotVisible
    return row
