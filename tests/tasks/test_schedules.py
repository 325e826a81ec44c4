"""The timetable, and the rounds it rings for."""

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import Failure, Schedule

from qualadmin.core import queue
from qualadmin.core.actions.connections import request_connection_test
from qualadmin.core.models import ConnectionTest
from qualadmin.core.queue import TEST_CONNECTION
from qualadmin.tasks.schedules import TIMETABLES, ensure_schedules, prune, resume
from tests.people import Cast


def rows() -> list[tuple[Any, ...]]:
    return list(Schedule.objects.order_by("name").values_list("name", "func", "minutes", "next_run"))


@pytest.mark.django_db
def test_the_timetable_is_written_once() -> None:
    ensure_schedules()
    first = rows()
    ensure_schedules()

    assert rows() == first
    assert [(name, minutes) for name, _, minutes, _ in first] == [
        ("expiry", None),
        ("lists", None),
        ("mail", None),
        ("months", None),
        ("prune", None),
        ("requests", 3),
        ("resume", 1),
        ("rules", None),
        ("sweep", 1),
        ("sync", 15),
        ("verify", None),
        ("watch", 1),
    ]
    nightly = Schedule.objects.get(name="prune")
    assert (nightly.next_run.hour, nightly.next_run.minute) == (3, 10)
    assert timezone.now() < nightly.next_run <= timezone.now() + timedelta(days=1)


@pytest.mark.django_db
def test_a_timetable_that_was_tampered_with_is_put_right() -> None:
    ensure_schedules()
    Schedule.objects.filter(name="sync").update(minutes=1, func="os.system")
    Schedule.objects.create(name="sweep", func="qualadmin.tasks.sweep.sweep", schedule_type="I", minutes=1)
    Schedule.objects.create(name="foreign", func="os.system", schedule_type="I", minutes=1)

    ensure_schedules()

    assert [name for name, *_ in rows()] == [
        "expiry",
        "lists",
        "mail",
        "months",
        "prune",
        "requests",
        "resume",
        "rules",
        "sweep",
        "sync",
        "verify",
        "watch",
    ]
    assert Schedule.objects.get(name="sync").func == queue.SYNC_ALL


@pytest.mark.parametrize(
    "path",
    [
        *[one.task for one in TIMETABLES],
        queue.DRAIN,
        queue.RECONCILE,
        queue.SYNC_ACCOUNT,
        queue.SYNC_TYPE,
        queue.CREATE_TYPE,
        queue.TEST_CONNECTION,
        queue.CHECK_WORKER,
    ],
)
def test_every_doorbell_leads_to_a_function(path: str) -> None:
    module, _, name = path.rpartition(".")

    assert callable(getattr(import_module(module), name))


def test_a_connection_test_whose_doorbell_was_lost_is_rung_again(cast: Cast, rung: list[Any]) -> None:
    test = request_connection_test(actor=cast.actor("manager"), account=cast.account)
    rung.clear()

    resume()
    assert rung == []

    ConnectionTest.objects.filter(pk=test.pk).update(asked_at=timezone.now() - timedelta(minutes=2))
    resume()
    assert rung == [(TEST_CONNECTION, test.pk)]


@pytest.mark.django_db
def test_old_failures_are_forgotten() -> None:
    for number, days in enumerate((13, 15)):
        then = timezone.now() - timedelta(days=days)
        Failure.objects.create(
            id=f"{number:032x}", name=f"{days} days", func="x", started=then, stopped=then, success=False
        )

    prune()

    assert [one.name for one in Failure.objects.all()] == ["13 days"]


def test_the_times_of_the_night_are_those_of_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (\d\d:\d\d) \|", manual, re.MULTILINE)
    assert told == sorted(f"{one.at:%H:%M}" for one in TIMETABLES if one.at)


def test_long_readings_get_the_time_they_need(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    heard: list[dict[str, Any]] = []
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "orm": "default"}
    monkeypatch.setattr(queue, "async_task", lambda *args, **options: heard.append(options))

    queue.ring(queue.SYNC_TYPE, "x")
    queue.ring(queue.DRAIN, "x")

    assert heard == [{"save": False, "timeout": 120}, {"save": False}]
    assert max(queue.TIMEOUTS.values()) < settings.Q_CLUSTER["retry"]
