"""Changing and deleting types at the emulator, with answers lost on the way."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions.seen import WorkerTest
from qualadmin.core.actions.type_changes import request_hits, request_type_delete, request_type_update
from qualadmin.core.actions.type_tests import worker_test
from qualadmin.core.actions.types import held_name, request_type
from qualadmin.core.models import QualificationType, RequesterAccount, TypeChange
from qualadmin.core.queue import CHANGE_TYPE, LOOK_FOR_HITS, SYNC_ACCOUNT
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.tasks.sync import read_account
from qualadmin.tasks.type_changes import OVERTAKEN, change_type, look_for_hits, resume_type_changes
from qualadmin.tasks.types import create_type
from tests.entries import new_entries, payload_of
from tests.people import Cast
from tests.questions.documents import form, key, question, scored, selections

UPDATE, DELETE = "UpdateQualificationType", "DeleteQualificationType"
LOST = [("reset", "before"), ("reset", "after"), ("error", "after"), ("no_request_id", "after"), ("html", "after")]
TEST = WorkerTest(form(question("q", selections("a", "b"))), key(scored("q", ("a", 7))), 600)
OTHER = WorkerTest(form(question("q", selections("a", "b", "c"))), key(scored("q", ("c", 9))), 900)


@pytest.fixture
def live(emulator: Emulator, cast: Cast, rung: list[Any]) -> QualificationType:
    """A type with a test, created the usual way."""
    row = request_type(
        actor=cast.actor("manager"), account=cast.account, name="Wave 4", description="Took part.", test=TEST
    )
    create_type(str(row.pk))
    rung.clear()
    return fresh(row)


def fresh(row: QualificationType) -> QualificationType:
    return QualificationType.objects.select_related("account").get(pk=row.pk)


def update(cast: Cast, row: QualificationType, **wanted: Any) -> TypeChange:
    return request_type_update(actor=cast.actor("manager"), type=fresh(row), **wanted)


def run(change: TypeChange) -> TypeChange:
    """The task, as if the waiting time were over."""
    TypeChange.objects.filter(pk=change.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    change_type(str(change.pk))
    change.refresh_from_db()
    return change


def test_a_type_is_created_with_its_test(live: QualificationType, gateway: QualificationGateway) -> None:
    remote = gateway.get_type(live.mturk_id or "")
    assert (remote.test, remote.answer_key, remote.test_duration_seconds) == (
        TEST.question_form,
        TEST.answer_key,
        600,
    )
    assert live.has_test
    assert worker_test(live) == TEST


def test_a_change_is_sent_once(
    emulator: Emulator, gateway: QualificationGateway, cast: Cast, live: QualificationType, rung: list[Any]
) -> None:
    with new_entries() as entries:
        change = update(cast, live, description="Took part twice.", retry_delay_seconds=60, status="Inactive")
        assert rung == [(CHANGE_TYPE, str(change.pk))]
        change_type(str(change.pk))
        change_type(str(change.pk))  # a doubled message

    change.refresh_from_db()
    row, remote = fresh(live), gateway.get_type(live.mturk_id or "")
    assert change.state == "done"
    assert (row.description, row.status, row.retry_delay_seconds) == ("Took part twice.", "Inactive", 60)
    assert (remote.description, remote.status, remote.retry_delay_seconds) == ("Took part twice.", "Inactive", 60)
    assert remote.answer_key == TEST.answer_key  # a change without the test leaves test and key alone
    assert len(emulator.calls(operation=UPDATE)) == 1
    assert [(one.action, one.outcome) for one in entries] == [
        ("qtype.change.requested", "started"),
        ("qtype.change.finished", "ok"),
    ]
    assert entries[0].changes["retry_delay_seconds"] == [None, 60]
    assert entries[1].content["aws"]["op"] == UPDATE
    assert payload_of(entries[0]) == {"description": "Took part twice."}


def test_a_new_test_takes_its_key_along_and_an_old_one_is_never_lost(
    gateway: QualificationGateway, cast: Cast, live: QualificationType
) -> None:
    assert run(update(cast, live, test=OTHER)).state == "done"
    remote = gateway.get_type(live.mturk_id or "")
    assert (remote.test, remote.answer_key) == (OTHER.question_form, OTHER.answer_key)
    # Only the time changes: form and key are sent again all the same.
    longer = WorkerTest(OTHER.question_form, OTHER.answer_key, 1_200)
    assert run(update(cast, live, test=longer)).state == "done"
    remote = gateway.get_type(live.mturk_id or "")
    assert (remote.answer_key, remote.test_duration_seconds) == (OTHER.answer_key, 1_200)
    # Without a key, requests wait for a person from now on.
    run(update(cast, live, test=WorkerTest(OTHER.question_form, "", 1_200)))
    assert gateway.get_type(live.mturk_id or "").answer_key is None
    assert worker_test(fresh(live)) == WorkerTest(OTHER.question_form, "", 1_200)


def test_a_test_is_given_to_a_type_that_was_granted_to_everybody(
    emulator: Emulator, gateway: QualificationGateway, cast: Cast, rung: list[Any]
) -> None:
    row = request_type(
        actor=cast.actor("manager"), account=cast.account, name="All", description="All.", auto_granted=True
    )
    create_type(str(row.pk))
    change = run(update(cast, row, test=TEST, auto_granted=False))
    assert change.state == "done"
    remote = gateway.get_type(fresh(row).mturk_id or "")
    assert (remote.auto_granted, remote.answer_key) == (False, TEST.answer_key)
    assert fresh(row).has_test


@pytest.mark.parametrize(("kind", "when"), LOST)
def test_a_lost_answer_is_read_back(
    emulator: Emulator, gateway: QualificationGateway, cast: Cast, live: QualificationType, kind: str, when: str
) -> None:
    emulator.fault(kind, when=when, operation=UPDATE, times=1)
    change = update(cast, live, test=OTHER, description="New.")
    with new_entries() as entries:
        assert run(change).state == "asked"
        assert change.failure
        change_type(str(change.pk))  # too early
        assert run(change).state == "done"

    assert gateway.get_type(live.mturk_id or "").test == OTHER.question_form
    assert worker_test(fresh(live)) == OTHER
    assert len(emulator.calls(operation=UPDATE)) == (1 if when == "after" else 2)
    assert [one.outcome for one in entries] == ["unknown", "ok"]


def test_what_changed_at_amazon_meanwhile_is_not_overwritten(
    emulator: Emulator, gateway: QualificationGateway, cast: Cast, live: QualificationType, rung: list[Any]
) -> None:
    """Somebody gave the type another key on Amazon's pages; sending ours would undo that."""
    change = update(cast, live, test=OTHER)
    gateway.update_type(
        live.mturk_id or "",
        test=TEST.question_form,
        answer_key=key(scored("q", ("b", 1))),
        test_duration_seconds=600,
    )
    sent = len(emulator.calls(operation=UPDATE))
    assert run(change).state == "refused"
    assert change.failure == OVERTAKEN
    assert len(emulator.calls(operation=UPDATE)) == sent
    assert (SYNC_ACCOUNT, str(live.account_id)) in rung


def test_a_layout_that_amazon_changed_is_no_difference(
    gateway: QualificationGateway, cast: Cast, live: QualificationType
) -> None:
    change = update(cast, live, test=OTHER)
    gateway.update_type(
        live.mturk_id or "",
        test=TEST.question_form.replace("\n", "\n  "),
        answer_key=TEST.answer_key,
        test_duration_seconds=600,
    )
    assert run(change).state == "done"


def test_throttling_and_no_answer_to_the_look_send_nothing(
    emulator: Emulator, cast: Cast, live: QualificationType
) -> None:
    change = update(cast, live, description="New.")
    emulator.fault("error", code="ThrottlingException", status=400, when="before", operation=UPDATE, times=1)
    with new_entries() as entries:
        assert run(change).state == "asked"
    assert entries == []
    assert change.checks == 0
    emulator.fault("reset", when="after", operation="GetQualificationType", times=9)
    with new_entries() as entries:
        assert run(change).state == "asked"
    assert entries == []
    emulator.clear_faults()
    assert run(change).state == "done"


def test_refused_credentials_pause_the_account(
    emulator: Emulator, account: RequesterAccount, cast: Cast, live: QualificationType
) -> None:
    change = update(cast, live, description="New.")
    emulator.fault("error", code="AccessDeniedException", status=400, when="before", operation=UPDATE, times=1)
    assert run(change).state == "asked"
    account.refresh_from_db()
    assert account.paused_reason


def deletion(cast: Cast, row: QualificationType) -> TypeChange:
    return request_type_delete(actor=cast.actor("manager"), type=fresh(row), name="Wave 4")


def test_a_type_is_being_deleted_until_amazon_no_longer_knows_it(
    emulator: Emulator, gateway: QualificationGateway, cast: Cast, live: QualificationType, rung: list[Any]
) -> None:
    with new_entries() as entries:
        change = deletion(cast, live)
        assert fresh(live).state == "deleting"
        assert run(change).state == "accepted"
        assert run(change).state == "accepted"  # Amazon still answers for it
        assert fresh(live).state == "deleting"
        rung.clear()
        resume_type_changes()
        assert rung == []  # not yet
        emulator.advance(49 * 3600)
        assert run(change).state == "done"
    row = fresh(live)
    assert row.state == "gone"
    assert [(one.action, one.outcome) for one in entries] == [
        ("qtype.delete.requested", "started"),
        ("qtype.delete.accepted", "ok"),
        ("qtype.delete.finished", "ok"),
    ]
    assert len(emulator.calls(operation=DELETE)) == 1
    assert held_name(row.account, "Wave 4", timezone.now()) == row
    assert held_name(row.account, "Wave 4", timezone.now() + timedelta(hours=49)) is None


@pytest.mark.parametrize(("kind", "when"), LOST)
def test_a_deletion_whose_answer_was_lost_is_begun_once(
    emulator: Emulator, cast: Cast, live: QualificationType, kind: str, when: str
) -> None:
    emulator.fault(kind, when=when, operation=DELETE, times=1)
    change = deletion(cast, live)
    with new_entries() as entries:
        assert run(change).state == "asked"
        assert run(change).state == "accepted"
    assert [one.outcome for one in entries] == ["unknown", "ok"]
    assert entries[1].content["aws"]["op"] == DELETE
    emulator.advance(49 * 3600)
    assert run(change).state == "done"
    assert fresh(live).state == "gone"


def test_a_type_deleted_elsewhere_is_found_to_be_so(
    emulator: Emulator, gateway: QualificationGateway, cast: Cast, live: QualificationType
) -> None:
    change = deletion(cast, live)
    gateway.delete_type(live.mturk_id or "")
    assert run(change).state == "accepted"
    emulator.advance(49 * 3600)
    assert run(change).state == "done"


def test_a_refused_deletion_leaves_the_type_as_it_was(
    emulator: Emulator, cast: Cast, live: QualificationType
) -> None:
    emulator.fault("error", code="RequestError", status=400, when="before", operation=DELETE, times=1)
    change = deletion(cast, live)
    with new_entries() as entries:
        assert run(change).state == "refused"
    assert "Amazon refused" in change.failure
    assert fresh(live).state == "live"
    assert entries.only.changes == {"state": ["deleting", "live"]}


def test_lost_doorbells_are_rung_again(cast: Cast, live: QualificationType, rung: list[Any]) -> None:
    change = deletion(cast, live)
    rung.clear()
    resume_type_changes()
    assert rung == [(CHANGE_TYPE, str(change.pk))]


def test_hits_that_require_the_type_are_counted(
    emulator: Emulator, gateway: QualificationGateway, cast: Cast, live: QualificationType, rung: list[Any]
) -> None:
    request_hits(actor=cast.actor("manager"), type=live)
    request_hits(actor=cast.actor("manager"), type=live)
    assert rung == [(LOOK_FOR_HITS, str(live.pk))]
    look_for_hits(str(live.pk))
    row = fresh(live)
    assert row.hits == {}
    assert row.hits_seen_at is not None
    emulator.fault("error", when="before", operation="ListHITsForQualificationType", times=9)
    look_for_hits(str(live.pk))
    row = fresh(live)
    assert row.hits is None
    assert row.hits_failure


def test_an_import_brings_test_and_key(
    emulator: Emulator, gateway: QualificationGateway, account: RequesterAccount, cast: Cast
) -> None:
    kept, _ = gateway.create_type(
        name="Elsewhere",
        description="Made on Amazon's pages.",
        test=TEST.question_form,
        answer_key=TEST.answer_key,
        test_duration_seconds=600,
    )
    read_account(account)
    row = QualificationType.objects.get(mturk_id=kept.type_id)
    assert worker_test(row) == TEST
    read_account(account)
    asked = len(emulator.calls(operation="GetQualificationType"))
    assert asked == 1  # what is known is not asked for again
    gateway.update_type(
        kept.type_id, test=OTHER.question_form, answer_key=OTHER.answer_key, test_duration_seconds=OTHER.seconds
    )
    with new_entries() as entries:
        read_account(account)
    assert worker_test(row) == OTHER
    assert entries.only.action == "qtype.seen_changed"
    assert "test_digest" in entries.only.changes
