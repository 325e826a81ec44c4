"""The watchdog over one task cluster: rings, listens for the beat, and starts a silent or dead cluster again.

django-q2 can be dead and look alive: a worker that is killed while it waits for a message keeps the queue's
lock; then no message is ever taken again, nor does SIGTERM end the cluster. Only a beat that went through the
queue proves that it works.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from qualadmin.core.actions.requests import held_back_due
from qualadmin.core.actions.system import record_worker_restarted
from qualadmin.core.actor import Actor
from qualadmin.core.models import Heartbeat
from qualadmin.core.queue import DRAIN, SWEEP, ring

from . import heartbeat, stopping
from .supervisor import kill_group, start_in_own_session

logger = logging.getLogger(__name__)

RING_SECONDS: Final = 10.0
# Several clusters share one queue, so another one may take our ring: ring faster until we are answered.
RING_AMONG_OTHERS_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 45.0
SWEEP_SECONDS: Final = 60.0
HELD_BACK_SECONDS: Final = 1.0  # how often to look for answers that can no longer be taken back
# Stays below systemd's TimeoutStopSec=120. Whatever is in hand then has a lease and is looked at later.
STOP_SECONDS: Final = 110.0
SHORTEST_DELAY: Final = 1.0
LONGEST_DELAY: Final = 60.0
HEALTHY_SECONDS: Final = 300.0  # a cluster that lived this long starts again without delay

Process = subprocess.Popen[bytes]


@dataclass
class Running:
    """A started cluster. Times are seconds of the monotonic clock."""

    process: Process
    started_at: float
    alive_at: float
    rung_at: float
    swept_at: float
    beat: datetime | None  # the newest beat seen; one from before the start proves nothing
    looked_at: float = 0.0  # for answers to be sent
    answered: bool = False
    ever_beat: bool = False


def start_cluster() -> Process:
    """Start `qcluster` in its own session; it gets SIGTERM should this process die."""
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
    inherited = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
    return start_in_own_session(command, env={**inherited, "QUALADMIN_CLUSTER_NAME": settings.CLUSTER_NAME})


class ClusterWatch:
    """Keeps one cluster running until asked to stop. `step()` is one look; `run()` looks until the end."""

    def __init__(
        self,
        *,
        start: Callable[[], Process] = start_cluster,
        clock: Callable[[], float] = time.monotonic,
        stop_seconds: float = STOP_SECONDS,
        on_first_beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.name: str = settings.CLUSTER_NAME
        self.running: Running | None = None
        self.stops_asked = 0
        self._start = start
        self._clock = clock
        self._stop_seconds = stop_seconds
        self._on_first_beat = on_first_beat
        self._delay = 0.0
        self._start_due = 0.0

    def ask_to_stop(self, *unused: object) -> None:
        """Signal handler: the first call ends the cluster in peace, a second one at once."""
        self.stops_asked += 1

    def run(self, pause: float = 0.2) -> None:
        """Watch until asked to stop, then end the cluster."""
        try:
            while not self.stops_asked:
                self.step()
                time.sleep(pause)
        finally:
            self.end()

    def step(self) -> None:
        """Start the cluster when due; otherwise ring when it is time and judge whether it lives."""
        now = self._clock()
        if self.running is None:
            if now >= self._start_due:
                self._launch(now)
            return
        code = self.running.process.poll()
        if code is not None:
            self._restart(self.running, f"ended by itself, code {code}", now)
            return
        try:
            self._listen_and_ring(self.running, now)
        except DatabaseError as error:
            # Without the database nobody can beat, and a new cluster would fare no better.
            logger.warning("No answer from the database (%s); the cluster is left alone meanwhile", error)
            connection.close()
            self.running.alive_at = now
        if now - self.running.alive_at > SILENT_SECONDS:
            self._restart(self.running, "silent", now)

    def _launch(self, now: float) -> None:
        try:
            beat = self._newest_beat()
        except DatabaseError as error:
            logger.warning("No answer from the database (%s); the cluster starts when it is back", error)
            connection.close()
            self._start_due = now + 5
            return
        stopping.clear()
        long_ago = now - SWEEP_SECONDS
        self.running = Running(self._start(), now, now, rung_at=long_ago, swept_at=long_ago, beat=beat)
        logger.info("The task cluster %s was started (process %s)", self.name, self.running.process.pid)

    def _listen_and_ring(self, running: Running, now: float) -> None:
        beat = self._newest_beat()
        if beat != running.beat:
            running.beat, running.alive_at, running.answered = beat, now, True
            if not running.ever_beat:
                running.ever_beat = True
                self._on_first_beat()
            if now - running.started_at > HEALTHY_SECONDS:
                self._delay = 0.0
        hurry = not running.answered and self._others_beat()
        if now - running.rung_at >= (RING_AMONG_OTHERS_SECONDS if hurry else RING_SECONDS):
            ring(heartbeat.TASK)
            running.rung_at, running.answered = now, False
        if now - running.swept_at >= SWEEP_SECONDS:
            ring(SWEEP)
            running.swept_at = now
        if now - running.looked_at >= HELD_BACK_SECONDS:
            for account_id in held_back_due(now=timezone.now()):
                ring(DRAIN, account_id)
            running.looked_at = now

    def _newest_beat(self) -> datetime | None:
        return Heartbeat.objects.filter(pk=self.name).values_list("beat_at", flat=True).first()

    def _others_beat(self) -> bool:
        recent = timezone.now() - timedelta(seconds=60)
        return Heartbeat.objects.filter(beat_at__gt=recent).exclude(pk=self.name).exists()

    def _restart(self, running: Running, cause: str, now: float) -> None:
        silent = int(now - running.alive_at)
        # The master may be gone while its children live on and keep taking work: the whole session goes.
        kill_group(running.process.pid)
        running.process.wait()
        self.running = None
        self._start_due = now + self._delay
        logger.error(
            "The task cluster %s was ended (%s); it starts again in %.0f s", self.name, cause, self._delay
        )
        self._delay = min(max(2 * self._delay, SHORTEST_DELAY), LONGEST_DELAY)
        try:
            record_worker_restarted(
                actor=Actor.system("supervisor"), name=self.name, cause=cause, silent_seconds=silent
            )
        except Exception:
            # Whatever is wrong with the log, the cluster must work; these two lines are what is left of it.
            logger.exception("The restart of the task cluster could not be noted in the audit log")
            connection.close()

    def end(self) -> None:
        """SIGTERM to the cluster; SIGKILL to its session after the time or a second request."""
        if self.running is None:
            return
        process, asked = self.running.process, max(1, self.stops_asked)
        deadline = time.monotonic() + self._stop_seconds
        stopping.ask()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        while process.poll() is None and time.monotonic() < deadline and self.stops_asked <= asked:
            time.sleep(0.05)
        if process.poll() is None:
            logger.error("The task cluster %s did not end in time and is killed", self.name)
        kill_group(process.pid)
        process.wait()
        stopping.clear()
        self.running = None
