"""Who holds a type, read from the emulator in slices: on after a kill, through faults in the middle of a list."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions import holder_readings, readings
from qualadmin.core.actions.types import request_sync
from qualadmin.core.models import Drift, HolderReading, Qualification, QualificationType
from qualadmin.core.queue import SYNC_TYPE
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.tasks import holders, turns
from qualadmin.tasks.holders import resume_holders, sync_type
from tests.entries import new_entries
from tests.factories import QualificationFactory
from tests.people import Cast

LIST = "ListWorkersWithQualificationType"


def slices(monkeypatch: pytest.MonkeyPatch, *pages: bool) -> None:
    """Slices of time in which this is answered to "does it go on?"."""
    answers = iter(pages)
    monkeypatch.setattr(holders, "slice_of_time", lambda: lambda: next(answers))


def whole_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holders, "slice_of_time", turns.slice_of_time)


@pytest.fixture
def panel(
    gateway: QualificationGateway, emulator: Emulator, live_type: QualificationType, rung: list[Any]
) -> QualificationType:
    """250 hold it and it was taken from 3: three pages and one, and an empty one after each list."""
    for number in range(253):
        gateway.associate(live_type.mturk_id or "", f"AHOLDER{number:03d}", number, notify=False)
    for number in range(250, 253):
        gateway.disassociate(live_type.mturk_id or "", f"AHOLDER{number:03d}", None)
    return live_type


def read(row: QualificationType) -> HolderReading:
    sync_type(str(row.pk))
    row.refresh_from_db()
    return HolderReading.objects.get(pk=row.pk)


def held(row: QualificationType, status: str = "Granted") -> int:
    return Qualification.objects.filter(type=row, status=status).count()


def test_a_reading_goes_on_where_a_slice_or_a_killed_task_was(
    panel: QualificationType, emulator: Emulator, rung: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    slices(monkeypatch, True, True, False, False)  # two pages
    reading = read(panel)
    assert (held(panel), reading.phase, reading.calls, panel.holders_synced_at) == (200, "Granted", 2, None)
    assert rung == [(SYNC_TYPE, str(panel.pk))]

    taken = holder_readings.take_holder_reading(panel)  # a task takes it up and is killed
    assert taken is not None
    whole_slices(monkeypatch)
    read(panel)
    assert held(panel) == 200  # another one leaves it alone …
    HolderReading.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    rung.clear()
    resume_holders()
    assert rung == [(SYNC_TYPE, str(panel.pk))]
    reading = read(panel)  # … until the lease is over
    assert not holder_readings.note_asked(turn=taken[1], row=taken[0])  # who wakes up late does nothing

    assert (held(panel), held(panel, "Revoked")) == (250, 3)
    assert (reading.is_open, reading.counts["seen"]) == (False, 253)
    assert panel.holders_synced_at is not None
    assert len(emulator.calls(operation=LIST)) == 6  # no page was read twice
    assert not Drift.objects.exists()


def test_a_token_that_amazon_refuses_begins_the_lists_again_without_harm(
    panel: QualificationType, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices(monkeypatch, True, True, False, False)
    first = read(panel).as_of
    whole_slices(monkeypatch)
    emulator.fault("error", operation=LIST, code="RequestError", message="stale", status=400, times=1)

    reading = read(panel)

    assert (held(panel), held(panel, "Revoked"), reading.restarts) == (250, 3, 1)
    assert first is not None
    assert panel.holders_synced_at is not None
    assert panel.holders_synced_at > first
    assert Qualification.objects.filter(type=panel).count() == 253


def test_progress_that_is_too_old_is_thrown_away(
    panel: QualificationType, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices(monkeypatch, True, False, False)
    read(panel)
    whole_slices(monkeypatch)
    HolderReading.objects.update(read_at=timezone.now() - holder_readings.STALE - timedelta(minutes=1))
    calls = len(emulator.calls(operation=LIST))

    assert not read(panel).is_open
    assert len(emulator.calls(operation=LIST)) == calls + 6
    assert held(panel) == 250


@pytest.mark.parametrize("fault", ["error", "reset"])
def test_a_fault_in_the_middle_keeps_what_came_and_is_tried_again(
    panel: QualificationType,
    emulator: Emulator,
    cast: Cast,
    rung: list[Any],
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    request_sync(actor=cast.actor("granter"), type=panel)
    more = {"code": "ServiceFault", "status": 500} if fault == "error" else {"when": "before"}
    emulator.fault(fault, operation=LIST, skip=1, times=4, **more)  # all four requests of the second call

    with new_entries() as entries:
        reading = read(panel)
    assert (held(panel), reading.tries, panel.holders_synced_at) == (100, 1, None)
    assert entries.actions == ["qtype.synced"]  # the part that came; the failure is not final
    rung.clear()
    resume_holders()
    assert rung == []  # it rests
    HolderReading.objects.update(due_at=timezone.now())
    resume_holders()
    assert rung == [(SYNC_TYPE, str(panel.pk))]
    assert not read(panel).is_open
    assert held(panel) == 250

    monkeypatch.setattr(readings, "TRIES", 1)
    request_sync(actor=cast.actor("granter"), type=panel)
    emulator.fault("error", operation=LIST, code="ServiceFault", status=500)
    QualificationType.objects.update(sync_asked_at=timezone.now() + timedelta(seconds=1))
    with new_entries() as entries:
        assert not read(panel).is_open
    assert (entries.only.action, entries.only.outcome) == ("qtype.synced", "failed")


def test_who_asks_while_it_is_read_gets_a_reading_of_his_own(
    panel: QualificationType, cast: Cast, rung: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    slices(monkeypatch, True, False, False)
    read(panel)
    request_sync(actor=cast.actor("granter"), type=panel)
    whole_slices(monkeypatch)
    rung.clear()
    assert not read(panel).is_open
    assert rung == [(SYNC_TYPE, str(panel.pk))]


def test_those_whom_no_list_names_are_asked_about_in_slices_too(
    panel: QualificationType, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(panel)
    rows = [QualificationFactory(type=panel) for _ in range(5)]
    monkeypatch.setattr(holder_readings, "ASKED_AT_MOST", 4)
    slices(monkeypatch, *[True] * 8, False)
    reading = read(panel)
    assert reading.phase == "unlisted"
    assert 0 < reading.asked < 4
    whole_slices(monkeypatch)
    reading = read(panel)
    assert (reading.is_open, reading.asked) == (False, 4)
    asked = emulator.calls(operation="GetQualificationScore")
    assert len(asked) == 4
    assert Drift.objects.standing().filter(kind="missing").count() == 4
    read(panel)  # the next reading goes on with the rest
    assert Drift.objects.standing().filter(kind="missing").count() == len(rows)
