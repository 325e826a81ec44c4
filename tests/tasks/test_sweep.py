"""Whom the minute's round wakes: enough drains, and never one more for every minute."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.models import Heartbeat, QualificationType, RequesterAccount, User
from qualadmin.core.queue import DRAIN
from qualadmin.tasks.sweep import sweep
from tests.factories import TypeFactory
from tests.tasks.hands import take
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(account: RequesterAccount, granter: User) -> QualificationType:
    """A job that is not over soon."""
    wave: QualificationType = TypeFactory(account=account, name="Wave 3")
    make_job(granter, wave, worker_ids(20))
    return wave


def drains(rung: list[tuple[Any, ...]]) -> int:
    """How many were rung for by one round."""
    rung.clear()
    sweep()
    return sum(task == DRAIN for task, *_ in rung)


def test_a_drain_is_rung_for_while_task_processes_are_free(
    work: QualificationType, rung: list[tuple[Any, ...]]
) -> None:
    assert drains(rung) == 1
    take(work.account, limit=2, by="elsewhere/1/1")
    assert drains(rung) == 1


def test_no_further_drain_is_rung_for_when_all_task_processes_are_at_work(
    work: QualificationType, rung: list[tuple[Any, ...]]
) -> None:
    """Each rings for the next by itself: a ring a minute more would never leave the queue."""
    take(work.account, limit=2, by="elsewhere/1/1")
    take(work.account, limit=2, by="elsewhere/2/1")
    assert drains(rung) == 0


def test_another_cluster_that_beats_is_woken_too(work: QualificationType, rung: list[tuple[Any, ...]]) -> None:
    take(work.account, limit=2, by="elsewhere/1/1")
    take(work.account, limit=2, by="elsewhere/2/1")
    for name in ("one", "two"):
        Heartbeat.objects.create(name=name, beat_at=timezone.now())
    Heartbeat.objects.create(name="ended", beat_at=timezone.now() - timedelta(hours=1))
    assert drains(rung) == 1
    take(work.account, limit=2, by="further/1/1")
    take(work.account, limit=2, by="further/2/1")
    assert drains(rung) == 0
