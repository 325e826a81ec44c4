"""One person's preview, and everything its check page shows."""

import uuid
from functools import cached_property
from typing import Final

from django.db.models import Q

from qualadmin.core.actions.thresholds import reasons_of
from qualadmin.core.errors import Conflict, NotVisible
from qualadmin.core.models import ANSWERS, Preview, PreviewRow, QualificationType
from qualadmin.core.permissions import sees_account
from qualadmin.core.reading import Plan

from . import checking
from .approving import because, who_may_approve
from .filters import Choice
from .forms.previews import ConfirmForm
from .http import Request
from .listing import Column, Listing, Results

#: Problems that a proposed correction would mend: a filter beside the five groups.
PROPOSED: Final = "proposed"
LINES: Final = Listing(
    columns=[Column("n", "Line", path="n", numeric=True)],
    filters=[
        Choice(
            "group",
            "Group",
            path="group",
            choices=[*PreviewRow.Group.choices, (PROPOSED, "Corrections to accept")],
            conditions={PROPOSED: Q(group=PreviewRow.Group.PROBLEM, worker_id="") & ~Q(proposal="")},
        )
    ],
    sort="n",
    newer_label="Previous",
    older_label="Next",
)
CLOSED: Final = (Preview.State.CONFIRMED, Preview.State.DISCARDED)


def own_preview(request: Request, preview_id: uuid.UUID, *, content: bool = False) -> Preview:
    """The person's own preview in the account in use.

    Raises NotVisible for anybody else's, and Conflict if it was made for another account than the one in use.
    """
    rows = Preview.objects.select_related("account", "type", "study", "undoes", "rule__type")
    if not content:
        rows = rows.defer("content")  # up to 2 MB that most pages never look at
    preview = rows.filter(pk=preview_id, created_by=request.user).first()
    if preview is None or not sees_account(request.actor, str(preview.account_id)):
        raise NotVisible
    if preview.account_id != request.account_in_use.pk:
        was, now = preview.account, request.account_in_use
        raise Conflict(
            f"This list was made for “{was.name}” ({was.get_environment_display().lower()}); now “{now.name}” "
            f"({now.get_environment_display().lower()}) is in use. Nothing was done. "
            "Switch the account in use to go on with this list.",
            code="stale_account",
        )
    return preview


class CheckPage:
    """What would happen, line by line, and the button that makes it happen."""

    def __init__(self, request: Request, preview: Preview, form: ConfirmForm) -> None:
        self.preview, self.form = preview, form
        self.is_open = preview.state == Preview.State.READY
        self.reasons = reasons_of(preview) if self.is_open else []
        self.tally = checking.tally_of(preview, needs_approval=bool(self.reasons))
        self.group = request.GET.get("group", "")
        rows = PreviewRow.objects.filter(preview=preview).select_related("type", "known")
        self.results: Results[PreviewRow] = LINES.results(request, rows)

    @cached_property
    def types(self) -> list[QualificationType]:
        """The chosen types in the order of the file (one query)."""
        wanted = list(dict.fromkeys(Plan.from_json(self.preview.options).types.values()))
        found = {str(one.pk): one for one in QualificationType.objects.filter(pk__in=wanted)}
        return [found[pk] for pk in wanted if pk in found]

    @property
    def lines(self) -> list[checking.Line]:
        return list(checking.lines_of(self.results.rows))

    @property
    def tiles(self) -> list[checking.Tile]:
        return checking.tiles_of(self.preview, self.group)

    @property
    def facts(self) -> list[tuple[str, str]]:
        return checking.facts_of(self.preview, self.tally, [one.name for one in self.types])

    @property
    def requests_sentence(self) -> str:
        name = f"“{self.types[0].name}”" if len(self.types) == 1 else "one of these types"
        return checking.requests_sentence(self.tally, name)

    @property
    def emails(self) -> list[str]:
        return checking.emails_of(self.preview, self.tally)

    @property
    def why_approval(self) -> str:
        """Why a second person must approve this; "" where nobody must."""
        return because(self.reasons)

    @cached_property
    def approvers(self) -> str:
        """Who could."""
        preview = self.preview
        return who_may_approve(preview.account, preview.study, asked_by=preview.created_by_id)

    @property
    def proposed(self) -> int:
        """Corrections that wait to be accepted."""
        return int(self.preview.counts.get("proposed", 0))

    @property
    def corrected(self) -> int:
        """Corrections that were accepted."""
        return int(self.preview.counts.get("corrected", 0))

    @property
    def several_columns(self) -> bool:
        """Whether lines come from several columns of the file."""
        return len(self.types) > 1 or bool(self.preview.options and "" not in self.preview.options["types"])

    @property
    def only_problems(self) -> bool:
        """Lines without scores: the columns of the scores would be empty."""
        return self.group in (PreviewRow.Group.PROBLEM, PROPOSED)

    @property
    def answers(self) -> bool:
        """Whether workers' own requests are answered."""
        return self.preview.verb in ANSWERS

    @property
    def from_form(self) -> bool:
        return self.preview.source == Preview.Source.FORM
