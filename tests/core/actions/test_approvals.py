"""Which jobs wait for a second person, who that may be, and what becomes of the job."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from qualadmin.core.actions.approvals import approve_job, send_back_job, waiting_for, withdraw_job
from qualadmin.core.actions.claims import due_accounts
from qualadmin.core.actions.control import pause_job, resume_job, retry_failed, stop_job
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.people import deactivate_user, update_user
from qualadmin.core.actions.studies import remove_investigator
from qualadmin.core.actions.thresholds import Reason
from qualadmin.core.actions.undo import prepare_undo
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import Change, Job, Letter, QualificationType, RequesterAccount, User, Verb, Worker
from tests.approving import Second, another_pi
from tests.core.actions.test_claims import lose_role
from tests.entries import new_entries, payload_of
from tests.factories import InvestigatorFactory, QualificationFactory, RoleFactory, TypeFactory, WorkerFactory
from tests.tasks.hands import finish, take
from tests.tasks.lists import make_job, make_preview, worker_ids

pytestmark = pytest.mark.django_db
State = Job.State


def fresh(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


# --- which jobs wait ----------------------------------------------------------------------------------------


def grants(second: Second, count: int) -> Job:
    preview = make_preview(second.granter, second.type, worker_ids(count), study=second.study)
    return confirm_preview(
        actor=second.granter.as_actor(),
        preview_id=preview.pk,
        rows_sha256=preview.rows_sha256,
        typed_count=count,
    )


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda second: grants(second, 200), ""),
        (lambda second: grants(second, 201), "reaches 201 workers, more than 200"),
        (lambda second: second.revoking(20), ""),
        (lambda second: second.revoking(21), "takes away from 21 workers, more than 20"),
        (lambda second: second.lowering(60, 61), ""),
        (lambda second: second.lowering(60, 59), "lowers 1 score"),
        (lambda second: second.waiting(1, notify=False), ""),
        (lambda second: second.waiting(1), "lets Amazon e-mail 1 worker"),
    ],
)
def test_each_limit_on_both_sides(second: Second, make: Callable[[Second], Job], says: str) -> None:
    with new_entries() as entries:
        job = make(second)
    job = fresh(job)
    if not says:
        assert job.state == State.RUNNING
        assert not hasattr(job, "approval")
        return
    assert job.state == State.WAITING
    assert [Reason.from_json(one).sentence for one in job.approval.reasons] == [says]
    assert entries.actions[-2:] == ["job.created", "job.approval.requested"]
    assert (job.audit_id, job.approval.audit_id) == (entries[-1].id, entries[-1].id)
    assert entries[-1].stream == second.study.stream


def test_revoking_with_words_for_the_workers_is_an_e_mail(second: Second) -> None:
    QualificationFactory(type=second.type, worker=WorkerFactory(worker_id="AHOLDER1"))
    wishes = {"study": second.study, "revoke_reason": "The study has ended."}
    job = make_job(second.granter, second.type, ["AHOLDER1"], verb=Verb.REVOKE, **wishes)
    assert [one["rule"] for one in job.approval.reasons] == ["emails"]


def test_a_score_that_rose_after_the_check_page_counts_as_lowered(second: Second) -> None:
    held = QualificationFactory(type=second.type, worker=WorkerFactory(worker_id="AHOLDER1"), value=60)
    preview = make_preview(second.granter, second.type, ["AHOLDER1"], score=80, study=second.study)
    other = make_job(second.granter, second.type, ["AHOLDER1"], score=90, study=second.study)
    finish(second.account)
    held.refresh_from_db()
    assert (fresh(other).state, held.value) == (State.FINISHED, 90)
    job = confirm_preview(actor=second.granter.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    assert [one["rule"] for one in job.approval.reasons] == ["lowers"]


def test_practice_runs_at_once_unless_it_rehearses(
    second: Second, granter: User, account: RequesterAccount, settings: Any
) -> None:
    kind: QualificationType = TypeFactory(account=account)
    wishes = {"study": second.study, "notify": True}
    assert make_job(granter, kind, worker_ids(2), **wishes).state == State.RUNNING
    settings.APPROVAL_REHEARSE = True
    assert make_job(granter, kind, worker_ids(2, "AOTHER"), **wishes).state == State.WAITING
    with pytest.raises(ActionError) as refusal:
        make_job(granter, kind, worker_ids(2, "ATHIRD"), notify=True)
    assert refusal.value.code == "no_study"


def test_what_nobody_could_approve_is_refused_and_the_list_is_kept(second: Second, manager: User) -> None:
    remove_investigator(actor=manager.as_actor(), study=second.study, user=second.pi)
    preview = make_preview(second.granter, second.type, worker_ids(1), study=second.study, notify=True)
    confirm = {
        "actor": second.granter.as_actor(),
        "preview_id": preview.pk,
        "rows_sha256": preview.rows_sha256,
    }
    with new_entries() as entries, pytest.raises(ActionError) as refusal:
        confirm_preview(**confirm)
    assert (refusal.value.code, entries) == ("nobody_approves", [])
    another_pi(second.study, real=False)  # does not reach real workers
    InvestigatorFactory(study=second.study, user=second.granter)  # no PI, and who asks
    RoleFactory(user=second.granter, role="pi", can_production=True)
    with pytest.raises(ActionError):
        confirm_preview(**confirm)
    another_pi(second.study)
    assert confirm_preview(**confirm).state == State.WAITING


# --- while it waits -----------------------------------------------------------------------------------------


def test_nothing_of_a_waiting_job_is_sent_and_it_holds_nobody_up(second: Second) -> None:
    job = second.waiting()
    assert take(second.account) == []
    assert due_accounts(now=timezone.now()) == []
    behind = make_job(second.granter, second.type, worker_ids(1), score=5, study=second.study)
    assert {claim.job.job_id for claim in take(second.account)} == {behind.pk}
    assert fresh(job).planned == 2


@pytest.mark.parametrize("act", [pause_job, stop_job, resume_job, retry_failed])
@pytest.mark.parametrize("state", [State.WAITING, State.DECLINED, State.WITHDRAWN])
def test_nothing_but_a_decision_moves_it(second: Second, act: Callable[..., Job], state: State) -> None:
    job = second.waiting()
    if state == State.DECLINED:
        send_back_job(actor=second.pi.as_actor(), job_id=job.pk, words="No.")
    if state == State.WITHDRAWN:
        withdraw_job(actor=second.granter.as_actor(), job_id=job.pk)
    with new_entries() as entries, pytest.raises(Conflict):
        act(actor=second.granter.as_actor(), job_id=job.pk)
    assert entries == []
    assert fresh(job).state == state


# --- deciding -----------------------------------------------------------------------------------------------


def test_approved_it_runs_exactly_as_it_was_confirmed(second: Second) -> None:
    job = second.waiting()
    with new_entries() as entries:
        approve_job(actor=second.pi.as_actor(), job_id=job.pk, words="Good.")
    assert entries.only.action == "job.approval.granted"
    assert entries.only.changes == {"state": ["approval", "running"]}
    assert payload_of(entries.only) == {"words": "Good."}
    job = fresh(job)
    assert (job.state, job.approval.decision, job.approval.decided_by) == (State.RUNNING, "granted", second.pi)
    assert {claim.worker_id for claim in take(second.account)} == set(worker_ids(2))


def test_what_came_true_while_it_waited_is_left_out(second: Second) -> None:
    job = second.waiting(3)
    first, middle, _ = worker_ids(3)
    QualificationFactory(type=second.type, worker=Worker.objects.get(worker_id=first))
    QualificationFactory(type=second.type, worker=Worker.objects.get(worker_id=middle), value=7)
    approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    rows = job.changes.order_by("n").values_list("state", "code", "status_before", "value_before")
    assert list(rows) == [
        ("skipped", "already_so", "", None),
        ("planned", "", "Granted", 7),
        ("planned", "", "", None),
    ]
    job = fresh(job)
    assert (job.planned, job.skipped, job.state) == (2, 1, State.RUNNING)


def test_a_job_that_came_true_altogether_is_over_when_approved(second: Second) -> None:
    job = second.waiting(1)
    QualificationFactory(type=second.type, worker=job.changes.get().worker)
    with new_entries() as entries:
        approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    assert entries.actions == ["job.approval.granted", "job.finished"]
    assert fresh(job).state == State.FINISHED


def test_sent_back_nothing_of_it_is_ever_sent(second: Second) -> None:
    job = second.waiting()
    with pytest.raises(ActionError) as refusal:
        send_back_job(actor=second.pi.as_actor(), job_id=job.pk, words="  ")
    assert refusal.value.field == "words"
    with new_entries() as entries:
        send_back_job(actor=second.pi.as_actor(), job_id=job.pk, words="Wave 6 is not over.")
    assert entries.only.action == "job.approval.declined"
    job = fresh(job)
    assert (job.state, job.planned, job.cancelled, job.approval.words) == (
        State.DECLINED, 0, 2, "Wave 6 is not over.",
    )  # fmt: skip
    assert job.finished_at is not None
    assert set(job.changes.values_list("state", "code", "audit_id")) == {
        (Change.State.CANCELLED, "sent_back", entries.only.id)
    }
    assert take(second.account) == []


def test_who_asked_may_withdraw_it_and_nobody_else(second: Second, manager: User) -> None:
    job = second.waiting()
    for person in (second.pi, manager):
        with pytest.raises(NotAllowed):
            withdraw_job(actor=person.as_actor(), job_id=job.pk)
    with new_entries() as entries:
        withdraw_job(actor=second.granter.as_actor(), job_id=job.pk)
    assert entries.only.action == "job.approval.withdrawn"
    assert entries.only.actor_id == str(second.granter.pk)
    assert entries.only.changes == {"state": ["approval", "recalled"], "given_up": [None, 2]}
    assert fresh(job).state == State.WITHDRAWN
    assert set(job.changes.values_list("code", flat=True)) == {"withdrawn"}


def test_who_is_not_another_pi_of_the_study_decides_nothing(
    second: Second, request: pytest.FixtureRequest
) -> None:
    """The one who asked is a PI of the study here too: never one's own."""
    RoleFactory(user=second.granter, role="pi", can_production=True)
    InvestigatorFactory(study=second.study, user=second.granter)
    job = second.waiting()
    foreign = another_pi()
    elsewhere = another_pi(InvestigatorFactory().study)
    powerless = another_pi(second.study, real=False)
    refused = [
        (second.granter, NotAllowed),
        (foreign, NotAllowed),
        (elsewhere, NotVisible),
        (powerless, NotAllowed),
    ]
    refused += [(request.getfixturevalue(name), NotAllowed) for name in ("manager", "viewer")]
    refused += [(request.getfixturevalue("outsider"), NotVisible)]
    for person, refusal in refused:
        actor = person.as_actor()
        assert list(waiting_for(actor)) == []
        with new_entries() as entries:
            with pytest.raises(refusal):
                approve_job(actor=actor, job_id=job.pk)
            with pytest.raises(refusal):
                send_back_job(actor=actor, job_id=job.pk, words="No.")
        assert entries == []
    assert list(waiting_for(second.pi.as_actor())) == [job]


def test_a_pi_for_all_accounts_finds_it_too(second: Second) -> None:
    job = second.waiting()
    assert list(waiting_for(another_pi(second.study).as_actor())) == [job]
    assert list(waiting_for(another_pi(second.study, real=False).as_actor())) == []


def test_a_second_decision_is_refused_with_what_the_first_was(second: Second) -> None:
    job = second.waiting()
    approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    for act in (
        lambda: approve_job(actor=second.pi.as_actor(), job_id=job.pk),
        lambda: send_back_job(actor=second.pi.as_actor(), job_id=job.pk, words="No."),
        lambda: withdraw_job(actor=second.granter.as_actor(), job_id=job.pk),
    ):
        with new_entries() as entries, pytest.raises(Conflict) as refusal:
            act()
        assert (refusal.value.code, entries) == ("decided_meanwhile", [])
        assert "approved meanwhile" in refusal.value.message
    assert fresh(job).state == State.RUNNING


def test_a_job_that_never_waited_cannot_be_approved(second: Second) -> None:
    job = second.waiting(notify=False)
    with pytest.raises(Conflict) as refusal:
        approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    assert refusal.value.code == "not_waiting"


# --- authority, when it runs --------------------------------------------------------------------------------


def ends_role(second: Second, manager: User) -> None:
    lose_role(manager, second.pi)


def leaves_study(second: Second, manager: User) -> None:
    remove_investigator(actor=manager.as_actor(), study=second.study, user=second.pi)


def is_closed(second: Second, manager: User) -> None:
    deactivate_user(actor=manager.as_actor(), user=second.pi)


@pytest.mark.parametrize("loses", [ends_role, leaves_study, is_closed])
def test_f31_who_approved_must_still_be_able_to(
    second: Second, manager: User, loses: Callable[[Second, User], None]
) -> None:
    job = second.waiting(3)
    approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    assert len(take(second.account, 1)) == 1
    loses(second, manager)
    with new_entries() as entries:
        assert take(second.account) == []
    assert entries.only.action == "change.cancelled"
    assert entries.only.changes["cause"] == [None, "authority lost"]
    assert job.changes.filter(state="cancelled", code="approval_lost").count() == 2
    assert job.changes.filter(state="sending").count() == 1


def test_f31_who_asked_must_still_be_able_to(second: Second, manager: User) -> None:
    job = second.waiting()
    approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    lose_role(manager, second.granter)
    assert take(second.account) == []
    assert set(job.changes.values_list("code", flat=True)) == {"authority_lost"}


def test_a_retry_needs_no_new_approval(second: Second) -> None:
    job = second.waiting()
    approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    finish(second.account, Result.FAILED)
    retry_failed(actor=second.granter.as_actor(), job_id=job.pk)
    finish(second.account)
    job = fresh(job)
    assert (job.state, job.done) == (State.FINISHED, 2)


# --- letters ------------------------------------------------------------------------------------------------


def test_letters_are_written_with_the_deed(second: Second, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[tuple[str, ...]] = []
    monkeypatch.setattr("qualadmin.core.actions.letters.ring", lambda *words: rung.append(words))
    other = another_pi(second.study)
    job = second.waiting()
    assert set(job.letters.values_list("to", "kind", "state")) == {
        (second.pi.pk, "asked", "waiting"), (other.pk, "asked", "waiting"),
    }  # fmt: skip
    send_back_job(actor=other.as_actor(), job_id=job.pk, words="No.")
    assert job.letters.filter(to=second.granter, kind="declined").count() == 1
    assert rung == [("qualadmin.tasks.mail.deliver",)] * 2
    assert mail.outbox == []  # nothing is sent while somebody waits for a page


def test_who_has_no_address_is_named_and_a_lab_without_mail_server_writes_none(
    second: Second, manager: User, settings: Any
) -> None:
    update_user(actor=manager.as_actor(), user=second.pi, full_name=second.pi.full_name, email="")
    letter = second.waiting().letters.get()
    assert (letter.state, letter.problem) == (Letter.State.FAILED, "no e-mail address is known here")
    settings.EMAIL_ON = False
    job = make_job(second.granter, second.type, ["AELSE"], study=second.study, notify=True)
    assert not job.letters.exists()


# --- undoing ------------------------------------------------------------------------------------------------


def test_an_undo_follows_the_same_rules(second: Second) -> None:
    """Taking 21 grants back is taking away from 21 workers."""
    job = grants(second, 21)
    finish(second.account)
    preview = prepare_undo(actor=second.granter.as_actor(), job_id=job.pk, study=second.study)
    undo = confirm_preview(actor=second.granter.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    assert fresh(undo).state == State.WAITING
    assert [one["rule"] for one in undo.approval.reasons] == ["revokes"]
    assert take(second.account) == []
    send_back_job(actor=second.pi.as_actor(), job_id=undo.pk, words="They are needed.")
    again = prepare_undo(actor=second.granter.as_actor(), job_id=job.pk, study=second.study)
    second_try = confirm_preview(
        actor=second.granter.as_actor(), preview_id=again.pk, rows_sha256=again.rows_sha256
    )
    approve_job(actor=second.pi.as_actor(), job_id=second_try.pk)
    finish(second.account)
    assert fresh(second_try).done == 21


def test_t_a20_every_call_names_who_asked_and_who_approved(second: Second) -> None:
    job = second.waiting(1)
    approve_job(actor=second.pi.as_actor(), job_id=job.pk)
    with new_entries() as entries:
        finish(second.type.account)
    calls = [one.content for one in entries if one.action.startswith("mturk.call.")]
    assert [one["action"] for one in calls] == ["mturk.call.started", "mturk.call.finished"]
    for one in calls:
        assert one["on_behalf_of"]["id"] == str(second.granter.pk)
        assert (one["approved_by"]["id"], one["approved_by"]["label"]) == (str(second.pi.pk), second.pi.full_name)
    make_job(second.granter, second.type, worker_ids(1, "ANOBODY"), study=second.study)
    with new_entries() as entries:
        finish(second.type.account)
    assert {one.content["approved_by"] for one in entries if one.action.startswith("mturk.call.")} == {None}
