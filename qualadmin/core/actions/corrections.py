"""Proposed corrections of a list: used only once somebody who saw them says so."""

from dataclasses import replace

from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import Preview, PreviewRow
from qualadmin.core.reading import Plan

from .previews import DEALT_WITH, Wishes, plan_preview


def proposed_lines(preview: Preview) -> list[int]:
    """The lines with a correction that waits to be accepted."""
    rows = PreviewRow.objects.filter(preview=preview, group=PreviewRow.Group.PROBLEM).exclude(proposal="")
    return list(rows.order_by("line").values_list("line", flat=True).distinct())


def accept_corrections(*, actor: Actor, preview: Preview, use: bool | tuple[int, ...]) -> Preview:
    """Use all proposals, those of these lines beside the ones accepted before, or none again; then plan anew.

    Raises Conflict unless the preview is open, ActionError where it has no list, and what `plan_preview` raises.
    """
    if preview.state != Preview.State.READY:
        raise Conflict(DEALT_WITH)
    if preview.content is None:  # made without a list: of a form, or to undo a job
        raise ActionError("No corrections are proposed here. Nothing was changed.", code="no_corrections")
    plan = Plan.from_json(preview.options)
    if not isinstance(use, bool):
        before = plan.accept if isinstance(plan.accept, tuple) else ()
        use = tuple(sorted({*before, *use}))
    wishes = Wishes(
        preview.score, preview.study, preview.reason, preview.notify, preview.revoke_reason,
        preview.hold_until, preview.hold_days,
    )  # fmt: skip
    return plan_preview(actor=actor, preview=preview, plan=replace(plan, accept=use), wishes=wishes)
