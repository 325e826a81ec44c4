"""Undoing: every worker back to what was held before, and nobody else's later wish touched."""

from datetime import timedelta

import pytest
from django.utils import timezone

from qualadmin.core.actions.control import retry_failed, stop_job
from qualadmin.core.actions.holders import apply_holders
from qualadmin.core.actions.outcomes import Result
from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
from qualadmin.core.actions.readback import MAX_CHECKS, Finding, claim_checks, record_findings
from qualadmin.core.actions.seen import SeenHolder
from qualadmin.core.actor import Actor
from qualadmin.core.models import (
    Preview,
    PreviewRow,
    QualificationType,
    RequesterAccount,
    Study,
    User,
    Verb,
)
from qualadmin.core.reading import Plan
from tests.core.actions.undoing import confirm, held, prepare, undo
from tests.entries import new_entries
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.tasks.hands import DRAIN, LEASE, finish, give, outcome, take
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db
Group = PreviewRow.Group


def groups(preview: Preview) -> dict[str, str]:
    return dict(preview.rows.values_list("worker_id", "group"))


def mixed_past(wave: QualificationType) -> None:
    """One who never held it, one with another score, one whose grant was revoked, one who has it already."""
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="ASCORED"), value=60)
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AREVOKED"), value=40, status="Revoked")
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="ASAME"), value=100)


EVERYBODY = ["ANEW", "ASCORED", "AREVOKED", "ASAME"]


# --- what comes back ----------------------------------------------------------------------------------------


def test_a_grant_is_undone_to_what_each_worker_held_before(
    wave: QualificationType, granter: User, study: Study
) -> None:
    mixed_past(wave)
    before = held(wave)
    job = make_job(granter, wave, EVERYBODY, score=100, study=study)
    finish(wave.account)
    preview = prepare(granter, job)
    assert groups(preview) == {"ANEW": "revoke", "ASCORED": "score", "AREVOKED": "revoke"}
    assert (preview.source, preview.state, preview.notify, preview.revoke_reason) == ("undo", "ready", False, "")
    undone = undo(granter, job)
    assert held(wave) == before | {"ANEW": ("Revoked", None)}
    assert (undone.undoes, undone.state, undone.done, undone.kind) == (job, "finished", 3, "mixed")
    assert undone.title == f"Undo of “{job.title}”"
    assert undone.reason == "wrong list"
    assert not undone.notify
    assert set(undone.changes.values_list("undoes", flat=True)) == set(job.changes.values_list("pk", flat=True))


def test_what_was_taken_away_is_granted_again_with_its_old_score(wave: QualificationType, granter: User) -> None:
    QualificationFactory(type=wave, worker=WorkerFactory(worker_id="AHOLDER"), value=77)
    job = make_job(granter, wave, ["AHOLDER"], verb=Verb.REVOKE, revoke_reason="Not eligible any more.")
    finish(wave.account)
    assert held(wave) == {"AHOLDER": ("Revoked", None)}
    assert groups(prepare(granter, job)) == {"AHOLDER": "new"}
    undo(granter, job)
    assert held(wave) == {"AHOLDER": ("Granted", 77)}


def test_an_undo_can_be_undone(wave: QualificationType, granter: User) -> None:
    mixed_past(wave)
    job = make_job(granter, wave, EVERYBODY, score=100)
    finish(wave.account)
    after = held(wave)
    again = undo(granter, undo(granter, job))
    assert held(wave) == after
    assert again.undoes is not None
    assert again.undoes.undoes == job


def test_only_what_the_job_really_did_is_undone(wave: QualificationType, granter: User) -> None:
    """Not what failed, was so already, was given up, or nobody knows of."""
    job = make_job(granter, wave, worker_ids(5))
    claims = take(wave.account, 3)
    give([outcome(claims[0]), outcome(claims[1], Result.FAILED), outcome(claims[2], Result.UNKNOWN)])
    for _ in range(MAX_CHECKS):
        [looked] = claim_checks(
            account_id=job.account_id, limit=9, by="x", now=timezone.now() + timedelta(days=1), lease=LEASE
        )
        finding = Finding(looked, None, None, timezone.now())
        record_findings(actor=DRAIN, findings=[finding], settle=timedelta(0))
    stop_job(actor=granter.as_actor(), job_id=job.pk)
    assert groups(prepare(granter, job)) == {
        claims[0].worker_id: "revoke",
        claims[2].worker_id: "problem",
    }
    undone = undo(granter, job)
    assert (undone.total, undone.done) == (1, 1)


def test_where_two_jobs_overlap_undoing_the_second_brings_back_the_first(
    wave: QualificationType, granter: User
) -> None:
    """The second was confirmed before the first had been sent; what counts is what was held when it was sent."""
    make_job(granter, wave, worker_ids(2), score=10)
    second = make_job(granter, wave, worker_ids(2), score=20)
    finish(wave.account)
    undo(granter, second)
    assert held(wave) == dict.fromkeys(worker_ids(2), ("Granted", 10))


def test_several_types_are_undone_in_one_job(account: RequesterAccount, granter: User) -> None:
    types = [TypeFactory(account=account, name=f"Type {number}") for number in (1, 2)]
    preview = start_preview(
        actor=granter.as_actor(), account=account, source=Preview.Source.FILE, file_name="workers.csv",
        content=b"Worker ID,UPDATE-Type 1,UPDATE-Type 2\nAONE,10,20\nATWO,11,\n",
    )  # fmt: skip
    plan = Plan(types={one.name: str(one.pk) for one in types})
    plan_preview(actor=granter.as_actor(), preview=preview, plan=plan, wishes=Wishes())
    job = confirm(granter, preview)
    finish(account)
    assert [len(held(one)) for one in types] == [2, 1]
    undone = undo(granter, job)
    assert undone.done == 3
    assert all(status != "Granted" for one in types for status, _ in held(one).values())


# --- what others changed since ------------------------------------------------------------------------------


def test_what_others_changed_since_is_left_alone_and_listed_with_who_and_when(
    wave: QualificationType, granter: User, colleague: User
) -> None:
    job = make_job(granter, wave, ["AONE", "ATWO", "ATHREE", "AFOUR"], score=50)
    finish(wave.account)
    make_job(colleague, wave, ["ATWO"], score=70)
    make_job(colleague, wave, ["AFOUR"], verb=Verb.REVOKE)
    finish(wave.account)
    seen = [SeenHolder("AONE", "Granted", 50, None), SeenHolder("ATHREE", "Granted", 51, None)]
    apply_holders(actor=Actor.system("sync"), type=wave, holders=seen, as_of=timezone.now())
    preview = prepare(granter, job)
    assert groups(preview) == {"AONE": "revoke", "ATWO": "left", "ATHREE": "left", "AFOUR": "same"}
    whys = dict(preview.rows.filter(group="left").values_list("worker_id", "why"))
    assert whys["ATWO"].startswith("Changed since by Cora Colleague, 20")
    assert whys["ATHREE"].startswith("Changed since outside qualadmin, 20")
    undone = undo(granter, job)
    assert held(wave)["ATWO"] == ("Granted", 70)
    assert held(wave)["ATHREE"] == ("Granted", 51)
    assert held(wave)["AONE"][0] == "Revoked"
    assert (undone.total, undone.done, undone.cancelled) == (3, 1, 2)
    left = undone.changes.filter(state="cancelled")
    assert set(left.values_list("worker__worker_id", "code")) == {
        ("ATWO", "changed_since"),
        ("ATHREE", "changed_since"),
    }
    assert all("Left alone." in message for message in left.values_list("message", flat=True))


def test_somebody_who_changed_it_there_and_back_again_is_left_alone_too(
    wave: QualificationType, granter: User, colleague: User
) -> None:
    job = make_job(granter, wave, ["AONE"], score=50)
    finish(wave.account)
    for score in (70, 50):
        make_job(colleague, wave, ["AONE"], score=score)
        finish(wave.account)
    assert groups(prepare(granter, job)) == {"AONE": "left"}


def test_what_changed_between_preview_and_confirm_is_left_alone_or_already_so(
    wave: QualificationType, granter: User, colleague: User
) -> None:
    job = make_job(granter, wave, ["AONE", "ATWO", "ATHREE"], score=50)
    finish(wave.account)
    preview = prepare(granter, job)
    make_job(colleague, wave, ["AONE"], score=60)
    make_job(colleague, wave, ["ATWO"], verb=Verb.REVOKE)
    finish(wave.account)
    undone = confirm(granter, preview)
    found = undone.changes.values_list("worker__worker_id", "state", "code")
    assert set(found) == {
        ("AONE", "cancelled", "changed_since"),
        ("ATWO", "skipped", "already_so"),
        ("ATHREE", "planned", ""),
    }
    undone.refresh_from_db()
    assert (undone.total, undone.planned, undone.skipped, undone.cancelled) == (3, 1, 1, 1)


def test_what_changes_between_confirm_and_call_is_left_alone(
    wave: QualificationType, granter: User, colleague: User
) -> None:
    """A job of somebody else for the same worker came first and waits; the undo must not overwrite it."""
    job = make_job(granter, wave, ["AONE", "ATWO"], score=50)
    finish(wave.account)
    make_job(colleague, wave, ["AONE"], score=60)
    undone = confirm(granter, prepare(granter, job))
    with new_entries() as entries:
        finish(wave.account)
    assert held(wave) == {"AONE": ("Granted", 60), "ATWO": ("Revoked", None)}
    undone.refresh_from_db()
    assert (undone.state, undone.done, undone.cancelled, undone.planned) == ("finished", 1, 1, 0)
    [cancelled] = [entry for entry in entries if entry.action == "change.cancelled"]
    assert cancelled.changes == {
        "state": ["planned", "cancelled"],
        "cause": [None, "changed since"],
        "count": [None, 1],
    }


def test_an_undo_in_which_all_was_changed_meanwhile_ends(
    wave: QualificationType, granter: User, colleague: User
) -> None:
    job = make_job(granter, wave, ["AONE"], score=50)
    finish(wave.account)
    make_job(colleague, wave, ["AONE"], score=60)
    undone = undo(granter, job)
    assert (undone.state, undone.cancelled, undone.total) == ("finished", 1, 1)
    assert undone.finished_at is not None


def test_what_the_undo_failed_at_is_retried_with_the_same_care(
    wave: QualificationType, granter: User, colleague: User
) -> None:
    job = make_job(granter, wave, ["AONE", "ATWO"], score=50)
    finish(wave.account)
    undone = confirm(granter, prepare(granter, job))
    finish(wave.account, Result.FAILED)
    make_job(colleague, wave, ["AONE"], score=60)
    finish(wave.account)
    retry_failed(actor=granter.as_actor(), job_id=undone.pk)
    finish(wave.account)
    assert held(wave) == {"AONE": ("Granted", 60), "ATWO": ("Revoked", None)}
