"""From a list to the check page: what every line would do, every fault at once, and nothing done yet."""

import uuid

import pytest

from qualadmin.core.actions.previews import ACTIONABLE, Wishes, discard_preview, plan_preview, start_preview
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    Change,
    Job,
    Preview,
    PreviewRow,
    QualificationType,
    RequesterAccount,
    Study,
    User,
    Verb,
    Worker,
)
from qualadmin.core.reading import Plan
from tests.entries import new_entries, payload_of
from tests.factories import QualificationFactory, RequestFactory, StudyFactory, TypeFactory, WorkerFactory
from tests.tasks.lists import make_job, make_preview

pytestmark = pytest.mark.django_db

Group = PreviewRow.Group
GOOD = "AGOODWORKER001"


def groups(preview: Preview) -> dict[str, str]:
    """What was given → group."""
    return dict(preview.rows.values_list("given", "group"))


def plan(person: User, preview: Preview, chosen: QualificationType, **wishes: object) -> Preview:
    wanted = Wishes(**{"score": 100, **wishes})  # type: ignore[arg-type]
    return plan_preview(
        actor=person.as_actor(), preview=preview, plan=Plan(types={"": str(chosen.pk)}), wishes=wanted
    )


# --- what every line would do -------------------------------------------------------------------------------


def test_each_line_is_in_the_group_of_what_would_happen(wave: QualificationType, granter: User) -> None:
    same, other, gone, waits = (
        WorkerFactory(worker_id=f"AKNOWN{name}") for name in ("SAME", "OTHER", "GONE", "WAITS")
    )
    QualificationFactory(type=wave, worker=same, value=100)
    QualificationFactory(type=wave, worker=other, value=60)
    QualificationFactory(type=wave, worker=gone, value=100, status="Revoked")
    QualificationFactory(type=TypeFactory(account=wave.account), worker=waits)  # of another type: no matter
    RequestFactory(type=wave, worker=waits)
    preview = make_preview(
        granter, wave, [GOOD, "AKNOWNSAME", "AKNOWNOTHER", "AKNOWNGONE", "AKNOWNWAITS", "nonsense"]
    )
    assert groups(preview) == {
        GOOD: Group.NEW,
        "AKNOWNSAME": Group.SAME,
        "AKNOWNOTHER": Group.SCORE,
        "AKNOWNGONE": Group.NEW,
        "AKNOWNWAITS": Group.NEW,
        "nonsense": Group.PROBLEM,
    }
    assert {name: preview.counts[name] for name in Group.values} == {
        "new": 3, "score": 1, "same": 1, "revoke": 0, "reject": 0, "problem": 1, "left": 0,
    }  # fmt: skip
    assert preview.counts["requests"] == 1
    rows = {row.given: row for row in preview.rows.all()}
    assert (rows["AKNOWNOTHER"].value_before, rows["AKNOWNOTHER"].value) == (60, 100)
    assert rows["AKNOWNGONE"].why.startswith("Was taken away before.")
    assert rows["AKNOWNWAITS"].has_request
    assert not rows[GOOD].has_request
    assert rows[GOOD].known is None
    assert rows["nonsense"].why
    assert [row.n for row in preview.rows.all()] == [1, 2, 3, 4, 5, 6]


def test_taking_away_concerns_only_who_holds_it(wave: QualificationType, granter: User) -> None:
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AHOLDER"))
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AFORMER"), status="Revoked")
    preview = make_preview(granter, wave, ["AHOLDER", "AFORMER", GOOD], verb=Verb.REVOKE)
    assert groups(preview) == {"AHOLDER": Group.REVOKE, "AFORMER": Group.SAME, GOOD: Group.SAME}
    assert set(preview.rows.values_list("value", flat=True)) == {None}


def test_nothing_is_done_by_looking(wave: QualificationType, granter: User) -> None:
    with new_entries() as entries:
        make_preview(granter, wave, [GOOD])
    assert entries.actions == ["file.uploaded"]
    assert not Change.objects.exists()
    assert not Job.objects.exists()
    assert not Worker.objects.exists()


def test_all_faults_come_at_once(wave: QualificationType, granter: User) -> None:
    lines = ["worker,score", f"{GOOD},50", "someone@example.org,50", "AGOODWORKER002,1.5", "AGOODWORKER003,101",
             "AGOODWORKER004,-1", "AGOODWORKER005,", "АGOODWORKER006,50"]  # fmt: skip
    preview = make_preview(granter, wave, lines, score=None)
    assert preview.counts["new"] == 1
    problems = preview.rows.filter(group=Group.PROBLEM)
    assert [row.line for row in problems] == [3, 4, 5, 6, 7, 8]
    assert all(row.why and row.code for row in problems)
    assert len({row.code for row in problems}) >= 4


def test_a_correction_is_used_only_when_accepted(wave: QualificationType, granter: User) -> None:
    preview = make_preview(granter, wave, ["agoodworker001", "agoodworker002"])
    assert set(groups(preview).values()) == {Group.PROBLEM}
    assert set(preview.rows.values_list("worker_id", "proposal")) == {
        ("", "AGOODWORKER001"),
        ("", "AGOODWORKER002"),
    }
    assert (preview.counts["proposed"], preview.counts["corrected"]) == (2, 0)

    only_first = Plan(types={"": str(wave.pk)}, accept=(1,))
    planned = plan_preview(actor=granter.as_actor(), preview=preview, plan=only_first, wishes=Wishes(score=100))
    assert set(planned.rows.values_list("given", "worker_id", "group")) == {
        ("agoodworker001", "AGOODWORKER001", Group.NEW),
        ("agoodworker002", "", Group.PROBLEM),
    }
    assert (planned.counts["proposed"], planned.counts["corrected"]) == (1, 1)


def test_a_worker_named_twice_is_one_line_and_two_scores_are_a_fault(
    wave: QualificationType, granter: User
) -> None:
    lines = ["worker,score", f"{GOOD},50", f"{GOOD},50", "AGOODWORKER002,10", "AGOODWORKER002,20"]
    preview = make_preview(granter, wave, lines, score=None)
    assert preview.counts["new"] == 1
    assert preview.rows.filter(group=Group.NEW).get().why
    assert set(preview.rows.filter(given="AGOODWORKER002").values_list("group", "code")) == {
        (Group.PROBLEM, "conflict")
    }


def test_a_line_without_score_where_none_was_chosen_cannot_be_done(wave: QualificationType, granter: User) -> None:
    preview = make_preview(granter, wave, [GOOD], score=None)
    assert preview.rows.get().group == Group.PROBLEM
    assert preview.rows.get().code == "no_score"


# --- what may be planned ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": "Inactive"}, "inactive_type"),
        ({"state": QualificationType.State.REQUESTED, "mturk_id": None}, "type_not_live"),
        ({"state": QualificationType.State.REFUSED, "mturk_id": None}, "type_not_live"),
        ({"state": QualificationType.State.GONE}, "type_not_live"),
        ({"is_requestable": False, "mturk_id": "00000000000000000071"}, "system_type"),
    ],
)
def test_bi15_a_type_that_cannot_be_given_is_refused(
    account: RequesterAccount, granter: User, fields: dict[str, object], code: str
) -> None:
    with pytest.raises(ActionError) as refusal:
        make_preview(granter, TypeFactory(account=account, **fields), [GOOD])
    assert (refusal.value.code, refusal.value.field) == (code, "type")
    assert not PreviewRow.objects.exists()


def test_bi15_an_inactive_type_can_still_be_taken_away(account: RequesterAccount, granter: User) -> None:
    inactive = TypeFactory(account=account, status="Inactive")
    QualificationFactory(type=inactive, worker=WorkerFactory(worker_id=GOOD))
    assert make_preview(granter, inactive, [GOOD], verb=Verb.REVOKE).counts["revoke"] == 1


@pytest.mark.parametrize("foreign", ["other account", "unknown", "nonsense"])
def test_bi15_a_type_of_another_account_is_refused(
    wave: QualificationType, other_account: RequesterAccount, granter: User, foreign: str
) -> None:
    preview = make_preview(granter, wave, [GOOD])
    pk = {
        "other account": str(TypeFactory(account=other_account).pk),
        "unknown": str(uuid.uuid4()),
        "nonsense": "x",
    }
    with pytest.raises(ActionError) as refusal:
        plan_preview(
            actor=granter.as_actor(), preview=preview, plan=Plan(types={"": pk[foreign]}), wishes=Wishes(score=1)
        )
    assert refusal.value.code == "foreign_type"
    preview.refresh_from_db()
    assert preview.state == Preview.State.READY
    assert preview.type == wave


def test_a_type_must_be_chosen(wave: QualificationType, granter: User) -> None:
    preview = make_preview(granter, wave, [GOOD])
    with pytest.raises(ActionError) as refusal:
        plan_preview(actor=granter.as_actor(), preview=preview, plan=Plan(), wishes=Wishes(score=1))
    assert refusal.value.code == "no_type"


@pytest.mark.parametrize("score", [-1, 101, 2**31])
def test_bi16_a_score_outside_the_range_of_the_type_is_refused(
    wave: QualificationType, granter: User, score: int
) -> None:
    with pytest.raises(ActionError) as refusal:
        make_preview(granter, wave, [GOOD], score=score)
    assert (refusal.value.code, refusal.value.field) == ("score_range", "score")
    assert "0 to 100" in refusal.value.message


@pytest.mark.parametrize("score", [0, 100])
def test_bi16_the_ends_of_the_range_are_in_it(wave: QualificationType, granter: User, score: int) -> None:
    assert make_preview(granter, wave, [GOOD], score=score).rows.get().value == score


def test_production_needs_an_open_study(production_account: RequesterAccount, granter: User, study: Study) -> None:
    real = TypeFactory(account=production_account)
    for wanted, code in ((None, "no_study"), (StudyFactory(is_open=False), "closed_study")):
        with pytest.raises(ActionError) as refusal:
            make_preview(granter, real, [GOOD], study=wanted)
        assert (refusal.value.code, refusal.value.field) == (code, "study")
    assert make_preview(granter, real, [GOOD], study=study).study == study


def test_a_reason_is_asked_for_where_the_account_wants_one(granter: User) -> None:
    from tests.factories import AccountFactory

    strict = TypeFactory(account=AccountFactory(reason_required=True))
    with pytest.raises(ActionError) as refusal:
        make_preview(granter, strict, [GOOD], reason="  ")
    assert refusal.value.code == "no_reason"
    assert make_preview(granter, strict, [GOOD], reason=" wave 3 ").reason == "wave 3"


@pytest.mark.parametrize("name", ["viewer", "pi", "manager"])
def test_only_granters_bring_lists(wave: QualificationType, request: pytest.FixtureRequest, name: str) -> None:
    with pytest.raises(NotAllowed), new_entries() as entries:
        make_preview(request.getfixturevalue(name), wave, [GOOD])
    assert entries == []
    assert not Preview.objects.exists()


def test_an_account_out_of_scope_does_not_exist(wave: QualificationType, outsider: User) -> None:
    with pytest.raises(NotVisible):
        make_preview(outsider, wave, [GOOD])


def test_a_list_that_cannot_be_read_is_refused_and_noted(wave: QualificationType, granter: User) -> None:
    with new_entries() as entries, pytest.raises(ActionError) as refusal:
        start_preview(
            actor=granter.as_actor(),
            account=wave.account,
            source=Preview.Source.FILE,
            content=b"%PDF-1.7 not a list",
            file_name="list.csv",
        )
    assert refusal.value.field == "list"
    assert (entries.only.action, entries.only.outcome) == ("file.rejected", "denied")
    assert payload_of(entries.only)["file_name"] == "list.csv"
    assert not Preview.objects.exists()


# --- planning again, and other people -----------------------------------------------------------------------


def test_planning_again_replaces_everything(
    wave: QualificationType, account: RequesterAccount, granter: User
) -> None:
    preview = make_preview(granter, wave, [GOOD, "nonsense"])
    first = preview.rows_sha256
    other = TypeFactory(account=account, name="Wave 4")
    planned = plan(granter, preview, other, score=20, notify=True, reason="again")
    stored = Preview.objects.get()
    assert stored.rows.count() == 2
    assert set(stored.rows.values_list("type", flat=True)) == {other.pk}
    assert (stored.score, stored.notify, stored.reason, stored.type) == (20, True, "again", other)
    assert planned.rows_sha256 == stored.rows_sha256 != first


def test_the_digest_says_what_would_be_done_and_nothing_else(wave: QualificationType, granter: User) -> None:
    preview = make_preview(granter, wave, [GOOD, "nonsense"])
    first = preview.rows_sha256
    assert plan(granter, preview, wave, reason="another reason").rows_sha256 == first
    assert plan(granter, preview, wave, score=99).rows_sha256 != first
    assert make_preview(granter, wave, [GOOD]).rows_sha256 == first
    assert make_preview(granter, wave, [GOOD, "AGOODWORKER002"]).rows_sha256 != first
    assert len(first) == 64


def test_long_lists_are_stored_whole_and_in_order(wave: QualificationType, granter: User) -> None:
    ids = [f"ALONG{number:05d}" for number in range(2500)]
    preview = make_preview(granter, wave, ids)
    assert list(preview.rows.values_list("worker_id", flat=True)) == ids
    assert preview.counts["new"] == 2500


def test_a_preview_of_somebody_else_does_not_exist(wave: QualificationType, granter: User) -> None:
    from tests.factories import RoleFactory, UserFactory

    preview = make_preview(granter, wave, [GOOD])
    colleague = UserFactory()
    RoleFactory(user=colleague, role="granter")
    with pytest.raises(NotVisible):
        plan(colleague, preview, wave)
    with pytest.raises(NotVisible):
        discard_preview(actor=colleague.as_actor(), preview_id=preview.pk)
    preview.refresh_from_db()
    assert preview.state == Preview.State.READY


def test_what_was_confirmed_or_discarded_is_not_planned_again(wave: QualificationType, granter: User) -> None:
    confirmed = make_job(granter, wave, [GOOD]).preview
    discarded = make_preview(granter, wave, [GOOD])
    discard_preview(actor=granter.as_actor(), preview_id=discarded.pk)
    discarded.refresh_from_db()
    assert (discarded.state, discarded.content, discarded.rows.count()) == (Preview.State.DISCARDED, None, 0)
    for preview in (confirmed, discarded):
        with pytest.raises(Conflict):
            plan(granter, preview, wave)
    stale = Preview.objects.get(pk=confirmed.pk)
    stale.state = Preview.State.READY  # as another window had read it
    stale.content = GOOD.encode()
    with pytest.raises(Conflict):
        plan(granter, stale, wave)
    assert confirmed.rows.filter(group__in=ACTIONABLE).count() == 1


def test_discarding_twice_is_a_conflict_and_changes_nothing(wave: QualificationType, granter: User) -> None:
    preview = make_preview(granter, wave, [GOOD])
    discard_preview(actor=granter.as_actor(), preview_id=preview.pk)
    with pytest.raises(Conflict):
        discard_preview(actor=granter.as_actor(), preview_id=preview.pk)
    with pytest.raises(NotVisible):
        discard_preview(actor=granter.as_actor(), preview_id=uuid.uuid4())
