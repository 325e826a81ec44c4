"""Studies and their PIs."""

from typing import Any, Final

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError
from qualadmin.core.models import RETENTION_LEAST, RETENTION_USUAL, RoleAssignment, Study, StudyInvestigator, User
from qualadmin.core.permissions import Permission, Role, require

from .rows import differences, locked, locked_unchanged, move
from .texts import clean_name, free_slug

RETENTION_MOST: Final = 100  # years


def add_study(
    *, actor: Actor, title: str, protocol_number: str = "", retention_years: int = RETENTION_USUAL
) -> Study:
    """Add a study. Its slug names its audit stream and stays. `retention_years` count from when it is closed."""
    require(actor, Permission.MANAGE_STUDIES)
    study = Study(**_cleaned(title, protocol_number), retention_years=_long_enough(retention_years))
    with audit.transaction(actor.context) as tx:
        study.slug = free_slug(study.title, otherwise="study", rows=Study.objects.all())
        study.audit_id = tx.record(
            "study.created",
            target=study_target(study),
            stream=study.stream,
            changes={
                "title": [None, study.title],
                "protocol_number": [None, study.protocol_number],
                "slug": [None, study.slug],
                "retention_years": [None, study.retention_years],
            },
        )
        study.save(force_insert=True)
    return study


def update_study(
    *,
    actor: Actor,
    study: Study,
    title: str,
    protocol_number: str,
    is_open: bool = True,
    retention_years: int | None = None,
) -> Study:
    """Change title, protocol number or how long it is kept, close a study or open it again.

    The time for which it is kept begins when it is closed, each time anew. None leaves the years as they are.
    """
    require(actor, Permission.MANAGE_STUDIES)
    wanted: dict[str, Any] = {**_cleaned(title, protocol_number), "is_open": is_open}
    if retention_years is not None:
        wanted["retention_years"] = _long_enough(retention_years)
    with audit.transaction(actor.context) as tx:
        row = locked_unchanged(Study.objects.all(), study)
        if is_open != row.is_open:
            wanted["closed_at"] = None if is_open else timezone.now()
        changed = differences(row, wanted)
        if "closed_at" in changed:
            changed["closed_at"] = tuple(one and one.isoformat() for one in changed["closed_at"])
        if changed:
            entry = tx.record("study.updated", target=study_target(row), stream=row.stream, changes=changed)
            move(Study.objects.filter(pk=row.pk), entry=entry, **wanted)
    study.refresh_from_db()
    return study


def add_investigator(*, actor: Actor, study: Study, user: User) -> StudyInvestigator:
    """Name a PI of a study. The person must hold the role of PI; nobody names oneself."""
    require(actor, Permission.MANAGE_STUDIES)
    if actor.user_id == user.pk:
        raise ActionError(
            "You cannot name yourself. Nothing was changed. Another manager can do it.",
            field="user",
            code="oneself",
        )
    with audit.transaction(actor.context) as tx:
        locked(Study.objects.all(), study.pk)  # two at once name the person once
        named = StudyInvestigator.objects.filter(study=study, user=user, ended_at=None).first()
        if named is not None:
            return named
        _check_is_pi(user)
        entry = tx.record(
            "study.investigator.added",
            target=study_target(study),
            stream=study.stream,
            changes={"investigator": [None, str(user.pk)]},
        )
        return StudyInvestigator.objects.create(study=study, user=user, audit_id=entry)


def remove_investigator(*, actor: Actor, study: Study, user: User) -> None:
    """The person is no longer a PI of the study. Does nothing if they were none."""
    require(actor, Permission.MANAGE_STUDIES)
    with audit.transaction(actor.context) as tx:
        named = StudyInvestigator.objects.filter(study=study, user=user, ended_at=None)
        if not named.select_for_update(no_key=True).first():
            return
        entry = tx.record(
            "study.investigator.removed",
            target=study_target(study),
            stream=study.stream,
            changes={"investigator": [str(user.pk), None]},
        )
        move(named, entry=entry, ended_at=timezone.now())


def study_target(study: Study) -> Target:
    """How entries name a study."""
    return Target("study", str(study.pk), study.title)


def _check_is_pi(user: User) -> None:
    holds = RoleAssignment.objects.current().filter(user=user, role=Role.PI).exists()
    if not (user.is_active and holds):
        raise ActionError(
            f"{user.full_name} does not hold the role of PI. Nothing was changed. Give the role first.",
            field="user",
        )


def _long_enough(years: int) -> int:
    if not RETENTION_LEAST <= years <= RETENTION_MOST:
        raise ActionError(
            f"A study is kept for {RETENTION_LEAST} to {RETENTION_MOST} years after it was closed. "
            "Nothing was saved.",
            field="retention_years",
        )
    return years


def _cleaned(title: str, protocol_number: str) -> dict[str, str]:
    return {
        "title": clean_name(title, field="title", label="The title", limit=200),
        "protocol_number": clean_name(
            protocol_number, field="protocol_number", label="The protocol number", limit=60, required=False
        ),
    }
