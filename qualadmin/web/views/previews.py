"""From a list to the check page, and from there to a job."""

import uuid
from typing import Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render

from qualadmin.core.actions.corrections import accept_corrections, proposed_lines
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.previews import discard_preview, plan_preview, start_preview
from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import ANSWERS, Preview, QualificationType, Verb
from qualadmin.core.permissions import Permission
from qualadmin.core.reading import Plan, lines_of
from qualadmin.csvio import InputRefused, download_name, problems_csv, sample_file
from qualadmin.web.columns import ColumnsPage
from qualadmin.web.forms.previews import BulkForm, ConfirmForm, CorrectionsForm
from qualadmin.web.http import Request, is_fragment, page
from qualadmin.web.previewing import CLOSED, CheckPage, own_preview

# Making or reading a preview twice harms nobody, and after "back" changed answers must count: the forms up to the
# check page are not kept from being sent twice. Confirming is: a preview becomes one job, whatever is clicked.

#: Lists whose columns nobody has to name.
READ_OTHERWISE: Final = (Preview.Source.FORM, *Preview.PLANNED, Preview.Source.API)


@page(Permission.GRANT, "GET", "POST")
def bulk(request: Request) -> HttpResponse:
    """Take in a file or a pasted list."""
    if request.method != "POST":
        return render(request, "preview/bulk.html", {"form": BulkForm()})
    form = BulkForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            preview = start_preview(
                actor=request.actor,
                account=request.account_in_use,
                source=form.source,
                content=form.content,
                file_name=form.file_name,
                verb=Verb(form.cleaned_data["verb"]),
            )
            return redirect("bulk-columns", preview.pk)
        except ActionError as error:
            if error.status != 422:
                raise
            form.refuse(error)
    status = 413 if form.has_error("file", "too_many_bytes") else 422
    return render(request, "preview/bulk.html", {"form": form}, status=status)


@page(Permission.GRANT)
def sample(request: Request) -> HttpResponse:
    """A small file to fill in."""
    response = HttpResponse(sample_file(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{download_name("sample")}"'
    return response


@page(Permission.GRANT, "GET", "POST")
def columns(request: Request, preview_id: uuid.UUID) -> HttpResponse:
    """Say what the columns mean and what is to be done."""
    preview = own_preview(request, preview_id, content=True)
    if preview.verb in ANSWERS:
        return redirect("request-many", preview.pk)
    if preview.state in CLOSED or preview.source in READ_OTHERWISE:
        return redirect("preview-check", preview.pk)
    data = request.POST if request.method == "POST" else None
    header = data.get("header", "") if data is not None else request.GET.get("header", "")
    shown = ColumnsPage(preview, data, header)
    if data is not None and shown.is_valid():
        try:
            plan_preview(actor=request.actor, preview=preview, plan=shown.plan, wishes=shown.wishes)
            return redirect("preview-check", preview.pk)
        except ActionError as error:
            if error.status != 422 or shown.targets_form is None:
                raise
            shown.targets_form.refuse(error)
    status = 422 if shown.forms_with_errors else 200
    return render(request, "preview/columns.html", {"shown": shown, "preview": preview}, status=status)


@page(Permission.GRANT, "GET", "POST")
def check(request: Request, preview_id: uuid.UUID) -> HttpResponse:
    """Show what would happen; on POST let exactly that happen."""
    preview = own_preview(request, preview_id)
    if preview.state == Preview.State.DISCARDED:
        raise Conflict("This list was discarded. Nothing of it was done. Start again with a new list.")
    if preview.state == Preview.State.UPLOADED:
        if preview.undoes_id:
            return redirect("job-undo", preview.undoes_id)
        if preview.rule_id:
            return redirect("rule-detail", preview.rule_id)
        if preview.source == Preview.Source.ENDS:
            return redirect("end-list")
        if preview.source == Preview.Source.DRIFT:  # its making was cut short
            return redirect("drift-list")
        if preview.verb in ANSWERS:
            return redirect("request-many", preview.pk)
        if preview.source == Preview.Source.API:
            raise Conflict("This list of a program is still being read. Open the page again in a minute.")
        from_form = preview.source == Preview.Source.FORM
        return redirect("grant") if from_form else redirect("bulk-columns", preview.pk)
    if request.method != "POST":
        return _show_check(request, preview)
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _show_check(request, preview, form, 422)
    try:
        job = confirm_preview(actor=request.actor, preview_id=preview.pk, **form.cleaned_data)
    except ActionError as error:
        if error.status not in (409, 422):
            raise
        form.refuse(error)
        preview.refresh_from_db()
        return _show_check(request, preview, form, error.status)
    return redirect("job-detail", job.pk)


def _show_check(
    request: Request, preview: Preview, refused: ConfirmForm | None = None, status: int = 200
) -> HttpResponse:
    """The page with a fresh form: the digest is always that of the lines that are shown now."""
    form = ConfirmForm(initial={"rows_sha256": preview.rows_sha256})
    shown = CheckPage(request, preview, form)
    request.section = _section(preview, shown)
    context = {"shown": shown, "preview": preview, "refused": refused, "results": shown.results}
    template = "preview/check.html#results" if is_fragment(request) else "preview/check.html"
    return render(request, template, context, status=status)


def _section(preview: Preview, shown: CheckPage) -> str:
    """What to highlight in the navigation."""
    if preview.undoes_id:
        return "job"
    if preview.rule_id:
        return "rule"
    if preview.source == Preview.Source.ENDS:
        return "end"
    if preview.verb in ANSWERS:
        return "request"
    return "grant" if shown.from_form else "bulk"


@page(Permission.GRANT, "POST")
def corrections(request: Request, preview_id: uuid.UUID) -> HttpResponse:
    """Use the proposed corrections of all or of the ticked lines, or of none any more; then plan again."""
    preview = own_preview(request, preview_id, content=True)
    if preview.state != Preview.State.READY:
        raise Conflict("This list was already dealt with. Nothing was changed.")
    form = CorrectionsForm(request.POST, lines=proposed_lines(preview))
    if not form.is_valid():
        raise ActionError("Tick the lines whose corrections you accept. Nothing was changed.", code="no_lines")
    use = form.cleaned_data["use"]
    accept_corrections(
        actor=request.actor,
        preview=preview,
        use=use == "all" if use != "ticked" else tuple(form.cleaned_data["accept"]),
    )
    return redirect("preview-check", preview.pk)


@page(Permission.GRANT, "POST")
def discard(request: Request, preview_id: uuid.UUID) -> HttpResponse:
    """Forget the list. Discarding twice changes nothing."""
    preview = own_preview(request, preview_id)
    if preview.state == Preview.State.CONFIRMED:
        raise Conflict("This list was confirmed and is a job now. A running job can be stopped on its own page.")
    if preview.state != Preview.State.DISCARDED:
        discard_preview(actor=request.actor, preview_id=preview.pk)
    if preview.undoes_id:
        messages.success(request, "Nothing was undone. Nothing was sent to Amazon.")
        return redirect("job-detail", preview.undoes_id)
    if preview.rule_id:
        messages.success(request, "The run was discarded. Nothing was sent to Amazon.")
        return redirect("rule-detail", preview.rule_id)
    if preview.source == Preview.Source.ENDS:
        messages.success(request, "Nothing was taken away. Nothing was sent to Amazon.")
        return redirect("end-list")
    if preview.source == Preview.Source.DRIFT:
        messages.success(request, "Nothing was put right. Nothing was sent to Amazon.")
        return redirect("drift-list")
    messages.success(request, "The list was discarded. Nothing was sent to Amazon.")
    if preview.verb in ANSWERS:
        return redirect("request-list")
    if preview.source == Preview.Source.LIST and preview.type_id:
        return redirect("type-detail", preview.type_id)
    return redirect("grant" if preview.source == Preview.Source.FORM else "bulk")


@page(Permission.GRANT)
def problems(request: Request, preview_id: uuid.UUID) -> HttpResponseBase:
    """The lines that can't be done, as they were given, with a column that says why."""
    preview = own_preview(request, preview_id, content=True)
    if preview.content is None or preview.state != Preview.State.READY or preview.verb in ANSWERS:
        raise Conflict("The list is no longer kept, so its problems can't be downloaded any more.")
    plan = Plan.from_json(preview.options)
    types = QualificationType.objects.filter(pk__in=list(plan.types.values()), account=preview.account_id)
    try:
        table, _, reading = lines_of(preview, plan, types)
    except InputRefused as refused:
        raise ActionError(refused.message, code=refused.code) from refused
    response = StreamingHttpResponse(problems_csv(table, reading), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{download_name("problems")}"'
    return response
