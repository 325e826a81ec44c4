"""Confirming exactly what was shown."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.core.actions.accounts import disable_account, pause_account
from qualadmin.core.actions.control import pause_job, resume_job, retry_failed
from qualadmin.core.actions.jobs import (
    actionable,
    confirm_preview,
    record_results_downloaded,
)
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.studies import update_study
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    OF_LISTS,
    Change,
    Job,
    Preview,
    QualificationType,
    RequesterAccount,
    Study,
    User,
    Verb,
    Worker,
)
from qualadmin.core.queue import DRAIN
from tests.core.actions.test_claims import lose_role
from tests.entries import new_entries, payload_of
from tests.factories import QualificationFactory, RoleFactory, TypeFactory, UserFactory, WorkerFactory
from tests.tasks.hands import finish, take
from tests.tasks.lists import make_job, make_preview, worker_ids

pytestmark = pytest.mark.django_db


def confirm(person: User, preview: Preview, digest: str | None = None, typed: int | None = None) -> Job:
    return confirm_preview(
        actor=person.as_actor(),
        preview_id=preview.pk,
        rows_sha256=preview.rows_sha256 if digest is None else digest,
        typed_count=typed,
    )


# --- confirming ---------------------------------------------------------------------------------------------


def test_exactly_what_was_shown_becomes_a_job(
    wave: QualificationType, granter: User, study: Study, rung: list[tuple[str, ...]]
) -> None:
    held = WorkerFactory(worker_id="AHOLDER")
    QualificationFactory(type=wave, worker=held, value=60)
    same = WorkerFactory(worker_id="ASAME")
    QualificationFactory(type=wave, worker=same, value=80)
    preview = make_preview(
        granter,
        wave,
        ["ANEW", "AHOLDER", "ASAME", "nonsense"],
        score=80,
        study=study,
        reason="wave 3",
        notify=True,
    )
    with new_entries() as entries:
        job = confirm(granter, preview)
    assert entries.only.action == "job.created"
    assert (entries.only.stream, entries.only.job) == (study.stream, str(job.pk))
    changes = entries.only.changes
    assert changes["total"] == [None, 2]
    assert changes["notify"] == [None, True]
    assert changes["rows_sha256"] == [None, preview.rows_sha256]
    assert payload_of(entries.only)["reason"] == "wave 3"
    rows = job.changes.order_by("n").values_list(
        "worker__worker_id", "verb", "value", "value_before", "status_before", "state", "line"
    )
    assert list(rows) == [
        ("ANEW", "grant", 80, None, "", "planned", 1),
        ("AHOLDER", "grant", 80, 60, "Granted", "planned", 2),
    ]
    assert set(job.changes.values_list("audit_id", flat=True)) == {entries.only.id} == {job.audit_id}
    assert Worker.objects.get(worker_id="ANEW").audit_id == entries.only.id
    assert (job.state, job.kind, job.total, job.planned, job.notify) == ("running", "grant", 2, 2, True)
    assert (job.created_by, job.study, job.reason) == (granter, study, "wave 3")
    assert rung == [(DRAIN, str(wave.account_id))]
    preview.refresh_from_db()
    assert (preview.state, preview.content) == (Preview.State.CONFIRMED, None)


def test_f36_a_second_click_gets_the_same_job(
    wave: QualificationType, granter: User, rung: list[tuple[str, ...]]
) -> None:
    preview = make_preview(granter, wave, worker_ids(3))
    job = confirm(granter, preview)
    with new_entries() as entries:
        assert confirm(granter, preview) == job
    assert entries == []
    assert (Job.objects.count(), Change.objects.count(), len(rung)) == (1, 3, 1)


def test_what_came_true_meanwhile_is_already_so(
    wave: QualificationType, granter: User, rung: list[tuple[str, ...]]
) -> None:
    preview = make_preview(granter, wave, ["AONE", "ATWO", "ATHREE"], score=50)
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AONE"), value=50)
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="ATWO"), value=49)
    job = confirm(granter, preview)
    found = job.changes.values_list("worker__worker_id", "state", "code", "value_before")
    assert set(found) == {
        ("AONE", "skipped", "already_so", 50),
        ("ATWO", "planned", "", 49),
        ("ATHREE", "planned", "", None),
    }
    job.refresh_from_db()
    assert (job.total, job.planned, job.skipped) == (3, 2, 1)


@pytest.mark.parametrize("verb", OF_LISTS)
def test_a_job_in_which_all_came_true_ends_at_once(
    wave: QualificationType, granter: User, verb: Verb, rung: list[tuple[str, ...]]
) -> None:
    worker = WorkerFactory(worker_id="AONE")
    if verb == Verb.REVOKE:
        held = QualificationFactory(type=wave, worker=worker)
    preview = make_preview(granter, wave, ["AONE"], verb=verb)
    if verb == Verb.REVOKE:
        make_job(granter, wave, ["AONE"], verb=verb)
        finish(wave.account)
        held.refresh_from_db()
        assert held.status == "Revoked"
        rung.clear()
    else:
        QualificationFactory(type=wave, worker=worker, value=100)
    with new_entries() as entries:
        job = confirm(granter, preview)
    assert entries.actions == ["job.created", "job.finished"]
    job.refresh_from_db()
    assert (job.state, job.skipped, job.planned) == (Job.State.FINISHED, 1, 0)
    assert rung == []


def test_a_page_that_is_out_of_date_is_refused(wave: QualificationType, granter: User) -> None:
    preview = make_preview(granter, wave, worker_ids(1))
    with new_entries() as entries, pytest.raises(Conflict) as refusal:
        confirm(granter, preview, digest="0" * 64)
    assert refusal.value.code == "changed_meanwhile"
    assert entries == []
    assert not Job.objects.exists()


@pytest.mark.parametrize("how", ["paused", "off"])
def test_a_closed_account_takes_no_job(wave: QualificationType, granter: User, manager: User, how: str) -> None:
    preview = make_preview(granter, wave, worker_ids(1))
    if how == "paused":
        pause_account(actor=Actor.system("drain"), account=wave.account, cause="Refused.")
    else:
        disable_account(actor=manager.as_actor(), account=wave.account)
    with pytest.raises(Conflict) as refusal:
        confirm(granter, preview)
    assert refusal.value.code == "account_closed"
    assert not Job.objects.exists()


def test_nothing_to_do_is_no_job(wave: QualificationType, granter: User) -> None:
    with pytest.raises(ActionError) as refusal:
        confirm(granter, make_preview(granter, wave, ["nonsense"]))
    assert refusal.value.code == "nothing_to_do"


@pytest.mark.parametrize(
    ("count", "typed", "ok"), [(100, None, True), (101, None, False), (101, 100, False), (101, 101, True)]
)
def test_large_jobs_in_production_want_their_number_typed(
    production_account: RequesterAccount, granter: User, study: Study, count: int, typed: int | None, ok: bool
) -> None:
    preview = make_preview(granter, TypeFactory(account=production_account), worker_ids(count), study=study)
    assert actionable(preview) == count
    if ok:
        assert confirm(granter, preview, typed=typed).total == count
        return
    with pytest.raises(ActionError) as refusal:
        confirm(granter, preview, typed=typed)
    assert (refusal.value.code, refusal.value.field) == ("typed_count", "typed_count")
    assert not Job.objects.exists()


def test_a_study_closed_meanwhile_is_refused(
    wave: QualificationType, granter: User, manager: User, study: Study
) -> None:
    preview = make_preview(granter, wave, worker_ids(1), study=study)
    update_study(
        actor=manager.as_actor(),
        study=study,
        title=study.title,
        protocol_number=study.protocol_number,
        is_open=False,
    )
    with pytest.raises(ActionError) as refusal:
        confirm(granter, preview)
    assert refusal.value.code == "closed_study"


def test_a_type_gone_meanwhile_is_refused(wave: QualificationType, granter: User) -> None:
    from qualadmin.audit import record as audit
    from qualadmin.audit.types import Context

    preview = make_preview(granter, wave, worker_ids(1))
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("qtype.seen_changed", changes={"state": ["live", "gone"]})
        QualificationType.objects.filter(pk=wave.pk).update(state="gone", audit_id=entry)
    with pytest.raises(ActionError) as refusal:
        confirm(granter, preview)
    assert refusal.value.code == "type_not_live"


def test_only_who_made_the_list_confirms_it(wave: QualificationType, granter: User, manager: User) -> None:
    preview = make_preview(granter, wave, worker_ids(1))
    colleague = UserFactory()
    RoleFactory(user=colleague, role="granter")
    for person in (colleague, manager):
        with pytest.raises(NotVisible):
            confirm(person, preview)
    with pytest.raises(NotVisible):
        confirm_preview(actor=granter.as_actor(), preview_id=uuid.uuid4(), rows_sha256="")
    lose_role(manager, granter)
    with pytest.raises(NotVisible):
        confirm(granter, preview)
    assert not Job.objects.exists()


def test_no_worker_id_and_no_file_name_stands_in_the_core_of_an_entry(
    wave: QualificationType, granter: User
) -> None:
    from qualadmin.audit.models import AuditEntry
    from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
    from qualadmin.core.reading import Plan

    preview = start_preview(
        actor=granter.as_actor(), account=wave.account, source=Preview.Source.FILE,
        content=b"worker_id\nASECRETONE\n", file_name="payments of ASECRETTWO.csv",
    )  # fmt: skip
    planned = plan_preview(
        actor=granter.as_actor(), preview=preview, plan=Plan(types={"": str(wave.pk)}),
        wishes=Wishes(score=1, reason="because of ASECRETTHREE"),
    )  # fmt: skip
    job = confirm(granter, planned)
    pause_job(actor=granter.as_actor(), job_id=job.pk)
    resume_job(actor=granter.as_actor(), job_id=job.pk)
    finish(wave.account, Result.FAILED)
    retry_failed(actor=granter.as_actor(), job_id=job.pk)
    finish(wave.account)
    assert AuditEntry.objects.filter(job=str(job.pk)).count() == 10
    assert not [entry for entry in AuditEntry.objects.all() if b"ASECRET" in bytes(entry.core)]


def test_downloads_of_results_are_on_record(wave: QualificationType, granter: User, viewer: User) -> None:
    job = make_job(granter, wave, worker_ids(1))
    with new_entries() as entries:
        record_results_downloaded(actor=granter.as_actor(), job=job, rows=1)
    assert (entries.only.action, entries.only.changes) == ("job.exported", {"rows": [None, 1]})
    with pytest.raises(NotAllowed):
        record_results_downloaded(actor=viewer.as_actor(), job=job, rows=1)


def test_old_jobs_go_first_when_small(wave: QualificationType, granter: User) -> None:
    make_job(granter, wave, worker_ids(2))
    assert take(wave.account, now=timezone.now() - timedelta(days=1)) == []
