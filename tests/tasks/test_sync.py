"""Reading from the emulator over HTTP: types, requests, holders, one worker."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions.types import request_sync
from qualadmin.core.models import (
    Change,
    Qualification,
    QualificationRequest,
    QualificationType,
    RequesterAccount,
)
from qualadmin.core.queue import SYNC_ACCOUNT, SYNC_TYPE
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.tasks import stopping
from qualadmin.tasks.holders import sync_type
from qualadmin.tasks.sync import check_worker, due_types, sync_account, sync_all
from tests.entries import new_entries, payload_of
from tests.factories import AccountFactory, QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast


def held(row: QualificationType, status: str = "Granted") -> dict[str | None, int | None]:
    rows = Qualification.objects.filter(type=row, status=status)
    return dict(rows.values_list("worker__worker_id", "value"))


def test_types_and_requests_come_in_and_holders_are_rung_for(
    emulator: Emulator, gateway: QualificationGateway, account: RequesterAccount, rung: list[Any]
) -> None:
    made, _ = gateway.create_type(name="Wave 1", description="First.")
    emulator.ask(made.type_id, "AASKER1")

    sync_account(str(account.pk))

    row = QualificationType.objects.get(account=account)
    assert (row.name, row.mturk_id, row.state) == ("Wave 1", made.type_id, "live")
    request = QualificationRequest.objects.get()
    assert (request.type, request.worker.worker_id, request.state) == (row, "AASKER1", "waiting")
    account.refresh_from_db()
    assert account.synced_at is not None
    assert rung == [(SYNC_TYPE, str(row.pk))]

    with new_entries() as entries:
        sync_account(str(account.pk))
    assert entries == []


def test_an_answered_request_is_closed(
    emulator: Emulator, gateway: QualificationGateway, account: RequesterAccount, rung: list[Any]
) -> None:
    made, _ = gateway.create_type(name="Wave 1", description="First.")
    request_id = emulator.ask(made.type_id, "AASKER1")
    sync_account(str(account.pk))
    gateway.reject_request(request_id, None)

    sync_account(str(account.pk))

    assert QualificationRequest.objects.get().state == "closed"


def test_a_type_that_was_deleted_at_amazon_goes(
    emulator: Emulator, account: RequesterAccount, live_type: QualificationType, rung: list[Any]
) -> None:
    lost = TypeFactory(account=account)

    sync_account(str(account.pk))

    lost.refresh_from_db()
    live_type.refresh_from_db()
    assert (lost.state, live_type.state) == ("gone", "live")


def test_a_type_that_amazon_does_not_list_yet_stays(
    emulator: Emulator, gateway: QualificationGateway, account: RequesterAccount, rung: list[Any]
) -> None:
    emulator.configure(list_lag_seconds=60)
    made, _ = gateway.create_type(name="Wave 1", description="First.")
    row = TypeFactory(account=account, name="Wave 1", mturk_id=made.type_id)

    sync_account(str(account.pk))

    row.refresh_from_db()
    assert row.state == "live"


def test_holders_agree_with_amazon_worker_by_worker(
    emulator: Emulator, gateway: QualificationGateway, live_type: QualificationType
) -> None:
    mturk_id = live_type.mturk_id or ""
    for number in range(230):  # three pages
        gateway.associate(mturk_id, f"AHOLDER{number}", number, notify=False)
    for number in range(3):
        gateway.disassociate(mturk_id, f"AHOLDER{number}", None)

    sync_type(str(live_type.pk))

    assert held(live_type) == emulator.grant_map(mturk_id)
    assert held(live_type, "Revoked") == emulator.revoked_map(mturk_id)
    assert len(held(live_type)) == 227
    assert Change.objects.filter(job=None, state="done").count() == 230

    gateway.associate(mturk_id, "AHOLDER5", 99, notify=False)
    gateway.disassociate(mturk_id, "AHOLDER6", None)
    with new_entries() as entries:
        sync_type(str(live_type.pk))
    assert entries.actions == ["mturk.drift.detected"] * 2 + ["qtype.synced"]
    assert held(live_type) == emulator.grant_map(mturk_id)


def test_workers_who_are_not_listed_are_asked_about_one_by_one(
    emulator: Emulator, gateway: QualificationGateway, live_type: QualificationType
) -> None:
    sync_type(str(live_type.pk))
    row = QualificationFactory(type=live_type)  # Amazon has never heard of it

    with new_entries() as entries:
        sync_type(str(live_type.pk))

    row.refresh_from_db()
    assert row.status == "Revoked"
    assert entries.only.action == "mturk.drift.detected"
    assert len(emulator.calls(operation="GetQualificationScore")) == 1


@pytest.mark.parametrize("state", ["held", "revoked", "never"])
def test_one_worker_is_checked(
    emulator: Emulator, gateway: QualificationGateway, live_type: QualificationType, state: str
) -> None:
    worker, mturk_id = WorkerFactory(), live_type.mturk_id or ""
    if state != "never":
        gateway.associate(mturk_id, worker.worker_id, 42, notify=False)
    if state == "revoked":
        gateway.disassociate(mturk_id, worker.worker_id, None)

    check_worker(str(worker.pk), str(live_type.pk))

    found = list(Qualification.objects.values_list("status", "value"))
    assert found == {"held": [("Granted", 42)], "revoked": [("Revoked", None)], "never": []}[state]


def test_a_list_that_fails_is_told_to_whoever_asked_and_not_shown_in_the_log(
    emulator: Emulator, cast: Cast, live_type: QualificationType, rung: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    request_sync(actor=cast.actor("granter"), type=live_type)
    emulator.fault("error", code="RequestError", message="AWORKERID1 is wrong", status=400)

    with caplog.at_level(logging.WARNING), new_entries() as entries:
        sync_type(str(live_type.pk))

    assert (entries.only.action, entries.only.outcome) == ("qtype.synced", "failed")
    assert "AWORKERID1" in str(payload_of(entries.only))
    assert "AWORKERID1" not in str(entries.only.content)
    assert "AWORKERID1" not in caplog.text
    assert "Reading from Amazon failed" in caplog.text


def test_refused_credentials_pause_the_account(
    emulator: Emulator, account: RequesterAccount, live_type: QualificationType, rung: list[Any]
) -> None:
    emulator.fault("error", code="UnrecognizedClientException", status=400)

    sync_account(str(account.pk))
    sync_type(str(live_type.pk))

    account.refresh_from_db()
    assert account.paused_reason
    assert rung == []


def test_the_quarter_hours_round_rings_for_open_accounts_only(account: RequesterAccount, rung: list[Any]) -> None:
    AccountFactory(is_enabled=False)
    AccountFactory(archived_at=timezone.now())

    sync_all()

    assert (SYNC_ACCOUNT, str(account.pk)) in rung
    assert len(rung) == 2  # `other_account` of the cast is the second


def test_large_types_are_read_less_often(account: RequesterAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    small = TypeFactory(account=account, holders_synced_at=now - timedelta(minutes=15))
    large = TypeFactory(account=account, holders_synced_at=now - timedelta(minutes=15))
    TypeFactory(account=account, holders_synced_at=now - timedelta(minutes=5))
    asked = TypeFactory(account=account, holders_synced_at=now - timedelta(minutes=5), sync_asked_at=now)
    never = TypeFactory(account=account)
    TypeFactory(account=account, state="gone")
    QualificationFactory.create_batch(3, type=large)
    monkeypatch.setattr("qualadmin.tasks.sync.SECONDS_PER_HOLDER", 1000)

    assert set(due_types(account, now)) == {small, asked, never}


def test_a_cluster_that_is_ended_stops_reading(
    gateway: QualificationGateway, live_type: QualificationType, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.associate(live_type.mturk_id or "", "AHOLDER1", 1, notify=False)
    monkeypatch.setattr(stopping, "asked", lambda: True)

    sync_type(str(live_type.pk))

    live_type.refresh_from_db()
    assert live_type.holders_synced_at is None
