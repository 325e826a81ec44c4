"""What deserves a question: findings of the rules, and muting them."""

from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from qualadmin.core.actions.oversight import may_mute, mute_rule, unmute_rule
from qualadmin.core.models import Mute, Study
from qualadmin.core.permissions import Permission
from qualadmin.web.acting import act_and_return, posted, show, submit
from qualadmin.web.audit_scope import reads_everything, streams_of
from qualadmin.web.forms.oversight import MuteForm
from qualadmin.web.http import Request, page
from qualadmin.web.oversight import Scope, judge

from .audit import note_reading

WINDOWS: Final = (30, 90)  # days
STUDIES: Final = 500  # whose jobs one page looks through


@page(Permission.VIEW_AUDIT, "GET", "POST", account=False)
def oversight(request: Request) -> HttpResponse:
    """PIs see their own studies, managers all. A POST mutes a rule."""
    everywhere = reads_everything(request.actor)
    studies = Study.objects.order_by("-is_open", "-created_at")
    if not everywhere:
        studies = studies.filter(pk__in=request.actor.study_ids)
    found = {one.pk: one for one in studies[:STUDIES]}
    request.section = "audit"
    days = _days(request)
    form = MuteForm(posted(request), studies=found.values(), everywhere=everywhere)

    def act() -> str:
        mute_rule(
            actor=request.actor,
            rule=form.cleaned_data["rule"],
            study=form.chosen,
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, "The rule is muted there. What it finds is still counted.")
        return reverse("oversight")

    if done := submit(request, form, act):
        return done
    streams = {name: title for name, title in streams_of(request.actor) if name.startswith("account:")}
    scope = Scope(found, streams, timezone.now() - timedelta(days=days))
    mutes = Mute.objects.filter(ended_at=None).select_related("study", "by")
    shown = [one for one in mutes if one.study_id is None or one.study_id in found]
    note_reading(request, f"what deserves a question, {days} days")
    judged = judge(scope, shown)
    context = {
        "judged": judged,
        "quiet": [one for one in judged if not (one.findings or one.mutes)],
        "days": days,
        "windows": WINDOWS,
        "everywhere": everywhere,
        "cut": len(found) == STUDIES,
        "mutable": {one.pk for one in shown if may_mute(request.actor, one.study_id)},
    }
    return show(request, "oversight/page.html", form, **context)


@page(Permission.VIEW_AUDIT, "POST", account=False)
def oversight_unmute(request: Request, pk: int) -> HttpResponse:
    """Let a rule raise questions again."""

    def act() -> None:
        unmute_rule(actor=request.actor, mute_id=pk)

    return act_and_return(request, act, "The rule raises questions again.", reverse("oversight"))


def _days(request: Request) -> int:
    given = request.GET.get("days", str(WINDOWS[0]))
    if given not in {str(one) for one in WINDOWS}:
        raise BadRequest(f"“days” can be {' or '.join(map(str, WINDOWS))}.")
    return int(given)
