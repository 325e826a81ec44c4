"""A real task cluster, as a service manager starts it: watched, stopped, and killed without warning."""

import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
RUN_WORKER = ("manage.py", "run_worker")


class ClusterProcess:
    """`run_worker` with this environment; everything it says goes into `log`."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def code(self) -> int | None:
        """How it ended by itself, or None while it runs or before it was started."""
        return None if self._process is None else self._process.poll()

    def start(self, how: tuple[str, ...] = RUN_WORKER) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *how], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    def members(self) -> list[psutil.Process]:
        """The watchdog, the cluster and everything they started."""
        if self._process is None:
            return []
        try:
            watch = psutil.Process(self._process.pid)
            return [watch, *watch.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def workers(self) -> list[int]:
        """The task processes: django-q2's sentinel starts them first, then its monitor and its pusher."""
        for member in self.members():
            children = sorted(child.pid for child in member.children())
            if len(children) >= 4:
                return children[:2]
        return []

    def role(self, name: str) -> psutil.Process:
        """One of django-q2's own processes. The sentinel starts its workers, then the monitor, then the pusher."""
        for _ in range(200):  # while one of them is being replaced, there may be no whole family
            try:
                sentinel = psutil.Process(self.workers()[0]).parent()
                children = sorted(sentinel.children(), key=lambda child: child.pid)
                family = {
                    "master": sentinel.parent(),
                    "sentinel": sentinel,
                    "monitor": children[2],
                    "pusher": children[3],
                }
            except (IndexError, ValueError, psutil.NoSuchProcess):
                time.sleep(0.1)
            else:
                return family[name]
        raise AssertionError(f"no {name}:\n{self.log}")

    def kill(self) -> None:
        """SIGKILL to all of it, as when the power fails."""
        members = self.members()
        for member in members:
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
        if self._process is not None:
            self._process.wait()
        _, alive = psutil.wait_procs(members, timeout=10)
        assert alive == []
        self._process = None

    def stop(self, seconds: float = 60) -> int:
        """SIGTERM, and wait for the end."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=seconds)
        self._process = None
        return code
