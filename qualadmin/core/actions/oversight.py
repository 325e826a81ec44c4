"""Muting rules of the oversight page, and taking that back."""

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict, NotVisible
from qualadmin.core.models import Mute, Study
from qualadmin.core.permissions import Permission, Role, require

from .rows import locked, move
from .texts import clean_text

REASON_LIMIT = 500  # characters


def may_mute(actor: Actor, study_id: object | None) -> bool:
    """PIs for their own studies; managers of all accounts for any study and for all of them."""
    if any(grant.role == Role.MANAGER and grant.account_id is None for grant in actor.roles):
        return True
    return study_id is not None and str(study_id) in actor.study_ids


def mute_rule(*, actor: Actor, rule: str, study: Study | None, reason: str) -> Mute:
    """Raise no question by this rule any more, in one study or in all. Findings are counted all the same."""
    _require(actor, study.pk if study else None)
    reason = clean_text(reason, field="reason", label="The reason", limit=REASON_LIMIT)
    with audit.transaction(actor.context) as tx:
        if Mute.objects.filter(rule=rule, study=study, ended_at=None).exists():
            raise Conflict("This rule is muted there already. Nothing was done.", code="already_muted")
        entry = tx.record(
            "oversight.muted",
            target=Target("rule", rule, rule),
            stream=study.stream if study else "system",
            payload={"reason": reason},
        )
        mute = Mute(rule=rule, study=study, reason=reason, by_id=actor.person_id, audit_id=entry)
        mute.save(force_insert=True)
    return mute


def unmute_rule(*, actor: Actor, mute_id: int) -> None:
    """Let the rule raise questions again. Does nothing if it does already."""
    with audit.transaction(actor.context) as tx:
        try:
            mute = locked(Mute.objects.select_related("study"), mute_id)
        except Mute.DoesNotExist:
            raise NotVisible from None
        _require(actor, mute.study_id)
        if mute.ended_at is not None:
            return
        entry = tx.record(
            "oversight.unmuted",
            target=Target("rule", mute.rule, mute.rule),
            stream=mute.study.stream if mute.study else "system",
        )
        move(Mute.objects.filter(pk=mute.pk, ended_at=None), entry=entry, ended_at=timezone.now())


def _require(actor: Actor, study_id: object | None) -> None:
    require(actor, Permission.VIEW_AUDIT)
    if not may_mute(actor, study_id):
        raise NotVisible
