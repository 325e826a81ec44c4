"""Grants for a time: when they end, who takes them away, and which newer wish wins."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, TaskInfo
from qualadmin.core.actions.expiry import due_ends, end_grants, prepare_ends
from qualadmin.core.actions.holders import apply_holders
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.seen import SeenHolder
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.models import Change, Job, Qualification, QualificationType, RoleAssignment, Study, User
from tests.core.actions.undoing import undo
from tests.entries import new_entries
from tests.factories import TypeFactory
from tests.people import Cast
from tests.tasks.hands import finish
from tests.tasks.lists import make_job, make_preview, worker_ids

pytestmark = pytest.mark.django_db
CLOCK = Actor.system("expiry")
TASK = TaskInfo(id="1", name="expiry")
TODAY = timezone.now().date()


def give(granter: User, wave: QualificationType, *ids: str, **more: object) -> Job:
    job = make_job(granter, wave, ids or ["A1MADEUPWORKER"], **more)
    finish(wave.account)
    return job


def night(after: int, hours: int = 1) -> list[Job | None]:
    """What is due so many days after today, a few hours past midnight."""
    now = datetime.combine(TODAY + timedelta(days=after), datetime.min.time(), tzinfo=UTC) + timedelta(hours=hours)
    return [end_grants(actor=CLOCK, due=due, task=TASK, now=now) for due in due_ends(now=now)]


def holders(wave: QualificationType) -> set[str | None]:
    rows = Qualification.objects.filter(type=wave, status="Granted")
    return set(rows.values_list("worker__worker_id", flat=True))


def ends(wave: QualificationType) -> set[datetime | None]:
    return set(Qualification.objects.filter(type=wave).values_list("expires_at", flat=True))


@pytest.mark.parametrize("more", [{"until": TODAY + timedelta(days=3)}, {"days": 3}])
def test_a_grant_ends_when_its_last_day_is_over(
    granter: User, wave: QualificationType, study: Study, more: dict[str, object]
) -> None:
    with new_entries() as entries:
        give(granter, wave, study=study, **more)
    over = datetime.combine(TODAY + timedelta(days=4), datetime.min.time(), tzinfo=UTC)
    assert ends(wave) == {over}
    assert Change.objects.get().expires_at == over
    created = next(one for one in entries if one.action == "job.created")
    assert {"hold_until", "hold_days"} & set(created.changes)
    assert night(after=3, hours=23) == []
    [job] = night(after=4)
    assert job is not None
    assert (job.created_by, job.study, job.kind, job.source) == (granter, study, "revoke", "ends")
    assert (job.notify, job.revoke_reason, job.title) == (False, "", "Grants whose time is over")
    assert night(after=4) == []  # its own job is about it
    finish(wave.account)
    assert holders(wave) == set()
    assert ends(wave) == {None}
    assert night(after=9) == []


def test_a_newer_grant_wins(granter: User, colleague: User, wave: QualificationType) -> None:
    """With another end, with none, with the same score: whatever was wished last."""
    ids = worker_ids(4)
    give(granter, wave, *ids, days=1)
    give(colleague, wave, ids[0], score=100)  # the same score, without an end
    give(colleague, wave, ids[1], score=100, days=30)
    give(colleague, wave, ids[2], score=50)
    assert all(job is not None for job in night(after=2))
    finish(wave.account)
    assert holders(wave) == set(ids[:3])
    night(after=31)
    finish(wave.account)
    assert holders(wave) == {ids[0], ids[2]}


def test_a_grant_made_after_planning_wins_too(granter: User, colleague: User, wave: QualificationType) -> None:
    give(granter, wave, days=1)
    _later(days=2)
    preview = prepare_ends(actor=granter.as_actor(), account=wave.account, study_id=None)
    give(colleague, wave, score=7)
    job = confirm_preview(actor=granter.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    finish(wave.account)
    assert holders(wave) == {"A1MADEUPWORKER"}
    assert set(job.changes.values_list("code", flat=True)) == {"changed_since"}


def _later(days: int) -> None:
    """As if it had been granted so many days ago, with an entry for it."""
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("mturk.drift.detected")
        for row in Qualification.objects.exclude(expires_at=None):
            moved = {"expires_at": row.expires_at - timedelta(days=days + 1), "audit_id": entry}  # type: ignore[operator]
            Change.objects.filter(audit_id=row.audit_id).update(**moved)
            Qualification.objects.filter(pk=row.pk).update(**moved)


def test_what_amazon_shows_otherwise_is_a_newer_wish(granter: User, wave: QualificationType) -> None:
    give(granter, wave, days=1)
    now = timezone.now() + timedelta(minutes=5)
    seen = [SeenHolder("A1MADEUPWORKER", "Granted", 3, now)]
    with audit.transaction(Context.system("tests")) as tx:
        QualificationType.objects.filter(pk=wave.pk).update(
            holders_synced_at=now, audit_id=tx.record("qtype.synced")
        )
    wave.refresh_from_db()
    apply_holders(actor=CLOCK, type=wave, holders=seen, as_of=now)
    assert ends(wave) == {None}
    assert night(after=5) == []


def test_the_preview_says_what_becomes_of_an_end(granter: User, wave: QualificationType) -> None:
    give(granter, wave, days=1)
    last = (TODAY + timedelta(days=1)).isoformat()
    for more, group, why in (
        ({}, "score", f"Its end was {last}; now it has none."),
        ({"days": 5}, "score", f"Its end was {last}; it changes."),
    ):
        [row] = make_preview(granter, wave, ["A1MADEUPWORKER"], **more).rows.all()
        assert (row.group, row.why) == (group, why)
    give(granter, wave)
    [row] = make_preview(granter, wave, ["A1MADEUPWORKER"]).rows.all()
    assert row.group == "same"
    [row] = make_preview(granter, wave, ["A1MADEUPWORKER"], days=5).rows.all()
    assert (row.group, row.why) == ("score", "From now on it ends.")


def test_undoing_a_grant_for_a_time_leaves_nothing_to_end(granter: User, wave: QualificationType) -> None:
    job = give(granter, wave, days=1)
    undo(granter, job)
    assert (holders(wave), night(after=5)) == (set(), [])


def test_each_asker_answers_for_the_own_grants_and_authority_is_asked_again(
    granter: User, colleague: User, cast: Cast, wave: QualificationType
) -> None:
    give(granter, wave, "A1MADEUPWORKER", days=1)
    give(colleague, wave, "A2MADEUPWORKER", days=1)
    with audit.transaction(Context.system("tests")) as tx:
        RoleAssignment.objects.filter(user=granter).update(
            ended_at=timezone.now(), audit_id=tx.record("role.revoked")
        )
    with new_entries() as entries:
        jobs = [job for job in night(after=2) if job is not None]
    assert [job.created_by for job in jobs] == [colleague]
    assert entries.actions.count("list.ended.failed") == 1
    finish(wave.account)
    assert holders(wave) == {"A1MADEUPWORKER"}
    _later(days=2)
    assert [(one.person_id, one.count) for one in due_ends(now=timezone.now(), account=wave.account)] == [
        (granter.pk, 1)
    ]
    with new_entries() as entries:
        preview = prepare_ends(actor=colleague.as_actor(), account=wave.account, study_id=None)
    assert (entries.only.action, entries.only.actor_id) == ("list.ended", str(colleague.pk))
    assert entries.only.changes == {"rows": [None, preview.rows.count()]}
    confirm_preview(actor=colleague.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    finish(wave.account)
    assert holders(wave) == set()
    with pytest.raises(ActionError, match="Nothing is over"):
        prepare_ends(actor=colleague.as_actor(), account=wave.account, study_id=None)
    with pytest.raises(NotAllowed):
        prepare_ends(actor=cast.actor("manager"), account=wave.account, study_id=None)


def test_a_closed_study_keeps_nothing_from_ending(granter: User, wave: QualificationType, study: Study) -> None:
    give(granter, wave, days=1, study=study)
    with audit.transaction(Context.system("tests")) as tx:
        Study.objects.filter(pk=study.pk).update(is_open=False, audit_id=tx.record("study.updated"))
    [job] = night(after=2)
    assert job is not None
    assert job.study == study


def test_a_run_above_a_threshold_waits_for_approval(
    granter: User, cast: Cast, study: Study, settings: object
) -> None:
    wave = TypeFactory(account=cast.account, name="Wave 9")
    give(granter, wave, *worker_ids(3), days=1, study=study)
    settings.APPROVAL_REHEARSE, settings.APPROVAL_REVOKES = True, 2  # type: ignore[attr-defined]
    [job] = night(after=2)
    assert job is not None
    job.refresh_from_db()
    assert job.state == Job.State.WAITING


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"until": date(2020, 1, 1)}, "past_day"),
        ({"days": 0}, "days_range"),
        ({"days": 5000}, "days_range"),
        ({"days": 5, "until": date(2999, 1, 1)}, "two_ends"),
    ],
)
def test_ends_that_cannot_be_are_refused(
    granter: User, wave: QualificationType, more: dict[str, object], code: str
) -> None:
    with pytest.raises(ActionError) as refused:
        make_preview(granter, wave, ["A1MADEUPWORKER"], **more)
    assert refused.value.code == code
