"""Rules: written down, started, paused, resumed, ended. What a run would do is in rule_runs.py.

A rule never changes. Whoever wants another one ends it and makes a new one, whose first run is looked at again.
"""

import uuid
from collections.abc import Collection
from typing import Any, Final

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.models import AuditHead
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.days import MOST_DAYS
from qualadmin.core.errors import ActionError, Conflict, NotVisible
from qualadmin.core.models import Job, ListRule, Preview, QualificationType, RuleList, Study, Verb, WorkerList
from qualadmin.core.permissions import Permission, require

from .previews import Wishes, check_type, take_wishes
from .rows import locked, move
from .texts import without_ids

MOST_LISTS: Final = 20
State = ListRule.State
RUNS_ALREADY: Final = (
    "A job of this rule has not ended yet. Nothing was done. Two runs never overlap: wait for it, or stop it."
)


def add_rule(
    *,
    actor: Actor,
    type: QualificationType,
    lists: Collection[WorkerList],
    days: int | None = None,
    score: int | None = None,
    leavers: ListRule.Leavers = ListRule.Leavers.REVOKE,
    takes_in: bool = False,
    study: Study | None = None,
    reason: str = "",
) -> ListRule:
    """Write a rule down as a draft: it does nothing before somebody has seen and confirmed its first run.

    `days`: whole days of the installation's zone since the worker took part; None: whenever that was. Raises
    ActionError for what can't be: a foreign or put-away list, a score outside the type's range, a missing study.
    """
    account = type.account
    require(actor, Permission.GRANT, str(account.pk), production=account.is_production)
    check_type(type, Verb.GRANT)
    if not 1 <= len(lists) <= MOST_LISTS:
        raise ActionError(f"Choose at least one list, and at most {MOST_LISTS}.", field="lists", code="no_list")
    if any(one.account_id != account.pk or one.archived_at is not None for one in lists):
        raise ActionError(
            "A chosen list belongs to another account or was put away. Choose others.",
            field="lists",
            code="foreign_list",
        )
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise ActionError(f"Give a number of days from 1 to {MOST_DAYS:,}.", field="days", code="days_range")
    score = type.default_score if score is None else score
    checked = Preview(account=account, verb=Verb.GRANT)
    take_wishes(checked, {"": type}, Wishes(score=score, study=study, reason=reason))
    rule = ListRule(
        account=account,
        type=type,
        study=study,
        days=days,
        score=score,
        leavers=leavers,
        takes_in=takes_in,
        reason=checked.reason,
        owner_id=actor.person_id,
    )
    with audit.transaction(actor.context) as tx:
        rule.audit_id = tx.record(
            "rule.created",
            target=rule_target(rule),
            stream=rule.stream,
            changes={
                "type": [None, str(type.pk)],
                "lists": [None, ", ".join(sorted(str(one.pk) for one in lists))],
                "days": [None, days],
                "score": [None, score],
                "leavers": [None, str(leavers)],
                "takes_in": [None, takes_in],
                "study": [None, str(study.pk) if study else None],
                "environment": [None, account.environment],
            },
            payload={"reason": rule.reason} if rule.reason else None,
        )
        rule.save(force_insert=True)
        RuleList.objects.bulk_create(RuleList(rule=rule, list=one) for one in lists)
    return rule


def allow_run(tx: Transaction, actor: Actor, rule_id: uuid.UUID) -> None:
    """A run of the rule is being confirmed. Its first one starts the rule; what held it is over.

    Call inside the transaction that makes the job. Raises Conflict where the rule may not run now.
    """
    rule = _rule(actor, rule_id)
    if rule.state not in (State.DRAFT, State.ACTIVE):
        raise Conflict("This rule is paused or ended. Nothing was done.", code="rule_not_active")
    if is_running(rule):
        raise Conflict(RUNS_ALREADY, code="rule_runs")
    if rule.state == State.DRAFT:
        _start(tx, rule)
    else:
        clear(tx, rule)


def begin_rule(*, actor: Actor, rule_id: uuid.UUID) -> None:
    """Start a rule without a first run: `rule_runs.start_rule` has seen to it that there is nothing to do.

    Starting twice changes nothing.
    """
    with audit.transaction(actor.context) as tx:
        rule = _rule(actor, rule_id)
        _require_own_account(actor, rule)
        if rule.state == State.DRAFT:
            check_type(rule.type, Verb.GRANT)
            _start(tx, rule)
        elif rule.state != State.ACTIVE:
            raise Conflict("This rule is paused or ended. Nothing was done.", code="rule_not_active")


def _start(tx: Transaction, rule: ListRule) -> None:
    below = AuditHead.objects.get().size
    entry = _record(tx, rule, "rule.started", {"state": [rule.state, "active"], "began_below": [None, below]})
    drafts = ListRule.objects.filter(pk=rule.pk, state=State.DRAFT)
    move(drafts, entry=entry, state=State.ACTIVE, started_at=timezone.now(), began_below=below)


def pause_rule(*, actor: Actor, rule_id: uuid.UUID, cause: str = "", trouble: str = "") -> None:
    """Let it rest: no runs until somebody resumes it. A job that runs goes on.

    `cause` and `trouble`, a word and a sentence, are for tasks; a person needs the right to grant in the account.
    """
    with audit.transaction(actor.context) as tx:
        rule = _rule(actor, rule_id)
        if actor.kind == "user":
            _require_own_account(actor, rule)
        if rule.state == State.PAUSED:
            return
        if rule.state != State.ACTIVE:
            raise Conflict("Only an active rule can be paused. Nothing was done.", code="rule_not_active")
        changes = {"state": [rule.state, "paused"], "cause": [None, cause or "asked for"]}
        entry = _record(tx, rule, "rule.paused", changes)
        move(
            ListRule.objects.filter(pk=rule.pk, state=State.ACTIVE),
            entry=entry,
            state=State.PAUSED,
            trouble=trouble,
        )


def resume_rule(*, actor: Actor, rule_id: uuid.UUID) -> None:
    """Let it run again, from now on in the name of whoever resumes it."""
    with audit.transaction(actor.context) as tx:
        rule = _rule(actor, rule_id)
        _require_own_account(actor, rule)
        if rule.state == State.ACTIVE:
            return
        if rule.state != State.PAUSED:
            raise Conflict("Only a paused rule can be resumed. Nothing was done.", code="rule_not_paused")
        changes = {"state": [rule.state, "active"], "owner": [str(rule.owner_id), str(actor.person_id)]}
        entry = _record(tx, rule, "rule.resumed", changes)
        move(
            ListRule.objects.filter(pk=rule.pk, state=State.PAUSED),
            entry=entry,
            state=State.ACTIVE,
            owner_id=actor.person_id,
            trouble="",
            held="",
        )


def end_rule(*, actor: Actor, rule_id: uuid.UUID) -> None:
    """End it for good. Nobody loses what they hold. Ending twice changes nothing."""
    with audit.transaction(actor.context) as tx:
        rule = _rule(actor, rule_id)
        _require_own_account(actor, rule)
        if rule.state == State.ENDED:
            return
        entry = _record(tx, rule, "rule.ended", {"state": [rule.state, "ended"]})
        rows = ListRule.objects.filter(pk=rule.pk).exclude(state=State.ENDED)
        move(rows, entry=entry, state=State.ENDED, ended_at=timezone.now(), held="", trouble="")


def hold_run(*, actor: Actor, rule: ListRule, why: str, revokes: int, holders: int) -> None:
    """Note that the last run waits for a person, and say so once."""
    if rule.held == why:
        return
    with audit.transaction(actor.context) as tx:
        changes = {"revokes": [None, revokes], "holders": [None, holders]}
        entry = _record(tx, rule, "rule.run.held", changes)
        ListRule.objects.filter(pk=rule.pk, state=State.ACTIVE).update(held=why, trouble="", audit_id=entry)


def note_trouble(*, actor: Actor, rule: ListRule, why: str) -> None:
    """Note why the last run could not be made, and say so once."""
    if rule.trouble == why:
        return
    with audit.transaction(actor.context) as tx:
        entry = tx.record(
            "rule.run.failed",
            outcome="failed",
            target=rule_target(rule),
            stream=rule.stream,
            payload={"detail": why},
        )
        ListRule.objects.filter(pk=rule.pk, state=State.ACTIVE).update(trouble=why, audit_id=entry)


def clear(tx: Transaction, rule: ListRule) -> None:
    """Nothing holds the rule up any more."""
    if rule.needs_person:
        changes = {"held": [bool(rule.held), False], "trouble": [bool(rule.trouble), False]}
        entry = _record(tx, rule, "rule.run.cleared", changes)
        ListRule.objects.filter(pk=rule.pk).update(held="", trouble="", audit_id=entry)


def is_running(rule: ListRule) -> bool:
    """Whether a job of the rule has not ended; one that waits for approval has not."""
    return Job.objects.filter(rule=rule, finished_at=None).exists()


def rule_target(rule: ListRule) -> Target:
    """How entries name a rule."""
    return Target("rule", str(rule.pk), f"for “{without_ids(rule.type.name)}”")


def _rule(actor: Actor, rule_id: uuid.UUID) -> ListRule:
    """The rule, locked. Raises NotVisible. Tasks act for the whole account."""
    rows = ListRule.objects.select_related("account", "study", "type")
    try:
        return locked(rows.visible_to(actor) if actor.kind == "user" else rows, rule_id)
    except ListRule.DoesNotExist:
        raise NotVisible from None


def _require_own_account(actor: Actor, rule: ListRule) -> None:
    require(actor, Permission.GRANT, str(rule.account_id), production=rule.account.is_production)


def _record(tx: Transaction, rule: ListRule, action: str, changes: dict[str, Any]) -> uuid.UUID:
    return tx.record(action, target=rule_target(rule), stream=rule.stream, changes=changes)
