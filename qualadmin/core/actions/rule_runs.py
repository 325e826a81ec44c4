"""Runs of a rule: a preview that a person confirms, or at night an ordinary job in the name of the rule's owner.

The night asks everything again: whether the owner may grant, whether approval is needed, whether so many would
lose the type that a person has to look. A run that would do nothing makes no job.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditHead
from qualadmin.audit.types import TaskInfo
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.models import Job, ListRule, Preview, Verb
from qualadmin.core.permissions import Permission, allowed, require
from qualadmin.core.reading import Plan

from .diff import Row
from .jobs import actionable, confirm_preview
from .list_reading import read_list
from .previews import Wishes, check_type, discard_preview, keep_rows, take_wishes
from .rule_evaluation import Evaluation, evaluate
from .rules import RUNS_ALREADY, begin_rule, clear, hold_run, is_running, note_trouble, pause_rule, rule_target

State = ListRule.State
OWNER_LOST: Final = (
    "Whoever answers for this rule may no longer grant here, so it was paused. Somebody who may can resume it; "
    "it then runs in their name."
)


def look_at(*, actor: Actor, rule: ListRule, now: datetime | None = None) -> Evaluation:
    """Read the lists, and say what a run would do now."""
    for list_id in rule.lists.values_list("pk", flat=True):
        read_list(actor=actor, list_id=list_id)
    below = AuditHead.objects.get().size if rule.state == State.DRAFT else None
    return evaluate(rule, now or timezone.now(), below=below)


def prepare_run(*, actor: Actor, rule_id: uuid.UUID) -> Preview | None:
    """What a run would do now, as a check page for this person. None if it would do nothing.

    An open check page of the same person for the same rule is given up. Raises NotVisible, NotAllowed, and
    Conflict where the rule may not run now.
    """
    rule = ListRule.objects.visible_to(actor).select_related("account", "study", "type").filter(pk=rule_id).first()
    if rule is None:
        raise NotVisible
    require(actor, Permission.GRANT, str(rule.account_id), production=rule.account.is_production)
    if rule.state not in (State.DRAFT, State.ACTIVE):
        raise Conflict("This rule is paused or ended. Nothing was done.", code="rule_not_active")
    if is_running(rule):
        raise Conflict(RUNS_ALREADY, code="rule_runs")
    found = look_at(actor=actor, rule=rule)
    open_ones = Preview.objects.filter(
        rule=rule, created_by=actor.person_id, state__in=[Preview.State.UPLOADED, Preview.State.READY]
    )
    for key in list(open_ones.values_list("pk", flat=True)):
        discard_preview(actor=actor, preview_id=key)
    rows = found.rows
    return _preview(actor, rule, found, rows) if rows else None


def start_rule(*, actor: Actor, rule_id: uuid.UUID) -> None:
    """Start a rule whose first run would do nothing. Raises ActionError if it would do something."""
    rule = ListRule.objects.visible_to(actor).select_related("account", "type").filter(pk=rule_id).first()
    if rule is None:
        raise NotVisible
    require(actor, Permission.GRANT, str(rule.account_id), production=rule.account.is_production)
    count = len(look_at(actor=actor, rule=rule).rows) if rule.state == State.DRAFT else 0
    if count:
        raise ActionError(
            f"The first run would change {_workers(count)}. Nothing was done. Look at it, and confirm it there.",
            code="something_to_do",
        )
    begin_rule(actor=actor, rule_id=rule_id)


def run_rule(*, actor: Actor, rule_id: uuid.UUID, task: TaskInfo, now: datetime | None = None) -> Job | None:
    """Run an active rule at night: the job it made, or None where there was nothing to do or it could not.

    Why it could not is noted at the rule, for its page and the dashboard. `actor` is the clock.
    """
    rule = (
        ListRule.objects.select_related("account", "study", "type", "owner")
        .filter(pk=rule_id, state=State.ACTIVE)
        .first()
    )
    if rule is None or not rule.account.is_open or is_running(rule):
        return None
    owner, account = rule.owner.as_actor(), rule.account
    if not rule.owner.is_active or not allowed(
        owner, Permission.GRANT, str(account.pk), production=account.is_production
    ):
        pause_rule(actor=actor, rule_id=rule.pk, cause="authority lost", trouble=OWNER_LOST)
        return None
    found = look_at(actor=actor, rule=rule, now=now)
    ListRule.objects.filter(pk=rule.pk).update(ran_at=now or timezone.now())
    rows = found.rows
    if not rows:
        with audit.transaction(actor.context) as tx:
            clear(tx, rule)
        return None
    if found.takes_many:
        why = (
            f"The last run would have taken it away from {len(found.revokes):,} of the {found.own:,} workers who "
            "hold it by this rule. Nothing was done. Look at the run, and confirm it if that is right."
        )
        hold_run(actor=actor, rule=rule, why=why, revokes=len(found.revokes), holders=found.own)
        return None
    return _confirm(actor, owner.as_task(task), rule, found, rows)


def due_rules() -> list[uuid.UUID]:
    """Active rules, the oldest first."""
    return list(ListRule.objects.filter(state=State.ACTIVE).order_by("created_at").values_list("pk", flat=True))


def _confirm(actor: Actor, owner: Actor, rule: ListRule, found: Evaluation, rows: Sequence[Row]) -> Job | None:
    """Nobody looks at this preview, so it does not stay where it cannot become a job."""
    preview: Preview | None = None
    try:
        preview = _preview(owner, rule, found, rows)
        return confirm_preview(
            actor=owner,
            preview_id=preview.pk,
            rows_sha256=preview.rows_sha256,
            typed_count=actionable(preview),  # typing it is for people; the guard has looked at the number
        )
    except ActionError as error:
        if preview is not None:
            discard_preview(actor=owner, preview_id=preview.pk)
        note_trouble(actor=actor, rule=rule, why=error.message)
        return None


def _preview(actor: Actor, rule: ListRule, found: Evaluation, rows: Sequence[Row]) -> Preview:
    """The lines, kept and ready to confirm. Raises ActionError if the rule's wishes can't be any more."""
    check_type(rule.type, Verb.GRANT if found.grants else Verb.REVOKE)
    preview = Preview(
        account=rule.account,
        created_by_id=actor.person_id,
        source=Preview.Source.RULE,
        origin=f"Rule for “{rule.type.name}”"[:400],
        rule=rule,
        type=rule.type,
        verb=Verb.GRANT if found.grants else Verb.REVOKE,
        options=Plan(types={"": str(rule.type_id)}, mapped=True).as_json(),
    )
    take_wishes(preview, {"": rule.type}, Wishes(score=rule.score, study=rule.study, reason=rule.reason))
    preview.notes = notes_of(rule, found)
    with audit.transaction(actor.context) as tx:
        tx.record(
            "list.ruled",
            target=rule_target(rule),
            stream=rule.stream,
            changes={"rows": [None, len(rows)], "revokes": [None, len(found.revokes)]},
        )
        preview.save(force_insert=True)
    keep_rows(preview, rows)
    return preview


def notes_of(rule: ListRule, found: Evaluation) -> list[str]:
    """What the lines do not say, in sentences."""
    notes = [f"In the lists: {_workers(found.listed)}."]
    if rule.days is not None:
        notes.append(
            f"Took part in the last {rule.days:,} days: {_workers(found.wanted)}. Days are those of "
            f"{settings.TIME_ZONE}, today counts beside them."
        )
        if found.undated:
            notes.append(f"Left out, since no source says when they took part: {_workers(found.undated)}.")
    if found.holding:
        notes.append(f"Hold it already: {_workers(found.holding)}.")
    if found.otherwise:
        notes.append(f"Hold it with another score, which stays: {_workers(found.otherwise)}.")
    if found.takes_many:
        notes.append(
            f"This takes it away from {len(found.revokes):,} of the {found.own:,} who hold it by this rule."
        )
    return notes


def _workers(count: int) -> str:
    return f"{count:,} worker{'s' if count != 1 else ''}"
