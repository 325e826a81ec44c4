"""Studies: list, add, edit, PIs, the jobs done for them."""

import uuid
from collections import defaultdict

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from qualadmin.core.actions import studies as actions
from qualadmin.core.actions.holds import may_hold_study
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import Hold, Job, RoleAssignment, Study, StudyInvestigator, User
from qualadmin.core.months import Month
from qualadmin.core.permissions import Permission, Role, allowed
from qualadmin.web.acting import confirm_first, posted, refuse_stale, show, submit
from qualadmin.web.audit_scope import reads_study
from qualadmin.web.filters import Choice, TextSearch
from qualadmin.web.forms.studies import InvestigatorForm, StudyChangeForm, StudyForm
from qualadmin.web.http import Request, page
from qualadmin.web.listing import Column, Listing

LIST = Listing(
    columns=[
        Column("title", "Title", "title"),
        Column("protocol", "Protocol number", "protocol_number"),
        Column("pis", "PIs"),
        Column("state", "State"),
        Column("added", "Added", "created_at"),
    ],
    filters=[
        TextSearch("q", "Search", paths=("title", "protocol_number"), placeholder="Title or protocol number"),
        Choice("state", "State", path="is_open", choices=(("True", "Open"), ("False", "Closed")), any_label="All"),
    ],
    sort="title",
)


@page(Permission.VIEW, account=False)
def study_list(request: Request) -> HttpResponse:
    """All studies: what they are called is no secret within the lab."""
    results = LIST.results(request, Study.objects.all())
    named: dict[uuid.UUID, list[str]] = defaultdict(list)
    for one in _current().filter(study__in=results.rows).select_related("user"):
        named[one.study_id].append(one.user.full_name)
    context = {"may_manage": _may_manage(request), "named": {str(pk): names for pk, names in named.items()}}
    return LIST.render(request, Study.objects.all(), "study/list.html", context, results=results)


@page(Permission.MANAGE_STUDIES, "GET", "POST", account=False)
def study_add(request: Request) -> HttpResponse:
    """Add a study."""
    form = StudyForm(posted(request))

    def act() -> str:
        study = actions.add_study(actor=request.actor, **form.cleaned_data)
        messages.success(request, f"“{study.title}” was added. Name its PI next.")
        return reverse("study-detail", args=[study.pk])

    return submit(request, form, act) or show(request, "study/add.html", form)


@page(Permission.VIEW, account=False)
def study_detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """One study, its PIs and its jobs."""
    study = _study(pk)
    return _detail(request, study, InvestigatorForm(people=_candidates(study)))


@page(Permission.MANAGE_STUDIES, "POST", account=False)
def study_pi_add(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Name a PI."""
    study = _study(pk)
    form = InvestigatorForm(posted(request), people=_candidates(study))

    def act() -> str:
        actions.add_investigator(actor=request.actor, study=study, user=form.chosen)
        messages.success(request, f"{form.chosen.full_name} is now a PI of this study.")
        return reverse("study-detail", args=[pk])

    return submit(request, form, act) or _detail(request, study, form)


def _detail(request: Request, study: Study, form: InvestigatorForm) -> HttpResponse:
    jobs = Job.objects.visible_to(request.actor).filter(study=study).select_related("account", "created_by")
    context = {
        "one": study,
        "named": _current().filter(study=study).select_related("user"),
        "jobs": jobs.order_by("-created_at")[:20],
        "may_manage": _may_manage(request),
        "hold": Hold.objects.filter(study=study, ended_at=None).select_related("by").first(),
        "may_hold": may_hold_study(request.actor, study),
        "may_audit": allowed(request.actor, Permission.VIEW_AUDIT),
        "month": Month.current() if reads_study(request.actor, study) else None,
    }
    return show(request, "study/detail.html", form, **context)


def _candidates(study: Study) -> list[User]:
    """People who hold the role of PI and are none of this study yet."""
    held = RoleAssignment.objects.current().filter(role=Role.PI, user__is_active=True)
    named = _current().filter(study=study)
    return list(User.objects.filter(pk__in=held.values("user")).exclude(pk__in=named.values("user")))


@page(Permission.MANAGE_STUDIES, "GET", "POST", account=False)
def study_edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Change title or number, close or open."""
    study = _study(pk)
    initial = {name: getattr(study, name) for name in ("title", "protocol_number", "retention_years", "is_open")}
    form = StudyChangeForm(posted(request), initial=initial)
    refuse_stale(request, form, study)

    def act() -> str:
        actions.update_study(actor=request.actor, study=study, **form.cleaned_data)
        messages.success(request, "The study is saved.")
        return reverse("study-detail", args=[pk])

    return submit(request, form, act) or show(request, "study/edit.html", form, one=study)


@page(Permission.MANAGE_STUDIES, "GET", "POST", account=False)
def study_pi_remove(request: Request, pk: uuid.UUID, person: int) -> HttpResponse:
    """The person is no longer a PI of this study."""
    study = _study(pk)
    named = _current().filter(study=study, user_id=person).select_related("user").first()
    if named is None:
        return redirect("study-detail", pk)
    return confirm_first(
        request,
        title=f"Remove {named.user.full_name} as PI",
        text=f"The person no longer sees jobs and entries of “{study.title}” through this study.",
        label=f"Remove {named.user.full_name}",
        back=reverse("study-detail", args=[pk]),
        act=lambda: actions.remove_investigator(actor=request.actor, study=study, user=named.user),
        done=f"{named.user.full_name} is no longer a PI of this study.",
    )


def _current() -> "QuerySet[StudyInvestigator]":
    return StudyInvestigator.objects.filter(ended_at=None)


def _study(pk: uuid.UUID) -> Study:
    study = Study.objects.filter(pk=pk).first()
    if study is None:
        raise NotVisible
    return study


def _may_manage(request: Request) -> bool:
    return allowed(request.actor, Permission.MANAGE_STUDIES)
