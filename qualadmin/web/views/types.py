"""Qualification types: list, page with scores and holders, create, import, compare with Amazon."""

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Exists, Max, OuterRef, Q, Subquery
from django.db.models.functions import Abs
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions import drafted_tests as drafts
from qualadmin.core.actions import types as actions
from qualadmin.core.actions.message_recipients import from_holders
from qualadmin.core.actions.messages import draft_message
from qualadmin.core.actions.seen import WorkerTest
from qualadmin.core.actions.selections import Selection, select_holders
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import (
    Change,
    DraftedTest,
    Job,
    Qualification,
    QualificationRequest,
    QualificationType,
    TypeChange,
    Verb,
)
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.acting import act_and_return, posted, refuse_stale, show, submit
from qualadmin.web.charts import histogram
from qualadmin.web.counts import CappedCount, capped_count
from qualadmin.web.counts import Count as Counted
from qualadmin.web.filters import Choice, TextSearch
from qualadmin.web.forms.selections import WRITE
from qualadmin.web.forms.types import NewTypeForm, ScoresForm, retry_words
from qualadmin.web.http import Request, is_fragment, is_polling, page
from qualadmin.web.listing import Column, Listing, Results
from qualadmin.web.scores import scores_of
from qualadmin.web.selecting import can_select, selected
from qualadmin.web.trying import own_draft, summary_of
from qualadmin.web.words import grouped

State, Status = QualificationType.State, QualificationType.Status
HIDDEN = Q(status=Status.INACTIVE) | Q(state__in=[State.GONE, State.REFUSED])
FIRST = 5  # requests shown on the page of a type
SYNC_PATIENCE = 300  # seconds after which a comparison that did not end is no longer said to be under way
LIST = Listing(
    columns=[
        Column("name", "Name", "name"),
        Column("holders", "Holders", numeric=True),
        Column("requests", "Requests", numeric=True),
        Column("test", "Test"),
        Column("auto", "Auto-granted"),
        Column("status", "State"),
        Column("last", "Last grant"),
    ],
    filters=[
        TextSearch("q", "Search", paths=("name", "lab_name", "keywords"), placeholder="Name or keyword"),
        Choice(
            "show",
            "Show",
            choices=(("all", "All"), ("hidden", "Inactive or gone"), ("test", "With a test")),
            any_label="Active",
            conditions={"all": Q(pk__isnull=False), "hidden": HIDDEN, "test": Q(has_test=True)},
        ),
    ],
    sort="name",
)
HOLDERS = Listing(
    columns=[
        Column("worker", "Worker"),
        Column("score", "Score", numeric=True),
        Column("status", "Status"),
        Column("since", "Granted"),
        Column("checked", "Checked"),
    ],
    filters=[Choice("status", "Status", path="status", choices=Qualification.Status.choices, any_label="All")],
    newer_label="Previous",
    older_label="Next",
)


@page(Permission.VIEW)
def type_list(request: Request) -> HttpResponse:
    """The types of the account in use; inactive ones only on demand."""
    everything = QualificationType.objects.filter(account=request.account_in_use)
    rows = everything if request.GET.get("show") else everything.exclude(HIDDEN)
    results = LIST.results(request, rows)
    context = {
        "figures": _figures([one.pk for one in results.rows]),
        "hidden": 0 if request.GET.get("show") else capped_count(everything.filter(HIDDEN)).number,
        **_rights(request),
    }
    return LIST.render(request, rows, "type/list.html", context, results=results)


def _figures(keys: list[uuid.UUID]) -> dict[str, dict[str, Any]]:
    """Holders, waiting requests and last grant of these types, by their key as text (one query).

    Grants that were only seen at Amazon belong to no job and are not counted.
    """
    granted, waits = Qualification.Status.GRANTED, QualificationRequest.State.WAITING
    holders = Qualification.objects.filter(type=OuterRef("pk"), status=granted).order_by("value")
    waiting = QualificationRequest.objects.filter(type=OuterRef("pk"), state=waits).order_by("submitted_at")
    newest = (
        Change.objects.filter(type=OuterRef("pk"), state=Change.State.DONE, value__isnull=False, job__isnull=False)
        .order_by(Abs("pk").desc())  # as the index `change_granted` has it
        .values("finished_at")[:1]
    )
    figures = QualificationType.objects.filter(pk__in=keys).values_list(
        "pk", CappedCount(holders), CappedCount(waiting), Subquery(newest)
    )
    return {
        str(key): {"holders": Counted.of(held), "waiting": Counted.of(asked), "last": last}
        for key, held, asked, last in figures
    }


@page(Permission.VIEW)
def type_detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One type: what it is, who holds it, what happened to it."""
    asked = QualificationRequest.objects.filter(
        type=OuterRef("pk"), state=QualificationRequest.State.WAITING
    ).order_by("submitted_at")
    one = own_type(request, pk, waiting_number=CappedCount(asked))
    syncing = _is_syncing(one)
    if is_polling(request):  # nothing changes until Amazon has answered; then the whole page does
        waits = syncing or one.state == State.REQUESTED or _is_being_sent(one)
        return HttpResponse(status=204) if waits else HttpResponseClientRefresh()
    holders = one.qualifications.select_related("worker")
    # Keys first: by those alone PostgreSQL reads the index of the type, not all newer rows of others.
    results = HOLDERS.results(request, holders, parts=[one.qualifications.all()])
    if is_fragment(request):
        context = {"one": one, **_selecting(request, one, results)}
        return HOLDERS.render(request, holders, "type/detail.html", context, results=results)
    scores = scores_of(one)
    jobs = Job.objects.visible_to(request.actor).filter(
        Exists(Change.objects.filter(job=OuterRef("pk"), type=one)), account=request.account_in_use
    )
    waiting = one.requests.filter(state=QualificationRequest.State.WAITING)
    first = list(waiting.select_related("worker")[:FIRST])
    change = _change_to_tell(one)
    context = {
        "one": one,
        "holder_count": scores.holders,
        "histogram": histogram(scores.counts) if scores.counts else None,
        "scores_at": scores.kept_since,
        "jobs": jobs.select_related("created_by").order_by("-created_at")[:5],
        "waiting": first,
        "waiting_count": Counted.of(vars(one)["waiting_number"]),
        "change": change,
        "retry": retry_words(one.retry_delay_seconds),
        "hits": sum((one.hits or {}).values()),
        "syncing": syncing,
        "may_audit": allowed(request.actor, Permission.VIEW_AUDIT),
        **_selecting(request, one, results),
        **_rights(request),
    }
    return HOLDERS.render(request, holders, "type/detail.html", context, results=results)


def _is_being_sent(one: QualificationType) -> bool:
    return one.type_changes.filter(state=TypeChange.State.ASKED).exists()


def _change_to_tell(one: QualificationType) -> TypeChange | None:
    """The newest change asked of Amazon, if it is under way or was refused."""
    newest: TypeChange | None = one.type_changes.select_related("created_by").first()
    told = newest is not None and (newest.is_open or newest.state == TypeChange.State.REFUSED)
    return newest if told else None


def _selecting(request: Request, one: QualificationType, results: Results[Qualification]) -> dict[str, Any]:
    """Whether holders can be selected, and what for. An inactive type can only be taken away."""
    usable = one.state == State.LIVE and one.is_requestable
    wanted = [(Verb.REVOKE.value, "Take away…")]
    if one.status == Status.ACTIVE:
        wanted.insert(0, (Verb.GRANT.value, "Grant or change score…"))
    wanted.append((WRITE, "Write to them…"))
    return {
        "may_select": usable and can_select(results) and _rights(request)["may_grant"],
        "actions": wanted,
    }


@page(Permission.GRANT, "POST")
def type_select(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Take the selected holders on to the question of what is to be done with them. Nothing is sent to Amazon."""
    one = own_type(request, pk)
    chosen = selected(request, HOLDERS, one.qualifications.all())
    selection = Selection(chosen.rows, chosen.matching, chosen.filter)
    try:
        if chosen.deed == WRITE:
            return _write_to(request, one, selection)
        preview = select_holders(actor=request.actor, type=one, selection=selection, verb=chosen.verb)
    except ActionError as error:
        if error.status != 422:
            raise
        messages.error(request, error.message)
        return redirect(f"{reverse('type-detail', args=[pk])}{chosen.query}")
    number = bytes(preview.content or b"").count(b"\n") + 1
    if chosen.counted not in (None, number):
        messages.info(
            request,
            f"The list has changed or holds workers without an ID: it showed {grouped(chosen.counted or 0)}, "
            f"and {grouped(number)} were taken over.",
        )
    return redirect("bulk-columns", preview.pk)


def _write_to(request: Request, one: QualificationType, selection: Selection) -> HttpResponse:
    """A message to the selected holders. Its text comes next."""
    account = request.account_in_use
    found = from_holders(actor=request.actor, account=account, type_id=one.pk, selection=selection)
    return redirect("message-write", draft_message(actor=request.actor, account=account, recipients=found).pk)


def _is_syncing(one: QualificationType) -> bool:
    """Whether somebody asked and the answer may still come: asked a moment ago, or pages still come in."""
    asked, synced = one.sync_asked_at, one.holders_synced_at
    if asked is None or (synced is not None and synced >= asked):
        return False
    reading = getattr(one, "holder_reading", None)
    newest = max(asked, reading.read_at) if reading and reading.is_open and reading.read_at else asked
    return bool((timezone.now() - newest).total_seconds() < SYNC_PATIENCE)


@page(Permission.MANAGE_TYPES, "GET", "POST")
def type_create(request: Request) -> HttpResponse:
    """Answers first, then a page to check them, then the wish is on its way to Amazon."""
    account = request.account_in_use
    draft = own_draft(request.actor, account, (request.POST or request.GET).get("test", ""))
    test = drafts.drafted(draft) if draft else None
    form = NewTypeForm(posted(request), initial=draft.answers if draft else None)

    def act() -> str:
        one = actions.request_type(actor=request.actor, account=account, test=test, **form.wishes)
        messages.success(request, f"Amazon is being asked to create “{one.name}”. This page shows what it says.")
        return reverse("type-detail", args=[one.pk])

    if "confirm" in request.POST:
        response = submit(request, form, act)
        if response is not None:
            return response
    elif "with_test" in request.POST:
        return redirect("type-draft-edit", _draft_with(request, form, draft).pk)
    elif request.method == "POST" and "change" not in request.POST and form.is_valid():
        name = form.cleaned_data["name"]
        if test is not None and form.cleaned_data["auto_granted"]:
            form.add_error("auto_granted", "A type that Amazon grants to everybody who asks cannot have a test.")
        elif actions.same_name(account, name):
            form.add_error("name", "The account has a type of this name already, and Amazon refuses a second one.")
        else:
            context = {
                "form": form,
                "similar": actions.similar_names(account, name),
                "held": actions.held_name(account, name, timezone.now()),
            }
            return render(request, "type/check.html", context | _with_test(draft, test))
    return show(request, "type/create.html", form, **_with_test(draft, test))


def _with_test(draft: DraftedTest | None, test: WorkerTest | None) -> dict[str, Any]:
    return {"draft": draft, "test": summary_of(test)}


def _draft_with(request: Request, form: NewTypeForm, draft: DraftedTest | None) -> DraftedTest:
    """The draft of the test to be written, which keeps what the form holds until somebody comes back to it."""
    answers = {name: value for name, value in form.given if value not in ("", None, False)}
    if draft is None:
        return drafts.start_drafted_test(actor=request.actor, account=request.account_in_use, answers=answers)
    return drafts.keep_answers(actor=request.actor, draft=draft, answers=answers)


@page(Permission.MANAGE_TYPES, "GET", "POST")
def type_settings(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Which scores may be given here."""
    one = own_type(request, pk)
    names = ("default_score", "min_score", "max_score", "lab_name")
    form = ScoresForm(posted(request), initial={name: getattr(one, name) for name in names})
    refuse_stale(request, form, one)

    def act() -> str:
        actions.update_type_settings(actor=request.actor, type=one, **form.cleaned_data)
        messages.success(request, "The settings are saved. Nobody’s score was changed, and Amazon was not told.")
        return reverse("type-detail", args=[pk])

    return submit(request, form, act) or show(request, "type/settings.html", form, one=one)


@page(Permission.SYNC, "POST")
def type_sync(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask Amazon who holds this type."""
    one = own_type(request, pk)
    return act_and_return(
        request,
        lambda: actions.request_sync(actor=request.actor, type=one),
        f"Amazon is being asked who holds “{one.name}”.",
        reverse("type-detail", args=[pk]),
    )


@page(Permission.SYNC, "GET", "POST")
def type_import(request: Request) -> HttpResponse:
    """Bring in the types that Amazon has; also what changed there."""
    account = request.account_in_use
    if request.method == "POST":
        return act_and_return(
            request,
            lambda: actions.request_sync_account(actor=request.actor, account=account),
            "Amazon is being asked for its types.",
            reverse("type-import"),
        )
    asked = AuditEntry.objects.filter(
        action="account.sync.requested", target_type="account", target_id=str(account.pk)
    ).aggregate(Max("recorded_at"))["recorded_at__max"]
    synced = account.synced_at
    waits = asked is not None and (synced is None or synced < asked)
    late = waits and (timezone.now() - asked).total_seconds() > SYNC_PATIENCE
    types = QualificationType.objects.filter(account=account, state=State.LIVE)
    context = {
        "asked": asked,
        "waits": waits and not late,
        "late": late,
        "count": capped_count(types),
        "newest": types.order_by("-created_at")[:10],
    }
    template = "type/import.html#state" if is_fragment(request) else "type/import.html"
    return render(request, template, context)


def own_type(request: Request, pk: uuid.UUID, **more: CappedCount) -> QualificationType:
    """The type, if it belongs to the account in use; annotated with `more`."""
    rows = QualificationType.objects.select_related("account", "created_by", "holder_reading").annotate(**more)
    one = rows.filter(account=request.account_in_use, pk=pk).first()
    if one is None:
        raise NotVisible
    return one


def _rights(request: Request) -> dict[str, bool]:
    account = request.account_in_use
    key, real = str(account.pk), account.is_production
    return {
        "may_grant": allowed(request.actor, Permission.GRANT, key, production=real),
        "may_create": allowed(request.actor, Permission.MANAGE_TYPES, key, production=real),
        "may_sync": allowed(request.actor, Permission.SYNC, key),
    }
