"""Messages to workers: the list, writing one, the page that follows it from confirming to the result."""

import uuid
from collections.abc import Iterator
from datetime import UTC
from typing import Any, Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from qualadmin.core.actions import message_control as control
from qualadmin.core.actions import message_recipients as recipients
from qualadmin.core.actions import messages as actions
from qualadmin.core.errors import Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Message, MessageRecipient
from qualadmin.core.permissions import Permission, allowed
from qualadmin.csvio import Cell, SafeCsvWriter, download_name
from qualadmin.web.acting import act_and_return, confirm_first, posted, refuse_stale, show, submit
from qualadmin.web.approving import Mails, who_may_approve
from qualadmin.web.filters import Choice, TextSearch
from qualadmin.web.forms.approvals import APPROVE, DecisionForm
from qualadmin.web.forms.messages import IDS, MessageForm, RecipientsForm
from qualadmin.web.http import Request, is_fragment, page, single_value
from qualadmin.web.listing import Column, Listing
from qualadmin.web.mailing import MailProgress

State, Outcome = Message.State, MessageRecipient.State
LIST: Final = Listing(
    columns=[
        Column("subject", "Message"),
        Column("state", "State"),
        Column("total", "Workers", numeric=True),
        Column("done", "Mailed", numeric=True),
        Column("failed", "Not mailed", numeric=True),
        Column("by", "Written by"),
        Column("study", "Study"),
        Column("created", "Begun", path="created_at"),
    ],
    filters=[
        TextSearch("q", "Search", paths=("subject",), placeholder="Subject"),
        Choice("state", "State", path="state", choices=State.choices, any_label="All"),
    ],
    sort="-created",
)
RESULTS: Final = Listing(
    columns=[Column("n", "Line", path="n", numeric=True)],
    filters=[
        Choice(
            "outcome",
            "Outcome",
            path="state",
            choices=[
                *((one.value, one.label) for one in Outcome if one.value not in MessageRecipient.OPEN),
                ("open", "Not ended yet"),
            ],
            conditions={"open": Q(state__in=MessageRecipient.OPEN)},
        )
    ],
    sort="n",
    newer_label="Previous",
    older_label="Next",
)
CSV_HEADER: Final = ("Line", "Worker ID", "Outcome", "Code", "Reason", "Calls", "Ended (UTC)", "Amazon request ID")
CSV_CHUNK: Final = 1_000


@page(Permission.VIEW)
def message_list(request: Request) -> HttpResponse:
    """The messages of the account in use, newest first."""
    rows = _visible(request).select_related("study", "created_by")
    if not request.GET.get("state"):
        rows = rows.exclude(state=State.DISCARDED)
    return LIST.render(request, rows, "message/list.html", {"may_write": _may_write(request)})


@page(Permission.GRANT, "GET", "POST")
def message_add(request: Request) -> HttpResponse:
    """First step: whom to write to."""
    initial = {"source": request.GET.get("source") or IDS}
    files = request.FILES if request.method == "POST" else None
    form = RecipientsForm(
        posted(request), files, actor=request.actor, account=request.account_in_use, initial=initial
    )

    def act() -> str:
        found = _recipients(request, form)
        one = actions.draft_message(actor=request.actor, account=request.account_in_use, recipients=found)
        return reverse("message-write", args=[one.pk])

    return submit(request, form, act) or show(request, "message/add.html", form, most=recipients.MOST_RECIPIENTS)


def _recipients(request: Request, form: RecipientsForm) -> recipients.Recipients:
    if form.kind == IDS:
        return recipients.from_ids(**form.ids)
    who: dict[str, Any] = {"actor": request.actor, "account": request.account_in_use}
    match form.kind:
        case "list":
            return recipients.from_list(**who, list_id=form.key)
        case "type":
            return recipients.from_holders(**who, type_id=form.key)
        case "job":
            return recipients.from_job(**who, job_id=form.key)
        case _:
            return recipients.from_message(**who, message_id=form.key)


@page(Permission.GRANT, "GET", "POST")
def message_write(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Second step: what they read."""
    one = visible_message(request, pk)
    own_draft = one.state == State.DRAFT and one.created_by_id == request.actor.user_id
    if not own_draft and request.method != "POST":
        return redirect("message-detail", pk)
    initial = {"subject": one.subject, "text": one.text, "study": one.study_id or ""}
    form = MessageForm(posted(request), account=request.account_in_use, initial=initial)
    refuse_stale(request, form, one)

    def act() -> str:
        actions.write_message(actor=request.actor, message=one, **form.cleaned_data)
        return reverse("message-check", args=[pk])

    return submit(request, form, act) or show(request, "message/write.html", form, one=one)


@page(Permission.GRANT, "GET", "POST")
def message_check(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Third step: the mail as the workers read it, who gets it, and the button."""
    one = visible_message(request, pk)
    if request.method == "POST":
        seen = single_value(request, "seen")

        def act() -> None:
            actions.confirm_message(actor=request.actor, message_id=one.pk, seen=seen)

        done = "Confirmed. It waits for a second person." if actions.needs_second(one.account) else "Confirmed."
        return act_and_return(request, act, done, reverse("message-detail", args=[pk]))
    if one.state != State.DRAFT or one.created_by_id != request.actor.user_id:
        return redirect("message-detail", pk)
    if not one.text:
        return redirect("message-write", pk)
    context: dict[str, Any] = {"one": one, "waits": actions.needs_second(one.account)}
    context["erased"] = one.recipients.filter(worker__erased_at__isnull=False).count()
    context["goes_to"] = one.total - context["erased"]
    if context["waits"]:
        context["approvers"] = who_may_approve(one.account, one.study, asked_by=one.created_by_id)
    return render(request, "message/check.html", context)


@page(Permission.VIEW)
def message_detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Progress while it is sent, the result for ever after."""
    return _show(request, visible_message(request, pk))


def _show(request: Request, one: Message, decision: DecisionForm | None = None) -> HttpResponse:
    rows = MessageRecipient.objects.filter(message=one).select_related("worker")
    response = RESULTS.render(request, rows, "message/detail.html", _around(request, one, decision))
    response.status_code = 422 if decision is not None else response.status_code
    return response


def _around(request: Request, one: Message, decision: DecisionForm | None = None) -> dict[str, Any]:
    account = str(one.account_id)
    waits = one.state == State.WAITING
    own_draft = one.state == State.DRAFT and one.created_by_id == request.actor.user_id and _may_write(request)
    may_control = control.may_control_message(request.actor, one)
    return {
        "one": one,
        "progress": MailProgress(one),
        "own_draft": own_draft,
        "may_decide": waits and control.may_decide_message(request.actor, one),
        "may_withdraw": waits and one.created_by_id == request.actor.user_id,
        "decision": decision or DecisionForm(),
        "people": who_may_approve(one.account, one.study, asked_by=one.created_by_id) if waits else "",
        "mails": Mails(one),
        "may_stop": one.state == State.RUNNING and control.may_stop_message(request.actor, one),
        "again": control.retryable(one).count()
        if one.state == State.FINISHED and one.failed and may_control
        else 0,
        "may_write": _may_write(request),
        "may_export": allowed(request.actor, Permission.EXPORT_RESULTS, account),
    }


@page(Permission.VIEW)
def message_progress(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The part of the page that asks again every two seconds. Once the message has ended it asks no more."""
    one = visible_message(request, pk)
    if not is_fragment(request):
        return redirect("message-detail", pk)
    response = render(request, "message/_progress.html", _around(request, one))
    if one.finished_at is not None:
        response.headers["HX-Trigger"] = "message-ended"  # the lines below then show how each of them ended
    return response


@page(Permission.GRANT, "GET", "POST")
def message_discard(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Give a draft up."""
    one = visible_message(request, pk)
    return confirm_first(
        request,
        title="Discard this message?",
        text="Nothing of it was sent, and nothing will be. That it was begun stays in the log.",
        label="Discard the message",
        back=reverse("message-detail", args=[pk]),
        act=lambda: actions.discard_message(actor=request.actor, message_id=one.pk),
        done="Discarded. Nobody was mailed.",
    )


@page(Permission.APPROVE_JOBS, "GET", "POST")
def message_decide(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Approve or send back. The form stands on the page of the message."""
    one = visible_message(request, pk)
    if request.method != "POST":
        return redirect("message-detail", pk)
    form = DecisionForm(request.POST)

    def act() -> str:
        approve = form.cleaned_data["decision"] == APPROVE
        words = form.cleaned_data["words"]
        control.decide_message(actor=request.actor, message_id=one.pk, approve=approve, words=words)
        messages.success(request, "Approved. It is sent now." if approve else "Sent back. Nobody was mailed.")
        return reverse("message-detail", args=[pk])

    answer = submit(request, form, act)
    return answer if answer is not None else _show(request, one, form)


@page(Permission.GRANT, "GET", "POST")
def message_withdraw(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask once more, then take the message back before anybody decided."""
    one = visible_message(request, pk)
    if one.created_by_id != request.actor.user_id:
        raise NotAllowed("Only who wrote this message can withdraw it. Nothing was done.")
    if request.method != "POST" and one.state != State.WAITING:
        raise Conflict("This message does not wait for approval. Nothing was done.", code="not_waiting")
    return confirm_first(
        request,
        title="Withdraw this message?",
        text="Nobody was mailed, and nobody will be. This cannot be taken back.",
        label="Withdraw the message",
        back=reverse("message-detail", args=[pk]),
        act=lambda: control.withdraw_message(actor=request.actor, message_id=one.pk),
        done="Withdrawn. Nobody was mailed.",
    )


@page(Permission.VIEW, "GET", "POST")
def message_stop(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Ask once more, then end the message for good."""
    one = visible_message(request, pk)
    if not control.may_stop_message(request.actor, one):
        raise NotAllowed("Who wrote the message, a PI or a manager can stop it. Nothing was done.")
    return confirm_first(
        request,
        title="Stop this message?",
        text="Who was mailed has the mail. A call on its way is finished; nobody else is mailed. "
        "This cannot be taken back.",
        label="Stop the message",
        back=reverse("message-detail", args=[pk]),
        act=lambda: control.stop_message(actor=request.actor, message_id=one.pk),
        done="Stopped. Nobody else is mailed.",
    )


@page(Permission.CONTROL_OWN_JOBS, "POST")
def message_retry(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Send it once more to those whom Amazon may take another time."""
    one = visible_message(request, pk)
    return act_and_return(
        request,
        lambda: control.retry_message(actor=request.actor, message_id=one.pk),
        "It is sent again to those who were not mailed for a reason that may pass.",
        reverse("message-detail", args=[pk]),
    )


@page(Permission.EXPORT_RESULTS)
def message_results(request: Request, pk: uuid.UUID) -> HttpResponseBase:
    """All recipients as CSV. The download is an entry of the audit log."""
    one = visible_message(request, pk)
    actions.record_message_downloaded(actor=request.actor, message=one)
    body = SafeCsvWriter(CSV_HEADER).stream(_csv_rows(one))
    response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    name = download_name("message", f"{one.created_at:%Y-%m-%d}", str(one.pk)[:8])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _csv_rows(one: Message) -> Iterator[tuple[Cell, ...]]:
    """In order, a thousand at a time: nothing but that is in memory."""
    after = -1
    while True:
        rows = MessageRecipient.objects.filter(message=one, n__gt=after).select_related("worker").order_by("n")
        part = list(rows[:CSV_CHUNK])
        for row in part:
            ended = row.finished_at.astimezone(UTC).isoformat(timespec="seconds") if row.finished_at else ""
            yield (
                row.n, row.worker.worker_id or row.worker.pseudonym_in(one.stream), row.get_state_display(),
                row.code, row.failure, row.attempt, ended, row.aws_request_id,
            )  # fmt: skip
        if len(part) < CSV_CHUNK:
            return
        after = part[-1].n


def _visible(request: Request) -> Any:
    return Message.objects.filter(account=request.account_in_use).visible_to(request.actor)


def visible_message(request: Request, pk: uuid.UUID) -> Message:
    """The message, if it belongs to the account in use and the person may see it."""
    rows = _visible(request).select_related("account", "study", "created_by", "decided_by")
    one: Message | None = rows.filter(pk=pk).first()
    if one is None:
        raise NotVisible
    return one


def _may_write(request: Request) -> bool:
    account = request.account_in_use
    return allowed(request.actor, Permission.GRANT, str(account.pk), production=account.is_production)
