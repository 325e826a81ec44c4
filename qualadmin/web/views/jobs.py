"""Jobs: the list, the page that follows one from start to the permanent result, and what can be asked of it."""

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

from qualadmin.core.actions.control import may_control, may_stop, pause_job, resume_job, retry_failed, stop_job
from qualadmin.core.actions.jobs import record_results_downloaded
from qualadmin.core.actions.undo import may_undo
from qualadmin.core.errors import Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Change, Job, QualificationType
from qualadmin.core.permissions import Permission, allowed
from qualadmin.core.reading import Plan
from qualadmin.csvio import Cell, SafeCsvWriter, download_name
from qualadmin.web.answers import answer_of, outcome_word
from qualadmin.web.approving import card_of
from qualadmin.web.checking import end_words
from qualadmin.web.filters import Choice
from qualadmin.web.forms.approvals import DecisionForm
from qualadmin.web.forms.jobs import JOB_FILTERS
from qualadmin.web.http import Request, is_fragment, once, page
from qualadmin.web.listing import Column, Listing
from qualadmin.web.progress import Progress

JOBS: Final = Listing(
    disjoint=True,  # a job has one study or none
    columns=[
        Column("title", "Job"),
        Column("state", "State"),
        Column("done", "Done", numeric=True),
        Column("failed", "Failed", numeric=True),
        Column("by", "Started by"),
        Column("study", "Study"),
        Column("created", "Started", path="created_at"),
    ],
    filters=JOB_FILTERS,
    sort="-created",
)
OPEN: Final = "open"
ENDED: Final = [state for state in Change.State if state.value not in Change.OPEN]
RESULTS: Final = Listing(
    columns=[Column("n", "Line", path="n", numeric=True)],
    filters=[
        Choice(
            "outcome",
            "Outcome",
            path="state",
            choices=[*((state.value, state.label) for state in ENDED), (OPEN, "Not ended yet")],
            conditions={OPEN: Q(state__in=Change.OPEN)},
        )
    ],
    sort="n",
    newer_label="Previous",
    older_label="Next",
)
CSV_HEADER: Final = (
    "Line", "Worker ID", "Qualification type", "Type ID", "Change", "Score before", "Score after", "Outcome",
    "What happened", "Code", "Tries", "Ended (UTC)", "Amazon request ID",
)  # fmt: skip
CSV_CHUNK: Final = 1_000


@page(Permission.VIEW)
def job_list(request: Request) -> HttpResponse:
    """The jobs of the account in use, newest first."""
    here = Job.objects.filter(account=request.account_in_use)
    jobs = here.visible_to(request.actor).select_related("created_by", "study")
    may_grant = allowed(request.actor, Permission.GRANT, str(request.account_in_use.pk))
    results = JOBS.results(request, jobs, parts=here.apart_for(request.actor))
    return JOBS.render(request, jobs, "job/list.html", {"may_grant": may_grant}, results=results)


@page(Permission.VIEW)
def job_detail(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """Progress while it runs, the result for ever after."""
    return show_job(request, visible_job(request, job_id))


def show_job(request: Request, job: Job, decision: DecisionForm | None = None) -> HttpResponse:
    """The page of a job; 422 with a `decision` that was not accepted."""
    changes = Change.objects.filter(job=job).select_related("worker", "type")
    results = RESULTS.results(request, changes)
    if is_fragment(request):  # everything around the lines stays as it is
        context = {"job": job, "several_types": len(_types(job)) > 1}
        return RESULTS.render(request, changes, "job/detail.html", _with_answers(context, results), results)
    context = {**_around(request, job), "approval": card_of(request, job, decision)}
    response = RESULTS.render(request, changes, "job/detail.html", _with_answers(context, results), results)
    response.status_code = 422 if decision is not None else 200
    return response


def visible_job(request: Request, job_id: uuid.UUID) -> Job:
    """The job, if the person may see it and its account is in use. Raises NotVisible or Conflict."""
    job = (
        Job.objects.visible_to(request.actor)
        .select_related("account__pace", "study", "created_by", "preview__type", "undoes", "approval__decided_by")
        .defer("preview__content")
        .with_undoings()
        .filter(pk=job_id)
        .first()
    )
    if job is None:
        raise NotVisible
    now = request.account_in_use
    if job.account_id != now.pk:
        raise Conflict(
            f"This job belongs to “{job.account.name}” ({job.account.get_environment_display().lower()}); "
            f"now “{now.name}” ({now.get_environment_display().lower()}) is in use. "
            "Switch the account in use to see it.",
            code="stale_account",
        )
    return job


def _around(request: Request, job: Job) -> dict[str, Any]:
    """What stands above and beside the lines."""
    types = _types(job)
    account = str(job.account_id)
    did_or_may = Q(finished_at=None) | Q(done__gt=0)  # not those that were refused or changed nothing
    undone_by: list[Job] = []
    if job.has_undoings:
        undone_by += job.undone_by.filter(did_or_may).select_related("created_by").order_by("created_at")
    return {
        "job": job,
        "held": end_words(job),
        "types": types,
        "several_types": len(types) > 1,
        "progress": Progress(job),
        "left_out": job.preview.counts,
        "may_stop": job.state in Job.STOPPABLE and may_stop(request.actor, job),
        "may_control": may_control(request.actor, job),
        "may_undo": may_undo(request.actor, job) and not any(one.finished_at is None for one in undone_by),
        "undone_by": undone_by,
        "may_reuse": job.prepares != Job.Prepares.LIST
        and allowed(request.actor, Permission.GRANT, account, production=job.account.is_production),
        "may_export": allowed(request.actor, Permission.EXPORT_RESULTS, account),
        "may_audit": allowed(request.actor, Permission.VIEW_AUDIT, account)
        or allowed(request.actor, Permission.VIEW_OWN_ENTRIES, account),
    }


def _types(job: Job) -> list[QualificationType]:
    """What the job is about, as its preview said."""
    if job.preview.type is not None:
        return [job.preview.type]
    wanted = Plan.from_json(job.preview.options).types.values()
    return list(QualificationType.objects.filter(pk__in=list(wanted), account=job.account_id))


def _with_answers(context: dict[str, Any], results: Any) -> dict[str, Any]:
    lines = [(change, outcome_word(change), answer_of(change)) for change in results.rows]
    return {**context, "lines": lines}


@page(Permission.VIEW)
def job_progress(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """The part of the page that asks again every two seconds. Once the job has ended it asks no more."""
    job = visible_job(request, job_id)
    if not is_fragment(request):
        return redirect("job-detail", job.pk)
    response = render(request, "job/detail.html#progress", _around(request, job))
    if job.finished_at is not None:
        response.headers["HX-Trigger"] = "job-ended"  # the lines below then show how each of them ended
    return response


@page(Permission.VIEW, "POST")
def job_pause(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """Hold the job until it is resumed: one click, as nothing is final."""
    job = visible_job(request, job_id)
    pause_job(actor=request.actor, job_id=job.pk)
    return redirect("job-detail", job.pk)


@page(Permission.VIEW, "GET", "POST")
def job_stop(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """Ask once more, then end the job for good."""
    job = visible_job(request, job_id)
    if request.method == "POST":
        stop_job(actor=request.actor, job_id=job.pk)
        messages.success(
            request, "Stopped. Calls that were already on their way are finished; the rest is never sent."
        )
        return redirect("job-detail", job.pk)
    if not may_stop(request.actor, job):
        raise NotAllowed("Who started the job, a PI or a manager can stop it. Nothing was done.")
    if job.state not in Job.STOPPABLE:
        return redirect("job-detail", job.pk)
    return render(request, "job/stop.html", {"job": job, "progress": Progress(job)})


@page(Permission.CONTROL_OWN_JOBS, "POST")
def job_resume(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """Go on with a paused job."""
    job = visible_job(request, job_id)
    resume_job(actor=request.actor, job_id=job.pk)
    return redirect("job-detail", job.pk)


@page(Permission.CONTROL_OWN_JOBS, "POST")
def job_retry(request: Request, job_id: uuid.UUID) -> HttpResponse:
    """Send what failed once more."""
    job = visible_job(request, job_id)

    def act() -> str:
        retry_failed(actor=request.actor, job_id=job.pk)
        return reverse("job-detail", args=[job.pk])

    return once(request, act)


@page(Permission.EXPORT_RESULTS)
def job_results(request: Request, job_id: uuid.UUID) -> HttpResponseBase:
    """All lines as CSV. The download is an entry of the audit log."""
    job = visible_job(request, job_id)
    record_results_downloaded(actor=request.actor, job=job, rows=job.total)
    body = SafeCsvWriter(CSV_HEADER).stream(_csv_rows(job))
    response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    name = download_name("results", f"{job.created_at:%Y-%m-%d}", str(job.pk)[:8])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _csv_rows(job: Job) -> Iterator[tuple[Cell, ...]]:
    """In order of the list, a thousand at a time: nothing but that is in memory."""
    after = -1
    while True:
        changes = Change.objects.filter(job=job, n__gt=after).select_related("worker", "type").order_by("n")
        part = list(changes[:CSV_CHUNK])
        for one in part:
            ended = one.finished_at.astimezone(UTC).isoformat(timespec="seconds") if one.finished_at else ""
            yield (
                one.line, one.worker.worker_id or one.worker.pseudonym_in(job.stream),
                one.type.name, one.type.mturk_id,
                one.get_verb_display(), one.value_before, one.value, outcome_word(one) or one.get_state_display(),
                answer_of(one), one.code, one.attempt, ended, one.aws_request_id,
            )  # fmt: skip
        if len(part) < CSV_CHUNK:
            return
        after = part[-1].n
