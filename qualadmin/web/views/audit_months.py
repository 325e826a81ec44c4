"""Monthly summaries of studies, counted in the log."""

import uuid

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render

from qualadmin.core.errors import NotVisible
from qualadmin.core.models import Study
from qualadmin.core.months import Month
from qualadmin.core.permissions import Permission
from qualadmin.web.audit_months import summary_of
from qualadmin.web.audit_scope import streams_of
from qualadmin.web.http import Request, page

from .audit import note_reading, open_log


@page(Permission.VIEW_AUDIT, account=False)
def month_list(request: Request) -> HttpResponse:
    """The studies whose months the person may read: PIs the own ones, managers all."""
    slugs = [name.partition(":")[2] for name, _ in streams_of(request.actor) if name.startswith("study:")]
    studies = Study.objects.filter(slug__in=slugs).order_by("-is_open", "title")
    current = Month.current()
    return render(request, "audit/months.html", {"studies": studies, "months": (current, current.before)})


@page(Permission.VIEW_AUDIT, account=False)
def month_detail(request: Request, study_id: uuid.UUID, month: str) -> HttpResponse:
    """One month of one study. 404 for months to come and for studies that are not the person's to read."""
    log = open_log(request)
    study = Study.objects.filter(pk=study_id).first()
    wanted, current = Month.parse(month), Month.current()
    if study is None or wanted is None or wanted > current or study.stream not in dict(log.names.streams):
        raise NotVisible
    context = {
        "study": study,
        "summary": summary_of(study, wanted, log.listing, log.entries, log.names),
        "month": wanted,
        "earlier": wanted.before if wanted > Month.of(study.created_at) else None,
        "later": wanted.after if wanted < current else None,
        "is_running": wanted == current,
        "zone_name": settings.TIME_ZONE,
    }
    note_reading(request, f"summary of {study.slug}, {wanted}")
    return render(request, "audit/month.html", context)
