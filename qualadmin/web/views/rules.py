"""Rules: those of an account, one with its runs, and what can be asked of it."""

import uuid
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from qualadmin.core.actions import rules as actions
from qualadmin.core.actions.rule_runs import prepare_run, start_rule
from qualadmin.core.errors import ActionError, NotVisible
from qualadmin.core.models import Job, ListRule
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.acting import act_and_return, confirm_first, posted, show, submit
from qualadmin.web.filters import Choice
from qualadmin.web.forms.rules import RuleForm
from qualadmin.web.http import Request, once, page
from qualadmin.web.listing import Column, Listing

RUNS: Final = 10  # shown
State = ListRule.State
LIST: Final = Listing(
    columns=[
        Column("type", "Type"),
        Column("lists", "Follows"),
        Column("state", "State"),
        Column("owner", "Runs in the name of"),
        Column("ran", "Last looked at"),
        Column("created", "Made", path="created_at"),
    ],
    filters=[Choice("state", "State", path="state", choices=State.choices, any_label="All")],
    sort="-created",
)


@page(Permission.VIEW)
def rule_list(request: Request) -> HttpResponse:
    """The rules of the account in use, newest first."""
    rows = _visible(request).select_related("type", "owner").prefetch_related("lists")
    return LIST.render(request, rows, "rule/list.html", {"may_change": _may_change(request)})


@page(Permission.GRANT, "GET", "POST")
def rule_add(request: Request) -> HttpResponse:
    """Write a rule down, and go on to what its first run would do."""
    form = RuleForm(posted(request), account=request.account_in_use, zone=settings.TIME_ZONE)

    def act() -> str:
        rule = actions.add_rule(actor=request.actor, **form.wishes)
        return _look(request, rule.pk)

    return submit(request, form, act) or show(request, "rule/add.html", form)


@page(Permission.VIEW)
def rule_detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """What it says, how it stands, and its runs."""
    rule = _rule(request, pk)
    jobs = Job.objects.visible_to(request.actor).filter(rule=rule).select_related("created_by")
    context = {
        "one": rule,
        "lists": list(rule.lists.all()),
        "jobs": jobs.order_by("-created_at")[:RUNS],
        "installation_zone": settings.TIME_ZONE,
        "may_change": _may_change(request) and rule.state != State.ENDED,
        "may_audit": allowed(request.actor, Permission.VIEW_AUDIT),
    }
    return render(request, "rule/detail.html", context)


@page(Permission.GRANT, "POST")
def rule_run(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Work out what a run would do now: the check page, like any list."""
    rule = _rule(request, pk)
    try:
        return once(request, lambda: _look(request, rule.pk))
    except ActionError as error:
        if error.status not in (409, 422):
            raise
        messages.error(request, error.message)
        return redirect("rule-detail", rule.pk)


def _look(request: Request, rule_id: uuid.UUID) -> str:
    preview = prepare_run(actor=request.actor, rule_id=rule_id)
    if preview is not None:
        return reverse("preview-check", args=[preview.pk])
    messages.info(request, "A run would change nothing now: everybody holds what the rule says.")
    return reverse("rule-detail", args=[rule_id])


@page(Permission.GRANT, "POST")
def rule_start(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Start a rule whose first run would do nothing."""
    rule = _rule(request, pk)
    return act_and_return(
        request,
        lambda: start_rule(actor=request.actor, rule_id=rule.pk),
        "The rule is started. It runs every night.",
        reverse("rule-detail", args=[pk]),
    )


@page(Permission.GRANT, "POST")
def rule_pause(request: Request, pk: uuid.UUID) -> HttpResponse:
    """No runs for now."""
    rule = _rule(request, pk)
    return act_and_return(
        request,
        lambda: actions.pause_rule(actor=request.actor, rule_id=rule.pk),
        "The rule is paused. Nothing is granted or taken away by it until somebody resumes it.",
        reverse("rule-detail", args=[pk]),
    )


@page(Permission.GRANT, "GET", "POST")
def rule_resume(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Let it run again."""
    rule = _rule(request, pk)
    return confirm_first(
        request,
        title=f"Resume the rule for “{rule.type.name}”",
        text="From now on it runs every night in your name. What changed in the lists meanwhile is made up for "
        "in the next run.",
        label="Resume the rule",
        back=reverse("rule-detail", args=[pk]),
        act=lambda: actions.resume_rule(actor=request.actor, rule_id=rule.pk),
        done="The rule is resumed.",
        danger=False,
    )


@page(Permission.GRANT, "GET", "POST")
def rule_end(request: Request, pk: uuid.UUID) -> HttpResponse:
    """End it for good."""
    rule = _rule(request, pk)
    return confirm_first(
        request,
        title=f"End the rule for “{rule.type.name}”",
        text="It never runs again. Nobody loses the qualification by that: whoever holds it keeps it. "
        "Another rule can be made at any time.",
        label="End the rule",
        back=reverse("rule-detail", args=[pk]),
        act=lambda: actions.end_rule(actor=request.actor, rule_id=rule.pk),
        done="The rule is ended.",
    )


def _visible(request: Request) -> Any:
    return ListRule.objects.filter(account=request.account_in_use).visible_to(request.actor)


def _rule(request: Request, pk: uuid.UUID) -> ListRule:
    """The rule, if it belongs to the account in use and the person may see it."""
    one: ListRule | None = (
        _visible(request).select_related("account", "study", "type", "owner").filter(pk=pk).first()
    )
    if one is None:
        raise NotVisible
    return one


def _may_change(request: Request) -> bool:
    account = request.account_in_use
    return allowed(request.actor, Permission.GRANT, str(account.pk), production=account.is_production)
