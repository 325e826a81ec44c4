"""The second person: what waits for one, and the decision."""

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from qualadmin.core.actions.approvals import approve_job, may_withdraw, send_back_job, waiting_for, withdraw_job
from qualadmin.core.actions.erasures import waiting_erasures
from qualadmin.core.actions.message_control import messages_waiting_for
from qualadmin.core.actions.thresholds import Reason
from qualadmin.core.errors import Conflict, NotAllowed
from qualadmin.core.models import Job
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.acting import confirm_first, submit
from qualadmin.web.approving import because
from qualadmin.web.forms.approvals import APPROVE, DecisionForm
from qualadmin.web.http import Request, page

from .jobs import show_job, visible_job

SHOWN = 200  # more do not wait at the same time; the oldest stand first


@page(Permission.ERASE)
def approval_list(request: Request) -> HttpResponse:
    """What waits for this person, in all accounts, the oldest first: jobs for PIs, erasures for managers too."""
    jobs = waiting_for(request.actor).select_related("account", "study", "created_by", "approval")[:SHOWN]
    mails = messages_waiting_for(request.actor).select_related("account", "study", "created_by")[:SHOWN]
    lines = [(job, because([Reason.from_json(one) for one in job.approval.reasons])) for job in jobs]
    erasures = waiting_erasures(request.actor).select_related("asked_by")[:SHOWN]
    context = {
        "lines": lines,
        "mails": mails,
        "erasures": erasures,
        "may_approve": allowed(request.actor, Permission.APPROVE_JOBS),
    }
    return render(request, "approval/list.html", context)


@page(Permission.APPROVE_JOBS, "GET", "POST")
def job_decide(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """Approve or send back. The form stands on the page of the job."""
    job = visible_job(request, job_id)
    if request.method != "POST":
        return redirect("job-detail", job.pk)
    form = DecisionForm(request.POST)

    def act() -> str:
        words = form.cleaned_data["words"]
        if form.cleaned_data["decision"] == APPROVE:
            approved = approve_job(actor=request.actor, job_id=job.pk, words=words)
            then = "is made ready and then runs" if approved.state == Job.State.PREPARING else "runs now"
            messages.success(request, f"Approved. The job {then}.")
        else:
            send_back_job(actor=request.actor, job_id=job.pk, words=words)
            messages.success(request, "Sent back. Nothing of this job was sent to Amazon.")
        return reverse("job-detail", args=[job.pk])

    answer = submit(request, form, act)
    return answer if answer is not None else show_job(request, job, form)


@page(Permission.CONTROL_OWN_JOBS, "GET", "POST")
def job_withdraw(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """Ask once more, then take the request back."""
    job = visible_job(request, job_id)
    if not may_withdraw(request.actor, job):
        raise NotAllowed("Only who asked for this job can withdraw it. Nothing was done.")
    if request.method != "POST" and job.state != Job.State.WAITING:
        raise Conflict("This job does not wait for approval. There is nothing to withdraw.", code="not_waiting")
    return confirm_first(
        request,
        title="Withdraw this job?",
        text="Nothing of it was sent, and nothing will be. This cannot be taken back.",
        label="Withdraw the job",
        back=reverse("job-detail", args=[job.pk]),
        act=lambda: withdraw_job(actor=request.actor, job_id=job.pk),
        done="Withdrawn. Nothing of this job was sent to Amazon.",
    )
