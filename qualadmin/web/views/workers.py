"""Workers: find by id, one worker's qualifications and history, notes. An id never stands in an address."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions import workers as actions
from qualadmin.core.actions.found_workers import FoundSelection, select_found
from qualadmin.core.actions.message_recipients import from_found
from qualadmin.core.actions.messages import draft_message
from qualadmin.core.actions.worker_tags import add_tag, remove_tag, tags_in_use
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import (
    GIVES,
    Change,
    Erasure,
    Hold,
    Job,
    Qualification,
    QualificationType,
    Verb,
    Worker,
    WorkerNote,
)
from qualadmin.core.permissions import Permission, allowed
from qualadmin.csvio import USUAL_LENGTHS, WorkerIdResult, check_worker_id
from qualadmin.web.acting import act_and_return, posted, show, submit
from qualadmin.web.filters import Choice
from qualadmin.web.forms.selections import WRITE
from qualadmin.web.forms.workers import FindWorkerForm, FoundForm, LookUpForm, NoteForm, TagForm
from qualadmin.web.http import Request, is_fragment, is_polling, once, page
from qualadmin.web.listing import Listing
from qualadmin.web.worker_page import beside, held_here_and_elsewhere

State = Change.State
CHECK_PATIENCE = 60  # seconds after which an unanswered check is no longer said to be under way
LOOKED_BACK = 100  # entries of a worker among which one of the last minute is looked for
BEGINS_NOT = "Nobody here has an ID that begins so. Enter the whole ID to have Amazon asked about a worker."
TAGS_SHOWN = 40
CHECKED_AT_ONCE = 20  # types a click asks Amazon about
TIMELINE = Listing(
    columns=[],
    filters=[
        Choice(
            "kind",
            "Kind",
            choices=(
                ("grant", "Granted or changed"),
                ("revoke", "Taken away"),
                ("reject", "Requests rejected"),
                ("failed", "Failed or unclear"),
                ("seen", "Seen at Amazon"),
            ),
            any_label="Everything",
            conditions={
                "grant": Q(verb__in=GIVES, state=State.DONE),
                "revoke": Q(verb=Verb.REVOKE, state=State.DONE),
                "reject": Q(verb=Verb.REJECT, state=State.DONE),
                "failed": Q(state__in=[State.FAILED, State.UNKNOWN, State.NEEDS_PERSON]),
                "seen": Q(job=None),
            },
        )
    ],
)


@page(Permission.VIEW)
def worker_list(request: Request) -> HttpResponse:
    """A box to find one worker, and whom the newest jobs were about."""
    return _find_page(request, FindWorkerForm())


@page(Permission.FIND_WORKERS, "POST")
def worker_find(request: Request) -> HttpResponse:
    """To the worker's page, or to the list of those whose id begins so, or who have the tag.

    An id nobody has met is not said to be wrong before Amazon was asked.
    """
    return _find(request)


def _find(request: Request, status: int = 200) -> HttpResponse:
    form = FindWorkerForm(request.POST)
    if not form.is_valid():
        return _find_page(request, form)
    text, turned = form.cleaned_data["worker_id"], form.cleaned_data["after"] or form.cleaned_data["before"]
    judged = check_worker_id(text)
    if form.cleaned_data["whole"] and judged.worker_id:
        return _unknown(request, judged.worker_id)
    tag, after, before = (form.cleaned_data[name] for name in ("tag", "after", "before"))
    found = actions.find_workers(actor=request.actor, text=text, tag=tag, after=after, before=before)
    if found.only is not None and not turned:
        return redirect("worker-detail", found.only.pk)
    if found.workers or found.after or found.before:
        return _found_page(request, found, judged, status)
    if tag:
        form.add_error(None, "Nobody has this tag any more. Choose another one.")
        return _find_page(request, form)
    if judged.worker_id and len(judged.worker_id) >= USUAL_LENGTHS.start:
        return _unknown(request, judged.worker_id)
    form.add_error(
        "worker_id", BEGINS_NOT if actions.can_begin(text) else judged.reason or "This is not a worker ID."
    )
    return _find_page(request, form)


@page(Permission.GRANT, "POST")
def worker_select(request: Request) -> HttpResponse:
    """Take workers that were found on to what they are to be granted, or to be written. Nothing is sent."""
    form = FoundForm(request.POST)
    if not form.is_valid() or len(form.cleaned_data["row"]) > actions.PAGE:
        raise BadRequest("The selection came incomplete. Nothing was done. Find the workers again.")
    given = form.cleaned_data

    selection = FoundSelection(given["worker_id"], given["tag"], None if given["matching"] else given["row"])
    who: dict[str, Any] = {"actor": request.actor, "account": request.account_in_use}

    def act() -> str:
        if given["verb"] == WRITE:
            recipients = from_found(actor=request.actor, selection=selection)
            return reverse("message-write", args=[draft_message(**who, recipients=recipients).pk])
        preview = select_found(**who, selection=selection, verb=Verb(given["verb"]))
        return reverse("bulk-columns", args=[preview.pk])

    try:
        return once(request, act)
    except ActionError as error:
        if error.status != 422:
            raise
        messages.error(request, error.message)
        return _find(request, error.status)  # the same page of them: what was typed stands in no address


def _unknown(request: Request, worker_id: str) -> HttpResponse:
    """Nobody here has met the worker: Amazon can be asked."""
    return _look_up_page(request, LookUpForm(account=request.account_in_use, initial={"worker_id": worker_id}))


def _found_page(request: Request, found: actions.Found, judged: WorkerIdResult, status: int) -> HttpResponse:
    """A page of those whose id begins as was typed, or of a tag. That stays in the form, and so do its pages."""
    account = request.account_in_use
    granted = Qualification.objects.filter(
        worker__in=found.workers, type__account=account, status=Qualification.Status.GRANTED
    )
    held = dict(granted.order_by().values_list("worker").annotate(Count("pk")))
    whole = judged.worker_id if judged.worker_id and len(judged.worker_id) >= USUAL_LENGTHS.start else ""
    is_known = any(worker.worker_id == whole for worker in found.workers)
    context = {
        "text": request.POST.get("worker_id", "").strip().upper(),
        "tag": request.POST.get("tag", "").strip(),
        "found": found,
        "rows": [(worker, held.get(worker.pk, 0)) for worker in found.workers],
        "whole": "" if is_known or found.before else whole,
        "form": FindWorkerForm(initial={"worker_id": request.POST.get("worker_id", "").strip()}),
        "turned": [(name, request.POST[name]) for name in ("after", "before") if request.POST.get(name)][:1],
        "may_grant": allowed(request.actor, Permission.GRANT, str(account.pk), production=account.is_production),
    }
    return render(request, "worker/found.html", context, status=status)


@page(Permission.SYNC, "POST")
def worker_look_up(request: Request) -> HttpResponse:
    """Ask Amazon about an id nobody here has met."""
    form = LookUpForm(request.POST, account=request.account_in_use)

    def act() -> str:
        given = form.cleaned_data
        worker = actions.look_up_worker(actor=request.actor, worker_id=given["worker_id"], type=given["type"])
        messages.info(request, f"Amazon is being asked whether this worker holds “{given['type'].name}”.")
        return reverse("worker-detail", args=[worker.pk])

    return submit(request, form, act) or _look_up_page(request, form)


def _look_up_page(request: Request, form: LookUpForm) -> HttpResponse:
    may_ask = allowed(request.actor, Permission.SYNC, str(request.account_in_use.pk))
    return show(request, "worker/look_up.html", form, may_ask=may_ask)


def _find_page(request: Request, form: FindWorkerForm) -> HttpResponse:
    account = request.account_in_use
    jobs = Job.objects.visible_to(request.actor).filter(account=account).order_by("-created_at")
    newest = list(jobs.values_list("pk", flat=True)[:5])
    changes = (
        Change.objects.filter(job__in=newest)
        .select_related("worker", "type", "job__study", "job__account")
        .order_by("-pk")[:20]
    )
    may_find = allowed(request.actor, Permission.FIND_WORKERS, str(account.pk))
    may_reveal = allowed(request.actor, Permission.REIDENTIFY, str(account.pk))
    tags = tags_in_use(actor=request.actor) if may_find else []
    return show(
        request,
        "worker/find.html",
        form,
        changes=changes,
        tags=tags[:TAGS_SHOWN],
        more_tags=len(tags) > TAGS_SHOWN,
        may_find=may_find,
        may_reveal=may_reveal,
    )


@page(Permission.SEE_WORKER_IDS)
def worker_detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One worker in the account in use: what they hold, what happened, what was noted."""
    return _detail(request, _worker(request, pk), NoteForm())


@page(Permission.WRITE_NOTES, "POST")
def worker_note(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Keep a note."""
    worker = _worker(request, pk)
    form = NoteForm(posted(request))

    def act() -> str:
        actions.add_note(actor=request.actor, worker=worker, text=form.cleaned_data["text"])
        messages.success(request, "The note is kept.")
        return reverse("worker-detail", args=[pk])

    return submit(request, form, act) or _detail(request, worker, form)


@page(Permission.WRITE_NOTES, "POST")
def worker_tag(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Tag the worker."""
    worker = _worker(request, pk)
    form = TagForm(posted(request))

    def act() -> str:
        add_tag(actor=request.actor, worker=worker, text=form.cleaned_data["tag"])
        messages.success(request, "The worker is tagged.")
        return reverse("worker-detail", args=[pk])

    return submit(request, form, act) or _detail(request, worker, NoteForm(), form)


@page(Permission.WRITE_NOTES, "POST")
def worker_tag_remove(request: Request, pk: uuid.UUID, tag: uuid.UUID) -> HttpResponse:
    """Take a tag off the worker."""
    worker = _worker(request, pk)
    return act_and_return(
        request,
        lambda: remove_tag(actor=request.actor, worker=worker, tag_id=tag),
        "The tag was removed.",
        reverse("worker-detail", args=[pk]),
    )


@page(Permission.SYNC, "POST")
def worker_check(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask Amazon what the worker holds now, type by type."""
    worker = _worker(request, pk)
    types = QualificationType.objects.filter(account=request.account_in_use).grantable()
    met = types.filter(Q(qualifications__worker=worker) | Q(changes__worker=worker)).select_related("account")

    def act() -> str:
        asked = list(met.distinct()[:CHECKED_AT_ONCE])
        for one in asked:
            actions.request_worker_check(actor=request.actor, worker=worker, type=one)
        text = f"Amazon is being asked about {len(asked)} type{'s' if len(asked) != 1 else ''}."
        messages.info(request, text if asked else "There is no type to ask Amazon about.")
        return reverse("worker-detail", args=[pk])

    return once(request, act)


def _detail(request: Request, worker: Worker, form: NoteForm, tagging: TagForm | None = None) -> HttpResponse:
    tagging = tagging or TagForm()
    account = request.account_in_use
    key, real = str(account.pk), account.is_production
    may_answer = allowed(request.actor, Permission.GRANT, key, production=real)
    rows = _timeline(request, worker)
    results = TIMELINE.results(request, rows)
    if is_fragment(request) and not is_polling(request):
        part = {"one": worker, "may_answer": may_answer}
        return TIMELINE.render(request, rows, "worker/detail.html", part, results=results)
    has_id = worker.erased_at is None
    held, elsewhere = held_here_and_elsewhere(request.actor, account, worker)
    context = {
        "one": worker,
        "form": form,
        "tagging": tagging,
        "held": held,
        "elsewhere": elsewhere,
        "checking": _is_being_checked(worker),
        "notes": _notes(request, worker),
        "may_grant": has_id and may_answer,
        "may_answer": may_answer,
        "may_sync": has_id and allowed(request.actor, Permission.SYNC, key),
        "may_note": has_id and allowed(request.actor, Permission.WRITE_NOTES, key),
        "may_erase": has_id and allowed(request.actor, Permission.ASK_ERASURE, key),
        "may_hold": has_id and allowed(request.actor, Permission.ERASE, key),
        "may_audit": allowed(request.actor, Permission.VIEW_AUDIT, key),
        "beside": beside(request.actor, account, worker),
    }
    if is_polling(request):
        return render(request, "worker/detail.html#held", context)
    status = 422 if form.errors or tagging.errors else 200
    return render(request, "worker/detail.html", {**context, "results": results}, status=status)


def _timeline(request: Request, worker: Worker) -> "QuerySet[Change]":
    """Changes of this worker in the account in use, of jobs the person may see and those seen at Amazon."""
    rows = Change.objects.filter(worker=worker, type__account=request.account_in_use).of_jobs_visible_to(
        request.actor
    )
    return rows.annotate(at=Coalesce("finished_at", "created_at")).select_related("type", "job__created_by")


def _notes(request: Request, worker: Worker) -> "QuerySet[WorkerNote]":
    """Notes name people and tell of them: only for those who see worker ids."""
    if not allowed(request.actor, Permission.SEE_WORKER_IDS, str(request.account_in_use.pk)):
        return WorkerNote.objects.none()
    return WorkerNote.objects.filter(worker=worker).exclude(text="").select_related("author")[:50]


def _is_being_checked(worker: Worker) -> bool:
    """Whether somebody asked Amazon a moment ago and some answer is still out."""
    newest = AuditEntry.objects.filter(subject=worker.pk).newest()
    # Among the last few entries: to look for an action among all of a busy worker's reads every one of them.
    for action, at, target in newest.values_list("action", "recorded_at", "target_id")[:LOOKED_BACK]:
        if action == "worker.check.requested":
            if (timezone.now() - at).total_seconds() > CHECK_PATIENCE:
                return False
            checked = Qualification.objects.filter(worker=worker, type_id=uuid.UUID(target or "0" * 32)).first()
            return checked is None or checked.checked_at < at
    return False


def _worker(request: Request, pk: uuid.UUID) -> Worker:
    """With the keys of a wish to erase the worker, and of a hold: they cost no query of their own."""
    wish = Erasure.objects.waiting().filter(worker=OuterRef("pk")).values("pk")[:1]
    hold = Hold.objects.filter(worker=OuterRef("pk"), ended_at=None).order_by().values("pk")[:1]
    rows = actions.workers_visible_to(request.actor).annotate(wish=Subquery(wish), hold=Subquery(hold))
    worker = rows.filter(pk=pk).first()
    if worker is None:
        raise NotVisible
    return worker
