"""Erasing one worker: two persons, nothing left of the id, and nothing else harmed."""

import logging
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from qualadmin.audit.findings import Report
from qualadmin.audit.verify import verify
from qualadmin.core.actions import erasures, holds
from qualadmin.core.actions.compacting import compact_after_erasures
from qualadmin.core.actions.control import retry_failed
from qualadmin.core.actions.holders import apply_holders
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.list_reading import read_list
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.seen import SeenHolder, SeenRequest
from qualadmin.core.actions.undo import prepare_undo
from qualadmin.core.actions.waiting import apply_requests
from qualadmin.core.actions.workers import add_note, known_workers
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    Change,
    Erasure,
    HitReading,
    HitWork,
    Membership,
    Preview,
    PreviewRow,
    Qualification,
    QualificationType,
    RequestAnswers,
    Study,
    User,
    Verb,
    Worker,
    WorkerNote,
)
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)
from tests.entries import new_entries, newest, payload_of
from tests.factories import (
    AccountFactory,
    ListFactory,
    QualificationFactory,
    RequestFactory,
    RoleFactory,
    SourceFactory,
    TypeFactory,
    UserFactory,
    WorkerFactory,
)
from tests.tasks.hands import DRAIN, finish, give, outcome, take
from tests.tasks.lists import make_job, make_preview

NAME, OTHER = "AGONE7FROMHERE", "ASTAYS8HERE00"


@pytest.fixture
def asker(granter: User) -> User:
    return granter


@pytest.fixture
def full_life(wave: QualificationType, granter: User, pi: User, study: Study) -> Worker:
    """The id everywhere it can come to stand: lists, refusals by Amazon, notes, names of files, reasons."""
    job = make_job(
        granter, wave, [NAME, OTHER, f"{NAME.lower()} ", "A!"], study=study, reason=f"{NAME} asked for it"
    )
    for claim in take(wave.account):
        refused = claim.worker_id == NAME
        detail = f"Amazon says that {NAME} is not known (AWS error)" if refused else ""
        give([outcome(claim, Result.FAILED if refused else Result.DONE, message=detail, code="RequestError")])
    worker = Worker.objects.get(worker_id=NAME)
    add_note(actor=granter.as_actor(), worker=worker, text=f"{NAME} wrote a mail")
    other = Worker.objects.get(worker_id=OTHER)
    add_note(actor=granter.as_actor(), worker=other, text=f"Is the sister of {NAME.lower()}. Was kind.")
    Preview.objects.filter(job=job).update(notes=[f"{NAME} twice"], file_name=f"{NAME}.csv")
    QualificationFactory(type=TypeFactory(account=wave.account), worker=worker)
    reading = HitReading.objects.create(
        account=wave.account, asked_by=granter, hit_ids=["3HIT"], statuses=["Approved"]
    )
    for number, one in enumerate((NAME, OTHER)):
        HitWork.objects.create(reading=reading, assignment_id=f"3WORK{number}", hit_id="3HIT", worker_id=one)
    return worker


def erase(worker: Worker, asker: User, second: User) -> Erasure:
    wish = erasures.request_erasure(actor=asker.as_actor(), worker=worker, reason="Withdrew from the study")
    return erasures.approve_erasure(actor=second.as_actor(), erasure_id=wish.pk)


def everything_stored() -> bytes:
    """Every value of every table, as bytes."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                found += [bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode() for one in row]
    return b"\n".join(found)


@pytest.mark.django_db(transaction=True)
def test_t_a70_no_byte_of_the_id_is_left_and_the_log_verifies(
    own_database: OwnDatabase,  # noqa: F811
    full_life: Worker,
    asker: User,
    pi: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    assert NAME.encode() in everything_stored()
    wish = erase(full_life, asker, pi)
    assert NAME.lower().encode() not in everything_stored().lower()
    assert compact_after_erasures(now=timezone.now()) == 1
    if own_database.file is not None:
        for file in own_database.file.parent.glob(f"{own_database.file.name}*"):
            assert NAME.lower().encode() not in file.read_bytes().lower(), file.name
    assert NAME.lower() not in caplog.text.lower()
    report = verify(DRAIN.context, Report())
    assert (report.exit_code, report.findings) == (0, [])
    assert report.erased >= 3
    assert f"{report.erased} texts erased (explained)" in report.summary()
    wish.refresh_from_db()
    assert (wish.state, wish.decided_by, wish.compacted_at is not None) == ("done", pi, True)


@pytest.mark.django_db
def test_what_is_about_others_stays(full_life: Worker, asker: User, pi: User) -> None:
    erase(full_life, asker, pi)
    assert known_workers([NAME, OTHER]).keys() == {OTHER}
    assert {one.text for one in WorkerNote.objects.all()} == {"", "Is the sister of [erased worker]. Was kind."}
    change = Change.objects.get(worker=full_life)
    assert (change.state, change.code) == ("failed", "RequestError")
    assert change.message == "Amazon says that [erased worker] is not known (AWS error)"
    assert HitWork.objects.get().worker_id == OTHER
    assert Change.objects.get(worker__worker_id=OTHER).state == "done"
    assert set(PreviewRow.objects.filter(worker_id=OTHER).values_list("given", flat=True)) == {OTHER}
    gone = Worker.objects.get(pk=full_life.pk)
    assert (gone.worker_id, bytes(gone.salt), gone.erased_at is not None) == (None, b"", True)


@pytest.mark.django_db
def test_why_it_was_erased_stays_on_record_and_who_it_was_does_not(
    full_life: Worker, asker: User, pi: User
) -> None:
    with new_entries() as entries:
        erase(full_life, asker, pi)
    asked, done, *texts = entries
    assert (asked.action, payload_of(asked)) == (
        "privacy.erasure.requested",
        {"reason": "Withdrew from the study"},
    )
    assert (done.action, done.parent, done.subject) == ("privacy.erasure.executed", asked.seq, full_life.pk)
    assert done.changes["asked_by"] == [None, str(asker.pk)]
    assert done.changes["notes"] == [None, 1]
    assert {one.action for one in texts} == {"audit.texts.erased"}
    assert sum(len(one.changes["texts"][1]) for one in texts) == done.changes["texts"][1]
    assert len({one.stream for one in texts}) == len(texts) > 1


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["oneself", "granter", "viewer", "pi of another account"])
def test_only_a_second_person_in_charge_can_agree(
    full_life: Worker, pi: User, viewer: User, granter: User, who: str
) -> None:
    asker = pi if who == "oneself" else UserFactory()
    if who != "oneself":
        RoleFactory(user=asker, role="granter")
    wish = erasures.request_erasure(actor=asker.as_actor(), worker=full_life, reason="Withdrew")
    second = {"oneself": pi, "granter": granter, "viewer": viewer}.get(who) or UserFactory()
    if who == "pi of another account":
        elsewhere = AccountFactory()
        QualificationFactory(type=TypeFactory(account=elsewhere), worker=full_life)
        RoleFactory(user=second, role="pi", account=elsewhere)
    with pytest.raises((NotAllowed, NotVisible)):
        erasures.approve_erasure(actor=second.as_actor(), erasure_id=wish.pk)
    full_life.refresh_from_db()
    assert full_life.worker_id == NAME
    assert wish.pk not in {one.pk for one in erasures.waiting_erasures(pi.as_actor())} or who != "oneself"


@pytest.mark.django_db
def test_it_waits_until_nothing_is_to_be_sent(
    wave: QualificationType, granter: User, pi: User, study: Study
) -> None:
    make_job(granter, wave, [NAME], study=study)
    worker = Worker.objects.get(worker_id=NAME)
    with pytest.raises(ActionError, match="still to be sent"):
        erasures.request_erasure(actor=granter.as_actor(), worker=worker, reason="Withdrew")
    finish(wave.account)
    wish = erasures.request_erasure(actor=granter.as_actor(), worker=worker, reason="Withdrew")
    make_job(granter, wave, [NAME], study=study, score=7)
    with pytest.raises(ActionError, match="Nothing was erased"):
        erasures.approve_erasure(actor=pi.as_actor(), erasure_id=wish.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("held", ["worker", "study"])
def test_a_hold_on_the_worker_or_a_study_keeps_it(
    full_life: Worker, asker: User, pi: User, study: Study, held: str
) -> None:
    wish = erasures.request_erasure(actor=asker.as_actor(), worker=full_life, reason="Withdrew")
    hold = holds.set_hold(
        actor=pi.as_actor(),
        reason="Court case",
        worker=full_life if held == "worker" else None,
        study=study if held == "study" else None,
    )
    with pytest.raises(ActionError, match="There is a hold on"):
        erasures.approve_erasure(actor=pi.as_actor(), erasure_id=wish.pk)
    with pytest.raises(Conflict):
        holds.set_hold(actor=pi.as_actor(), reason="Again", worker=hold.worker, study=hold.study)
    holds.release_hold(actor=pi.as_actor(), hold_id=hold.pk)
    told, over = newest("privacy.hold.set"), newest("privacy.hold.released")
    assert (told.actor_id, over.actor_id, payload_of(told)) == (str(pi.pk), str(pi.pk), {"reason": "Court case"})
    assert told.subject == over.subject == (full_life.pk if held == "worker" else None)
    assert told.stream == over.stream == (study.stream if held == "study" else "system")
    assert erasures.approve_erasure(actor=pi.as_actor(), erasure_id=wish.pk).state == "done"


@pytest.mark.django_db
def test_a_wish_is_declined_withdrawn_and_asked_once(full_life: Worker, asker: User, pi: User) -> None:
    first = erasures.request_erasure(actor=asker.as_actor(), worker=full_life, reason="Withdrew")
    with pytest.raises(Conflict, match="already"):
        erasures.request_erasure(actor=pi.as_actor(), worker=full_life, reason="Withdrew")
    with pytest.raises(ActionError, match="Leave the worker ID out"):
        erasures.decline_erasure(actor=pi.as_actor(), erasure_id=first.pk, words=f"{NAME}: wrong person")
    erasures.decline_erasure(actor=pi.as_actor(), erasure_id=first.pk, words="Wrong person")
    with pytest.raises(Conflict, match="refused meanwhile"):
        erasures.withdraw_erasure(actor=asker.as_actor(), erasure_id=first.pk)
    second = erasures.request_erasure(actor=asker.as_actor(), worker=full_life, reason="Really")
    with pytest.raises(NotAllowed):
        erasures.withdraw_erasure(actor=pi.as_actor(), erasure_id=second.pk)
    assert erasures.withdraw_erasure(actor=asker.as_actor(), erasure_id=second.pk).state == "withdrawn"
    declined, withdrawn = newest("privacy.erasure.declined"), newest("privacy.erasure.withdrawn")
    assert (declined.actor_id, payload_of(declined)) == (str(pi.pk), {"words": "Wrong person"})
    assert withdrawn.actor_id == str(asker.pk)
    assert {declined.subject, withdrawn.subject} == {full_life.pk}


@pytest.mark.django_db
def test_nothing_is_erased_unless_the_list_beside_the_backups_says_so_first(
    full_life: Worker, asker: User, pi: User, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.ERASURES_FILE = tmp_path / "file" / "erasures.txt"
    with pytest.raises(ActionError, match="Nothing was erased"):
        erase(full_life, asker, pi)
    full_life.refresh_from_db()
    assert full_life.worker_id == NAME
    settings.ERASURES_FILE = tmp_path / "erasures.txt"
    erasures.approve_erasure(actor=pi.as_actor(), erasure_id=Erasure.objects.get().pk)
    assert settings.ERASURES_FILE.read_text() == f"{full_life.pk}\n"


@pytest.mark.django_db
def test_a_list_that_nobody_confirmed_is_thrown_away(
    wave: QualificationType, granter: User, pi: User, full_life: Worker
) -> None:
    named = make_preview(granter, wave, [OTHER, NAME], score=5)
    apart = make_preview(granter, wave, [OTHER], score=5)
    erase(full_life, granter, pi)
    named.refresh_from_db()
    apart.refresh_from_db()
    assert (named.state, named.content, named.rows.count()) == ("discarded", None, 0)
    assert (apart.state, apart.rows.count()) == ("ready", 1)


@pytest.mark.django_db
def test_amazons_lists_do_not_bring_the_worker_back(
    full_life: Worker, wave: QualificationType, asker: User, pi: User
) -> None:
    apply_holders(actor=DRAIN, type=wave, holders=[SeenHolder(OTHER, "Granted", 100, None)])
    erase(full_life, asker, pi)
    before = Qualification.objects.count()
    with new_entries() as entries:
        listed = [SeenHolder(OTHER, "Granted", 100, None), SeenHolder(NAME, "Granted", 100, None)]
        counts = apply_holders(actor=DRAIN, type=wave, holders=listed)
    assert (counts.erased, counts.differences, entries.actions) == (1, 0, [])
    assert Qualification.objects.count() == before
    assert known_workers([NAME]) == {}


@pytest.mark.django_db
def test_lists_and_answers_to_tests_forget_the_worker(
    full_life: Worker, wave: QualificationType, asker: User, pi: User
) -> None:
    source = SourceFactory(list=ListFactory(account=wave.account), kind="holders", type=wave)
    QualificationFactory(type=wave, worker=full_life)
    Membership.objects.create(list=source.list, source=source, worker=full_life, since=timezone.now())
    asked: Any = RequestFactory(type=wave, worker=full_life)
    seen = SeenRequest(asked.mturk_id, wave.mturk_id or "", NAME, timezone.now(), answers="<QuestionFormAnswers/>")
    apply_requests(actor=DRAIN, account=wave.account, requests=[seen])
    assert RequestAnswers.objects.exists()
    erase(full_life, asker, pi)
    read_list(actor=DRAIN, list_id=source.list.pk)
    apply_requests(actor=DRAIN, account=wave.account, requests=[seen])
    assert not Membership.objects.filter(worker=full_life).exists()
    assert not RequestAnswers.objects.exists()
    assert known_workers([NAME]) == {}


@pytest.mark.django_db
def test_a_worker_who_asks_again_is_somebody_new(
    full_life: Worker, wave: QualificationType, asker: User, pi: User
) -> None:
    erase(full_life, asker, pi)
    seen = SeenRequest("3NEWREQUEST", wave.mturk_id or "", NAME, timezone.now())
    apply_requests(actor=DRAIN, account=wave.account, requests=[seen])
    (key,) = known_workers([NAME]).values()
    assert key != full_life.pk


@pytest.mark.django_db
def test_what_failed_for_an_erased_worker_is_not_retried_and_undoing_leaves_it_out(
    full_life: Worker, wave: QualificationType, granter: User, pi: User
) -> None:
    job = Change.objects.get(worker=full_life).job
    assert job is not None
    erase(full_life, granter, pi)
    with pytest.raises(Conflict, match="No change of this job has failed"):
        retry_failed(actor=granter.as_actor(), job_id=job.pk)
    undo = prepare_undo(actor=granter.as_actor(), job_id=job.pk)
    assert set(undo.rows.values_list("worker_id", flat=True)) == {OTHER}


@pytest.mark.django_db
def test_a_change_of_an_erased_worker_is_never_sent(
    wave: QualificationType, granter: User, pi: User, study: Study
) -> None:
    """A list confirmed at the very moment of the erasure, or brought back by a backup."""
    job = make_job(granter, wave, [NAME, OTHER], study=study)
    worker = Worker.objects.get(worker_id=NAME)
    with new_entries() as entries:
        assert erasures.replay_erasures(actor=DRAIN, workers=[worker.pk, uuid.uuid4()]) == 1
    assert entries[0].action == "privacy.erasure.replayed"
    assert (entries[0].subject, entries[0].severity) == (worker.pk, "critical")
    assert [one.worker_id for one in take(wave.account)] == [OTHER]
    job.refresh_from_db()
    assert (job.planned, job.cancelled) == (1, 1)
    assert Change.objects.get(worker=worker).code == "erased"


@pytest.mark.django_db
def test_a_session_that_remembers_the_id_is_ended(full_life: Worker, asker: User, pi: User) -> None:
    """The reason for answers to requests is kept there, in a form in which no search of the database finds it."""
    keys = []
    for name in (NAME.lower(), OTHER):
        store = SessionStore()
        store["purpose"] = {"reason": f"{name} asked twice"}
        store.save()
        keys.append(store.session_key)
    erase(full_life, asker, pi)
    assert list(Session.objects.values_list("pk", flat=True)) == keys[1:]


@pytest.mark.django_db
def test_whoever_lists_an_erased_worker_again_is_told(
    wave: QualificationType, granter: User, pi: User, full_life: Worker
) -> None:
    before = make_preview(granter, wave, [NAME, OTHER], score=5)
    assert before.notes == []
    erase(full_life, granter, pi)
    preview = make_preview(granter, wave, [NAME, "ANEVERSEEN001", OTHER], score=5)
    told, *others = preview.rows.order_by("n").values_list("why", "code", "group")
    assert told == (
        "Was erased here before: granting stores the ID again, as somebody new.",
        "erased_before",
        "new",
    )
    assert [one[1] for one in others] == ["", ""]
    (note,) = preview.notes
    assert note.startswith("One line names a worker who had been erased here")
    assert preview.counts["erased"] == 1
    taken = make_preview(granter, wave, [NAME], verb=Verb.REVOKE)
    assert taken.notes == [], "nothing would be stored"
    job = confirm_preview(actor=granter.as_actor(), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    assert job.total == 3, "they may be meant"
    again = make_preview(granter, wave, [NAME], score=7)
    assert again.notes == [], "known again"


@pytest.mark.django_db
def test_a_short_id_is_looked_for_as_a_word(granter: User, pi: User) -> None:
    worker, other = WorkerFactory(worker_id="A1"), WorkerFactory(worker_id="A12")
    add_note(actor=granter.as_actor(), worker=other, text="A1 and A12, BA1, a1.")
    erase(worker, granter, pi)
    assert WorkerNote.objects.get().text == "[erased worker] and A12, BA1, [erased worker]."
