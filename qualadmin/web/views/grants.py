"""Granting and revoking one or few. Both end on the check page; nothing is sent from here."""

import uuid
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render

from qualadmin.core.actions.previews import discard_preview, plan_preview, start_preview
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import Preview, QualificationType, RequesterAccount, Worker
from qualadmin.core.permissions import Permission
from qualadmin.web.forms.fields import SILENT, WITH_REASON
from qualadmin.web.forms.grants import GrantForm, RevokeForm, WorkersForm
from qualadmin.web.http import Request, page


@page(Permission.GRANT, "GET", "POST")
def grant(request: Request) -> HttpResponse:
    """Give a type to some workers, or change their score."""
    return _handle(request, GrantForm)


@page(Permission.GRANT, "GET", "POST")
def revoke(request: Request) -> HttpResponse:
    """Take a type away from some workers."""
    return _handle(request, RevokeForm)


def _handle(request: Request, form_class: type[WorkersForm]) -> HttpResponse:
    account = request.account_in_use
    if request.method != "POST":
        return _show(request, form_class(account=account, initial=_prefill(request)))
    form = form_class(request.POST, account=account)
    if form.is_valid():
        try:
            return redirect("preview-check", _plan(request, form).pk)
        except ActionError as error:
            if error.status != 422:
                raise
            form.refuse(error)
    return _show(request, form, status=422)


def _plan(request: Request, form: WorkersForm) -> Preview:
    """Store what would happen, for the check page."""
    preview = start_preview(
        actor=request.actor,
        account=request.account_in_use,
        source=Preview.Source.FORM,
        content=form.content,
        verb=form.verb,
    )
    try:
        return plan_preview(actor=request.actor, preview=preview, plan=form.plan, wishes=form.wishes)
    except ActionError:
        discard_preview(actor=request.actor, preview_id=preview.pk)  # the form is shown again and makes a new one
        raise


def _show(request: Request, form: WorkersForm, status: int = 200) -> HttpResponse:
    template = "grant/revoke.html" if isinstance(form, RevokeForm) else "grant/grant.html"
    return render(request, template, {"form": form}, status=status)


def _prefill(request: Request) -> dict[str, Any]:
    """From a link of a worker or type page (`?type=…&worker=…`), or back from the check page (`?preview=…`)."""
    account = request.account_in_use
    if "preview" in request.GET:
        return _from_preview(request, _uuid(request, "preview"))
    initial: dict[str, Any] = {}
    if "type" in request.GET:
        chosen = QualificationType.objects.filter(account=account, pk=_uuid(request, "type")).first()
        if chosen is None:
            raise NotVisible
        initial |= {"type": chosen, "score": chosen.default_score}
    if "worker" in request.GET:
        initial["list"] = _worker_id(account, _uuid(request, "worker"))
    return initial


def _uuid(request: Request, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(request.GET[name])
    except ValueError:
        raise NotVisible from None


def _worker_id(account: RequesterAccount, pk: uuid.UUID) -> str:
    """The id of a worker who has to do with this account. Raises NotVisible."""
    met = (
        Q(qualifications__type__account=account)
        | Q(changes__type__account=account)
        | Q(requests__type__account=account)
    )
    worker = Worker.objects.filter(met, pk=pk).first()
    if worker is None or worker.worker_id is None:
        raise NotVisible
    return worker.worker_id


def _from_preview(request: Request, pk: uuid.UUID) -> dict[str, Any]:
    """What was filled in before, for somebody who comes back to change something."""
    preview = Preview.objects.filter(
        pk=pk, created_by=request.user, account=request.account_in_use, source=Preview.Source.FORM
    ).first()
    if preview is None or preview.content is None:
        raise NotVisible
    return {
        "list": bytes(preview.content).decode("utf-8", errors="replace"),
        "type": preview.type_id,
        "score": preview.score,
        "study": preview.study_id,
        "reason": preview.reason,
        "notify": preview.notify,
        "how": WITH_REASON if preview.revoke_reason else SILENT,
        "revoke_reason": preview.revoke_reason,
        "until": preview.hold_until,
        "days": preview.hold_days,
    }
