"""Holds: while one lasts, nothing of a worker, or of a study, may be erased or thrown away."""

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Change, Hold, Study, Worker
from qualadmin.core.permissions import Permission, Role, require

from .rows import locked, move
from .texts import clean_text
from .workers import workers_visible_to

REASON_LIMIT = 500  # characters


def may_hold_study(actor: Actor, study: Study) -> bool:
    """Its PIs, and managers of all accounts."""
    everywhere = any(one.role == Role.MANAGER and one.account_id is None for one in actor.roles)
    is_pi = any(one.role == Role.PI for one in actor.roles)
    return everywhere or (is_pi and str(study.pk) in actor.study_ids)


def set_hold(*, actor: Actor, reason: str, worker: Worker | None = None, study: Study | None = None) -> Hold:
    """Set a hold on the worker or on the study. Raises Conflict if there is one, or if the worker is erased."""
    require(actor, Permission.ERASE)
    _check_visible(actor, worker, study)
    reason = clean_text(reason, field="reason", label="The reason", limit=REASON_LIMIT)
    with audit.transaction(actor.context) as tx:
        if worker is not None and locked(Worker.objects.all(), worker.pk).erased_at is not None:
            raise Conflict("This worker was erased. Nothing is left to be held.", code="erased")
        if Hold.objects.filter(worker=worker, study=study, ended_at=None).exists():
            raise Conflict("There is a hold already. Nothing was done.", code="held")
        entry = tx.record(
            "privacy.hold.set",
            target=_target(study),
            stream=study.stream if study else "system",
            subject=worker.pk if worker else None,
            payload={"reason": reason},
        )
        hold = Hold(worker=worker, study=study, reason=reason, by_id=actor.person_id, audit_id=entry)
        hold.save(force_insert=True)
    return hold


def release_hold(*, actor: Actor, hold_id: int) -> Hold:
    """End the hold. Does nothing if it has ended."""
    require(actor, Permission.ERASE)
    with audit.transaction(actor.context) as tx:
        try:
            hold = locked(Hold.objects.select_related("worker", "study"), hold_id)
        except Hold.DoesNotExist:
            raise NotVisible from None
        _check_visible(actor, hold.worker, hold.study)
        if hold.ended_at is not None:
            return hold
        entry = tx.record(
            "privacy.hold.released",
            target=_target(hold.study),
            stream=hold.study.stream if hold.study else "system",
            subject=hold.worker_id,
        )
        move(
            Hold.objects.filter(pk=hold.pk, ended_at=None),
            entry=entry,
            ended_at=timezone.now(),
            ended_by_id=actor.person_id,
        )
    hold.refresh_from_db()
    return hold


def holds_against(worker: Worker) -> list[Hold]:
    """What keeps the worker from being erased: holds on the worker, and on studies with changes of the worker."""
    studies = Change.objects.filter(worker=worker, job__study__isnull=False).order_by().values("job__study")
    running = Hold.objects.filter(ended_at=None).select_related("study", "by")
    return [*running.filter(worker=worker), *running.filter(study__in=studies)]


def _check_visible(actor: Actor, worker: Worker | None, study: Study | None) -> None:
    if worker is not None and not workers_visible_to(actor).filter(pk=worker.pk).exists():
        raise NotVisible
    if study is not None and not may_hold_study(actor, study):
        raise NotAllowed("A PI of the study or a manager does that. Nothing was done.")


def _target(study: Study | None) -> Target:
    if study is None:
        return Target("worker", "worker", "a worker")
    return Target("study", str(study.pk), study.title)
