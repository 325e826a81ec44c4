"""The search box of every page: workers by id or how it begins, and by tag; types, jobs, studies, people by name.

What was typed may be a worker id, so it stays out of addresses: no link of the answer carries it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render

from qualadmin.core.actions.worker_tags import tags_in_use
from qualadmin.core.actions.workers import Found, can_begin, find_workers_at_once
from qualadmin.core.models import Job, QualificationType, Study, User
from qualadmin.core.permissions import Permission, allowed
from qualadmin.csvio import USUAL_LENGTHS, check_worker_id
from qualadmin.web.forms.workers import LookUpForm
from qualadmin.web.http import Request, page, single_value

SHOWN: Final = 10
LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one kind. `more`: there is more than the page shows."""

    rows: Sequence[Any]
    more: bool = False


@page(Permission.VIEW, "POST", guard=False)
def find(request: Request) -> HttpResponse:
    """Straight to a worker whose id it is; else what begins or is called so, as far as the reader may see it."""
    text = single_value(request, "q").strip()[:LENGTH].replace("\0", "")
    may_find = allowed(request.actor, Permission.FIND_WORKERS, str(request.account_in_use.pk))
    found = Found([])
    if may_find and can_begin(text):
        found = find_workers_at_once(actor=request.actor, text=text)
        if found.only is not None and found.only.worker_id == text.upper():
            return redirect("worker-detail", found.only.pk)
    groups = _called(request, text) if text else {}
    if may_find and text:
        tags = tags_in_use(actor=request.actor, text=text)
        groups["tags"] = Group(tags[:SHOWN], len(tags) > SHOWN)
    context = {
        "text": text,
        "searched": text,
        "workers": Group(found.workers[:SHOWN], len(found.workers) > SHOWN or found.after is not None),
        **groups,
        "look_up": _look_up(request, text) if may_find else None,
        "may_ask": allowed(request.actor, Permission.SYNC, str(request.account_in_use.pk)),
        "may_find": may_find,
        "may_people": allowed(request.actor, Permission.MANAGE_PEOPLE),
        "nothing": not found.workers and not any(group.rows for group in groups.values()),
    }
    return render(request, "search/results.html", context)


def _called(request: Request, text: str) -> dict[str, Group]:
    """Types and jobs of the account in use, studies and people of the installation."""
    account = request.account_in_use
    types = QualificationType.objects.filter(
        Q(name__icontains=text) | Q(lab_name__icontains=text) | Q(mturk_id=text), account=account
    )
    jobs = Job.objects.visible_to(request.actor).filter(account=account, title__icontains=text)
    studies = Study.objects.filter(Q(title__icontains=text) | Q(protocol_number__icontains=text))
    groups = {
        "types": _first(types.order_by("name", "pk")),
        "jobs": _first(jobs.order_by("-created_at")),
        "studies": _first(studies.order_by("title", "pk")),
    }
    if allowed(request.actor, Permission.MANAGE_PEOPLE):
        called = Q(full_name__icontains=text) | Q(username__icontains=text) | Q(email__iexact=text)
        groups["people"] = _first(User.objects.filter(called).order_by("full_name", "pk"))
    return groups


def _first(rows: "QuerySet[Any]") -> Group:
    read = list(rows[: SHOWN + 1])
    return Group(read[:SHOWN], len(read) > SHOWN)


def _look_up(request: Request, text: str) -> LookUpForm | None:
    """The form that asks Amazon, for what is most likely the whole id of somebody nobody here has met."""
    judged = check_worker_id(text.upper())
    if not judged.worker_id or len(judged.worker_id) < USUAL_LENGTHS.start:
        return None
    return LookUpForm(account=request.account_in_use, initial={"worker_id": judged.worker_id})
