"""The search box of every page: a worker by id, types and jobs by name. What was typed stays out of addresses."""

from typing import Final

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render

from qualadmin.core.actions.workers import find_worker
from qualadmin.core.models import Job, QualificationType
from qualadmin.core.permissions import Permission, allowed
from qualadmin.csvio import check_worker_id
from qualadmin.web.forms.workers import LookUpForm
from qualadmin.web.http import Request, page, single_value

SHOWN: Final = 20
LENGTH: Final = 200


@page(Permission.VIEW, "POST", guard=False)
def find(request: Request) -> HttpResponse:
    """Straight to a worker whose id it is; else what is called so."""
    account = request.account_in_use
    text = single_value(request, "q").strip()[:LENGTH].replace("\0", "")
    judged = check_worker_id(text.upper())
    if judged.worker_id and allowed(request.actor, Permission.FIND_WORKERS, str(account.pk)):
        worker = find_worker(actor=request.actor, text=text)
        if worker is not None:
            return redirect("worker-detail", worker.pk)
    else:
        judged = check_worker_id("")
    types = QualificationType.objects.filter(
        Q(name__icontains=text) | Q(lab_name__icontains=text), account=account
    )
    jobs = Job.objects.visible_to(request.actor).filter(account=account, title__icontains=text)
    look_up = LookUpForm(account=account, initial={"worker_id": judged.worker_id}) if judged.worker_id else None
    context = {
        "text": text,
        "types": types[:SHOWN] if text else [],
        "jobs": jobs[:SHOWN] if text else [],
        "look_up": look_up,
        "may_ask": allowed(request.actor, Permission.SYNC, str(account.pk)),
    }
    return render(request, "search/results.html", context)
