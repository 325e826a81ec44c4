"""Undoing a job, or using its list again: a question, then the check page like any other job."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from qualadmin.core.actions.selections import use_again
from qualadmin.core.actions.undo import check_undoable, open_undo, prepare_undo
from qualadmin.core.errors import ActionError
from qualadmin.core.models import OF_LISTS, Job, Preview, Verb
from qualadmin.core.permissions import Permission
from qualadmin.web.forms.jobs import UndoForm
from qualadmin.web.http import Request, once, page, single_value, was_sent

from .jobs import visible_job


@page(Permission.GRANT, "GET", "POST")
def job_undo(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """Say what undoing means and ask why; the check page then shows line by line what would happen."""
    job = visible_job(request, job_id)
    check_undoable(job)
    if request.method != "POST":
        return _ask(request, job)
    form = UndoForm(request.POST, account=job.account)
    if not (form.is_valid() or was_sent(request)):
        return _show(request, job, form, 422)

    def act() -> str:
        preview = prepare_undo(actor=request.actor, job_id=job.pk, **form.cleaned_data)
        return reverse("preview-check", args=[preview.pk])

    try:
        return once(request, act)
    except ActionError as error:
        if error.status != 422:
            raise
        form.refuse(error)
        return _show(request, job, form, 422)


def _ask(request: Request, job: Job) -> HttpResponse:
    other = open_undo(job)
    if other is not None:
        messages.info(request, "This job is being undone already. This is the job that does it.")
        return redirect("job-detail", other.pk)
    mine = Preview.objects.filter(undoes=job, created_by=request.user, state=Preview.State.READY).first()
    study = mine.study_id if mine else (job.study_id if job.study and job.study.is_open else None)
    initial = {"study": study, "reason": mine.reason if mine else ""}
    return _show(request, job, UndoForm(account=job.account, initial=initial))


def _show(request: Request, job: Job, form: UndoForm, status: int = 200) -> HttpResponse:
    return render(request, "job/undo.html", {"job": job, "form": form, "days": settings.UNDO_DAYS}, status=status)


@page(Permission.GRANT, "POST")
def job_again(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """The workers of this job as a new list: the next page asks for type and score."""
    job = visible_job(request, job_id)
    wanted = single_value(request, "verb")
    if wanted not in OF_LISTS:
        raise BadRequest("The form came incomplete. Nothing was done. Open the job again and choose there.")

    def act() -> str:
        return reverse("bulk-columns", args=[use_again(actor=request.actor, job=job, verb=Verb(wanted)).pk])

    try:
        return once(request, act)
    except ActionError as error:
        if error.status != 422:
            raise
        messages.error(request, error.message)
        return redirect("job-detail", job.pk)
