"""Rules: what they give and take away, and above all what they leave alone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, TaskInfo
from qualadmin.core import days
from qualadmin.core.actions import rule_evaluation, rules
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.list_sources import add_workers, drop_source
from qualadmin.core.actions.lists import add_list, archive_list
from qualadmin.core.actions.rule_runs import due_rules, prepare_run, run_rule, start_rule
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    Job,
    ListRule,
    ListSource,
    Preview,
    Qualification,
    QualificationType,
    RoleAssignment,
    Study,
    User,
    WorkerList,
)
from tests.entries import new_entries, newest, payload_of
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast
from tests.tasks.hands import finish
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db
CLOCK = Actor.system("rules")
TASK = TaskInfo(id="1", name="rules")


@pytest.fixture
def members(granter: User, wave: QualificationType) -> WorkerList:
    return add_list(actor=granter.as_actor(), account=wave.account, name="Prior participants")


def paste(granter: User, one: WorkerList, *ids: str, on: date | None = None) -> ListSource:
    content = "\n".join(ids).encode()
    return add_workers(actor=granter.as_actor(), list_id=one.pk, content=content, taken_on=on)


def make(granter: User, wave: QualificationType, *lists: WorkerList, **more: object) -> ListRule:
    return rules.add_rule(actor=granter.as_actor(), type=wave, lists=lists, **more)  # type: ignore[arg-type]


def confirm(person: User, rule: ListRule) -> Job:
    """Look at a run and confirm it, and let it be sent."""
    preview = prepare_run(actor=person.as_actor(), rule_id=rule.pk)
    assert preview is not None
    job = confirm_preview(actor=person.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    finish(rule.account)
    return job


def night(rule: ListRule, now: datetime | None = None) -> Job | None:
    job = run_rule(actor=CLOCK, rule_id=rule.pk, task=TASK, now=now)
    finish(rule.account)
    rule.refresh_from_db()
    return job


def holders(wave: QualificationType) -> set[str | None]:
    rows = Qualification.objects.filter(type=wave, status="Granted")
    return set(rows.values_list("worker__worker_id", flat=True))


def test_the_first_run_is_confirmed_by_a_person_and_the_night_keeps_the_type_in_step(
    granter: User, wave: QualificationType, members: WorkerList, study: Study
) -> None:
    first = paste(granter, members, "A1MADEUPWORKER", "A2MADEUPWORKER")
    rule = make(granter, wave, members, score=7, study=study, reason="Prior participants")
    told = newest("rule.created")
    assert (told.target_id, told.stream, told.actor_id) == (str(rule.pk), study.stream, str(granter.pk))
    assert told.changes["score"] == [None, 7]
    assert payload_of(told) == {"reason": "Prior participants"}
    assert night(rule) is None  # a draft never runs by itself
    assert due_rules() == []
    with new_entries() as entries:
        job = confirm(granter, rule)
    assert "rule.started" in entries.actions
    assert (job.rule, job.source, job.notify, job.revoke_reason) == (rule, "rule", False, "")
    assert (job.study, job.reason, job.title) == (study, "Prior participants", "Rule for “Wave 3”")
    assert holders(wave) == {"A1MADEUPWORKER", "A2MADEUPWORKER"}
    assert set(Qualification.objects.values_list("value", flat=True)) == {7}
    assert due_rules() == [rule.pk]
    with new_entries() as entries:
        assert night(rule) is None  # nothing to do: no job, no entry
    assert entries.actions == []

    drop_source(actor=granter.as_actor(), source_id=first.pk)
    paste(granter, members, "A2MADEUPWORKER", "A3MADEUPWORKER")
    again = night(rule)
    assert again is not None
    assert (again.created_by, again.kind, again.revoke_reason, again.notify) == (granter, "mixed", "", False)
    assert holders(wave) == {"A2MADEUPWORKER", "A3MADEUPWORKER"}


def test_who_leaves_may_keep_it(granter: User, wave: QualificationType, members: WorkerList) -> None:
    source = paste(granter, members, "A1MADEUPWORKER")
    rule = make(granter, wave, members, leavers=ListRule.Leavers.KEEP)
    confirm(granter, rule)
    drop_source(actor=granter.as_actor(), source_id=source.pk)
    assert night(rule) is None
    assert holders(wave) == {"A1MADEUPWORKER"}


@pytest.mark.parametrize(("day", "is_in"), [(date(2026, 6, 1), True), (date(2026, 5, 31), False)])
def test_the_window_is_whole_days(
    granter: User, wave: QualificationType, members: WorkerList, day: date, is_in: bool
) -> None:
    """180 days before 28 November is 1 June: its whole day counts, to the last minute of today."""
    paste(granter, members, "A1MADEUPWORKER", on=day)
    paste(granter, members, "A2MADEUPWORKER")  # nobody knows when
    rule = make(granter, wave, members, days=180)
    for hour in (0, 23):
        found = rule_evaluation.evaluate(rule, datetime(2026, 11, 28, hour, 59, tzinfo=UTC))
        assert [row.worker_id for row in found.grants] == (["A1MADEUPWORKER"] if is_in else [])
        assert (found.listed, found.wanted, found.undated) == (2, int(is_in), 1)


def test_who_took_part_too_long_ago_loses_it_again(
    granter: User, wave: QualificationType, members: WorkerList
) -> None:
    today = timezone.now().date()
    paste(granter, members, "A1MADEUPWORKER", on=today - timedelta(days=30))
    rule = make(granter, wave, members, days=30)
    confirm(granter, rule)
    assert night(rule, timezone.now()) is None
    assert night(rule, timezone.now() + timedelta(days=1)) is not None
    assert holders(wave) == set()


def test_days_where_clocks_change(settings: object) -> None:
    settings.TIME_ZONE = "Europe/Berlin"  # type: ignore[attr-defined]
    # 29 March 2026 has 23 hours, 25 October 25.
    assert days.end_of(date(2026, 3, 29)).astimezone(UTC) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert days.end_of(date(2026, 10, 25)).astimezone(UTC) == datetime(2026, 10, 25, 23, tzinfo=UTC)
    late = datetime(2026, 10, 26, 22, 59, tzinfo=UTC)  # still the 26th there
    assert days.window_start(2, late).astimezone(UTC) == datetime(2026, 10, 23, 22, tzinfo=UTC)
    assert days.end_after(1, datetime(2026, 3, 28, 12, tzinfo=UTC)).astimezone(UTC) == datetime(
        2026, 3, 29, 22, tzinfo=UTC
    )


# --- what it leaves alone -----------------------------------------------------------------------------------


def test_it_takes_away_only_what_it_gave(granter: User, wave: QualificationType, members: WorkerList) -> None:
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AOTHERWORKER"), value=100)
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AHELDBEFORE"), value=100)
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="ASCOREWORKER"), value=3)
    source = paste(granter, members, "AHELDBEFORE", "ASCOREWORKER", "A1MADEUPWORKER", "A2MADEUPWORKER")
    rule = make(granter, wave, members, score=100)
    job = confirm(granter, rule)
    assert job.total == 2  # another score is somebody's decision
    make_job(granter, wave, ["A2MADEUPWORKER"], score=50)
    finish(wave.account)  # a newer grant by a person wins
    drop_source(actor=granter.as_actor(), source_id=source.pk)
    night(rule)
    assert holders(wave) == {"AOTHERWORKER", "AHELDBEFORE", "ASCOREWORKER", "A2MADEUPWORKER"}


def test_it_takes_in_who_held_it_before_if_asked_to(
    granter: User, wave: QualificationType, members: WorkerList
) -> None:
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AHELDBEFORE"))
    paste(granter, members, "A1MADEUPWORKER")
    rule = make(granter, wave, members, takes_in=True)
    job = confirm(granter, rule)
    assert job.kind == "mixed"
    assert holders(wave) == {"A1MADEUPWORKER"}
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AHELDLATER"))
    assert night(rule) is None
    assert "AHELDLATER" in holders(wave)


def test_a_newer_grant_between_preview_and_sending_wins(
    granter: User, colleague: User, wave: QualificationType, members: WorkerList
) -> None:
    source = paste(granter, members, "A1MADEUPWORKER", "A2MADEUPWORKER")
    rule = make(granter, wave, members)
    confirm(granter, rule)
    drop_source(actor=granter.as_actor(), source_id=source.pk)
    preview = prepare_run(actor=granter.as_actor(), rule_id=rule.pk)
    assert preview is not None
    make_job(colleague, wave, ["A1MADEUPWORKER"], score=1)
    finish(wave.account)
    confirm_preview(actor=granter.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    finish(wave.account)
    assert holders(wave) == {"A1MADEUPWORKER"}


def test_workers_of_another_open_job_are_left_to_it(
    granter: User, wave: QualificationType, members: WorkerList
) -> None:
    paste(granter, members, "A1MADEUPWORKER", "A2MADEUPWORKER")
    make_job(granter, wave, ["A1MADEUPWORKER"], score=5)  # not sent yet
    found = rule_evaluation.evaluate(make(granter, wave, members), timezone.now())
    assert [row.worker_id for row in found.grants] == ["A2MADEUPWORKER"]


# --- what stands in its way ---------------------------------------------------------------------------------


def test_two_runs_never_overlap(granter: User, wave: QualificationType, members: WorkerList) -> None:
    paste(granter, members, "A1MADEUPWORKER")
    rule = make(granter, wave, members)
    two = [prepare_run(actor=granter.as_actor(), rule_id=rule.pk) for _ in range(2)]
    assert two[0] is not None
    assert two[1] is not None
    two[0].refresh_from_db()
    assert two[0].state == Preview.State.DISCARDED  # one check page of a person at a time
    confirm_preview(actor=granter.as_actor(), preview_id=two[1].pk, rows_sha256=two[1].rows_sha256)
    paste(granter, members, "A2MADEUPWORKER")
    assert run_rule(actor=CLOCK, rule_id=rule.pk, task=TASK) is None
    with pytest.raises(Conflict, match="not ended yet"):
        prepare_run(actor=granter.as_actor(), rule_id=rule.pk)
    finish(wave.account)
    assert night(rule) is not None


def test_a_run_that_takes_away_from_many_waits_for_a_person(
    granter: User, wave: QualificationType, members: WorkerList
) -> None:
    many = paste(granter, members, *worker_ids(rule_evaluation.GUARD_FROM))
    paste(granter, members, *worker_ids(3, prefix="AOTHER"))
    rule = make(granter, wave, members)
    confirm(granter, rule)
    drop_source(actor=granter.as_actor(), source_id=many.pk)
    with new_entries() as entries:
        assert night(rule) is None
        assert night(rule) is None  # said once
    assert entries.actions == ["rule.run.held"]
    assert "10 of the 13 workers" in rule.held
    assert len(holders(wave)) == 13
    with new_entries() as entries:
        confirm(granter, rule)
    ruled, cleared = newest("list.ruled"), newest("rule.run.cleared")
    assert {ruled, cleared} <= set(entries)
    assert ruled.changes == {"rows": [None, 10], "revokes": [None, 10]}
    assert (ruled.actor_id, cleared.actor_id) == (str(granter.pk), str(granter.pk))
    assert cleared.changes == {"held": [True, False], "trouble": [False, False]}
    rule.refresh_from_db()
    assert (rule.held, len(holders(wave))) == ("", 3)


def test_a_rule_whose_owner_may_no_longer_grant_is_paused(
    granter: User, colleague: User, wave: QualificationType, members: WorkerList
) -> None:
    paste(granter, members, "A1MADEUPWORKER")
    rule = make(granter, wave, members)
    confirm(granter, rule)
    paste(colleague, members, "A2MADEUPWORKER")
    _end_roles(granter)
    with new_entries() as entries:
        assert night(rule) is None
    assert entries.actions == ["rule.paused"]
    assert (rule.state, "may no longer grant" in rule.trouble) == ("paused", True)
    rules.resume_rule(actor=colleague.as_actor(), rule_id=rule.pk)
    job = night(rule)
    assert job is not None
    assert (job.created_by, rule.trouble) == (colleague, "")


def _end_roles(person: User) -> None:
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("role.revoked")
        RoleAssignment.objects.filter(user=person).update(ended_at=timezone.now(), audit_id=entry)


def test_what_keeps_a_run_from_being_made_is_noted(
    granter: User, wave: QualificationType, members: WorkerList
) -> None:
    paste(granter, members, "A1MADEUPWORKER")
    rule = make(granter, wave, members)
    confirm(granter, rule)
    paste(granter, members, "A2MADEUPWORKER")
    for status in ("Inactive", "Active"):
        with audit.transaction(Context.system("tests")) as tx:
            QualificationType.objects.filter(pk=wave.pk).update(
                status=status, audit_id=tx.record("qtype.imported")
            )
        with new_entries() as entries:
            job = night(rule)
        if status == "Inactive":
            assert job is None
            assert "is inactive at Amazon" in rule.trouble
            assert entries.actions == ["rule.run.failed"]
        else:
            assert job is not None
            assert rule.trouble == ""


def test_a_run_above_a_threshold_waits_for_approval(
    granter: User, cast: Cast, study: Study, settings: object
) -> None:
    settings.APPROVAL_REHEARSE, settings.APPROVAL_WORKERS = True, 1  # type: ignore[attr-defined]
    wave = TypeFactory(account=cast.account, name="Wave 9")
    one = add_list(actor=granter.as_actor(), account=cast.account, name="One")
    paste(granter, one, "A1MADEUPWORKER")
    rule = make(granter, wave, one, study=study)
    confirm(granter, rule)
    paste(granter, one, *worker_ids(2))
    job = night(rule)
    assert job is not None
    job.refresh_from_db()
    assert job.state == Job.State.WAITING
    assert night(rule) is None  # it has not ended
    assert holders(wave) == {"A1MADEUPWORKER"}


def test_pausing_resuming_and_ending(
    granter: User, cast: Cast, wave: QualificationType, members: WorkerList
) -> None:
    paste(granter, members, "A1MADEUPWORKER")
    rule, actor = make(granter, wave, members), granter.as_actor()
    with pytest.raises(Conflict, match="Only an active rule"):
        rules.pause_rule(actor=actor, rule_id=rule.pk)
    confirm(granter, rule)
    with pytest.raises(Conflict, match="A rule for “Wave 3” follows"):
        archive_list(actor=actor, one=members)
    with new_entries() as entries:
        for act in (rules.pause_rule, rules.pause_rule, rules.resume_rule, rules.end_rule, rules.end_rule):
            act(actor=actor, rule_id=rule.pk)
    assert entries.actions == ["rule.paused", "rule.resumed", "rule.ended"]
    with pytest.raises(Conflict):
        rules.resume_rule(actor=actor, rule_id=rule.pk)
    with pytest.raises(Conflict):
        prepare_run(actor=actor, rule_id=rule.pk)
    with pytest.raises(NotAllowed):
        rules.end_rule(actor=cast.actor("manager"), rule_id=rule.pk)
    with pytest.raises(NotVisible):
        rules.end_rule(actor=cast.actor("outsider"), rule_id=rule.pk)
    assert night(rule) is None
    assert holders(wave) == {"A1MADEUPWORKER"}
    archive_list(actor=actor, one=members)


def test_a_rule_that_has_nothing_to_do_is_started_without_a_job(
    granter: User, wave: QualificationType, members: WorkerList
) -> None:
    rule = make(granter, wave, members)
    assert prepare_run(actor=granter.as_actor(), rule_id=rule.pk) is None
    source = paste(granter, members, "A1MADEUPWORKER")
    with pytest.raises(ActionError, match="would change 1 worker"):
        start_rule(actor=granter.as_actor(), rule_id=rule.pk)
    drop_source(actor=granter.as_actor(), source_id=source.pk)
    start_rule(actor=granter.as_actor(), rule_id=rule.pk)
    start_rule(actor=granter.as_actor(), rule_id=rule.pk)
    paste(granter, members, "A2MADEUPWORKER")
    assert night(rule) is not None


def test_a_rule_without_any_list_asks_for_nobody(
    granter: User, wave: QualificationType, members: WorkerList
) -> None:
    paste(granter, members, "A1MADEUPWORKER")
    rule = make(granter, wave, members)
    rule.lists.clear()
    assert prepare_run(actor=granter.as_actor(), rule_id=rule.pk) is None


def test_bad_wishes_are_refused(granter: User, cast: Cast, wave: QualificationType, members: WorkerList) -> None:
    elsewhere = add_list(actor=granter.as_actor(), account=cast.other_account, name="Elsewhere")
    for more, field in (
        ({"days": 0}, "days"),
        ({"days": 4000}, "days"),
        ({"score": 101}, "score"),
        ({"lists": [elsewhere]}, "lists"),
        ({"lists": []}, "lists"),
    ):
        wanted = {"lists": [members], **more}
        with pytest.raises(ActionError) as refused:
            rules.add_rule(actor=granter.as_actor(), type=wave, **wanted)  # type: ignore[arg-type]
        assert refused.value.field == field
    inactive = TypeFactory(account=cast.account, status="Inactive")
    with pytest.raises(ActionError, match="inactive"):
        make(granter, inactive, members)
    with pytest.raises(NotAllowed):
        make(cast.manager, wave, members)
    assert not ListRule.objects.exists()
