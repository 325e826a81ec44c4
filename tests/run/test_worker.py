"""The watchdog: a made-up clock, a made-up cluster that is a real process, real heartbeat rows."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Heartbeat
from qualadmin.tasks import heartbeat, stopping, worker

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
SLEEPER = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@dataclass
class Stage:
    """A watch on a clock that only the test moves."""

    watch: worker.ClusterWatch
    now: float
    started: list["subprocess.Popen[bytes]"]
    rung: list[str]
    ready: list[bool]

    def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.now += 1
            self.watch.step()

    @staticmethod
    def beat(name: str) -> None:
        Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": timezone.now()})


@pytest.fixture
def stage(settings, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    settings.VAR_DIR, settings.CLUSTER_NAME = tmp_path, "here"
    stage = Stage.__new__(Stage)
    stage.now, stage.started, stage.rung, stage.ready = 1000.0, [], [], []

    def start(code: str = SLEEPER) -> "subprocess.Popen[bytes]":
        stage.started.append(subprocess.Popen([sys.executable, "-c", code], start_new_session=True))
        return stage.started[-1]

    monkeypatch.setattr(worker, "ring", stage.rung.append)
    stage.watch = worker.ClusterWatch(
        start=start, clock=lambda: stage.now, stop_seconds=1.0, on_first_beat=lambda: stage.ready.append(True)
    )
    yield stage
    stage.watch.end()
    for process in stage.started:
        process.kill()
        process.wait()


def restarts() -> list[str]:
    return list(AuditEntry.objects.filter(action="system.worker.restarted").values_list("action", flat=True))


def test_it_starts_the_cluster_and_says_ready_at_the_first_beat_only(stage: Stage) -> None:
    Stage.beat("here")  # of a cluster long gone
    stage.watch.step()
    stage.pass_time(3)
    assert (len(stage.started), stage.ready) == (1, [])
    Stage.beat("here")
    stage.pass_time(2)
    Stage.beat("here")
    stage.pass_time(2)
    assert stage.ready == [True]


def test_it_rings_for_the_beat_and_the_sweep(stage: Stage) -> None:
    stage.watch.step()
    for _ in range(12):
        Stage.beat("here")
        stage.pass_time(10)
    assert stage.rung.count(heartbeat.TASK) in range(11, 14)
    assert stage.rung.count(worker.SWEEP) == 2


def test_a_silent_cluster_is_started_again_with_an_entry(stage: Stage) -> None:
    stage.watch.step()
    stage.pass_time(44)
    assert len(stage.started) == 1
    stage.pass_time(4)
    assert len(stage.started) == 2
    assert stage.started[0].poll() is not None
    assert len(restarts()) == 1


def test_a_cluster_that_beats_is_left_alone(stage: Stage) -> None:
    stage.watch.step()
    for _ in range(10):
        stage.pass_time(40)
        Stage.beat("here")
    assert (len(stage.started), restarts()) == (1, [])


def test_the_beat_of_another_cluster_does_not_count_but_makes_it_ring_faster(stage: Stage) -> None:
    stage.watch.step()
    Heartbeat.objects.create(name="elsewhere", beat_at=timezone.now() + timedelta(minutes=5))
    stage.pass_time(48)
    assert len(stage.started) == 2
    assert stage.rung.count(heartbeat.TASK) > 15


def test_a_cluster_that_keeps_dying_is_started_more_and_more_slowly(stage: Stage) -> None:
    stage.watch.step()
    for _ in range(300):
        if stage.watch.running:
            stage.started[-1].kill()
            stage.started[-1].wait()
        stage.pass_time(1)
    assert 5 <= len(stage.started) <= 12
    assert len(restarts()) in range(len(stage.started) - 1, len(stage.started) + 1)


def test_without_the_database_the_cluster_is_left_alone(stage: Stage) -> None:
    stage.watch.step()
    with patch.object(stage.watch, "_newest_beat", side_effect=OperationalError("gone")):
        stage.pass_time(120)
    assert len(stage.started) == 1
    stage.pass_time(40)
    assert len(stage.started) == 1


def test_a_restart_that_cannot_be_recorded_still_happens(stage: Stage) -> None:
    stage.watch.step()
    with patch.object(worker, "record_worker_restarted", side_effect=RuntimeError("no log")):
        stage.pass_time(48)
    assert len(stage.started) == 2


def test_the_end_kills_a_cluster_that_will_not_go(stage: Stage) -> None:
    stage.watch._start = lambda: stage.started.append(
        subprocess.Popen([sys.executable, "-c", STUBBORN], start_new_session=True, stdout=subprocess.PIPE)
    ) or stage.started[-1]  # fmt: skip
    stage.watch.step()
    with stage.started[-1].stdout as said:
        said.readline()
    stage.watch.ask_to_stop()
    stage.watch.end()
    assert stage.started[-1].returncode == -9
    assert not stopping.asked()


def test_running_tasks_are_told_to_finish(stage: Stage) -> None:
    stopping.ask()
    assert stopping.asked()
    stage.watch.step()  # a new cluster must not find the old note
    assert not stopping.asked()


def test_a_long_task_beats_by_itself_but_not_at_each_turn(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CLUSTER_NAME = "busy"
    monkeypatch.setattr(heartbeat, "_last_beat", -1000.0)
    heartbeat.beat_now_and_then()
    first = Heartbeat.objects.get(pk="busy").beat_at
    heartbeat.beat_now_and_then()
    assert Heartbeat.objects.get(pk="busy").beat_at == first
