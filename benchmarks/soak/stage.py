"""The real processes of a soak: an emulator that keeps its state, and one or two task clusters."""

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

from qualadmin.emulator.testing import Emulator
from tests.tasks.cluster_process import ClusterProcess

SETTINGS: Final = "benchmarks.soak.settings"
SETTLE_SECONDS: Final = 3  # longer than a call that nobody waits for any more can still be carried out here
THREADS: Final = 8
ENDS_BY_ITSELF: Final = 75.0  # seconds in which what a killed watchdog left behind must have ended


class Stage:
    """`mark` names the processes of this soak: all of them inherit it, so that none can be lost."""

    def __init__(self, folder: Path, mark: str, clusters: int) -> None:
        self.mark = mark
        os.environ["SOAK"] = mark
        self.emulator = Emulator(state=folder / "emulator")
        self._folder, self._count = folder, clusters
        self.clusters: list[ClusterProcess] = []
        self.orphans: list[tuple[float, list[psutil.Process]]] = []  # since when they should be ending

    def __enter__(self) -> Self:
        self.emulator.start()
        for number in range(self._count):
            name = f"soak-{number}"
            environment = {
                **os.environ,
                "QUALADMIN_VAR_DIR": str(self._folder),
                "QUALADMIN_CLUSTER_NAME": name,
                "QUALADMIN_EMULATOR_URL": self.emulator.url,
                "QUALADMIN_SETTLE_SECONDS": str(SETTLE_SECONDS),
                "QUALADMIN_DRAIN_THREADS": str(THREADS),
                "QUALADMIN_DRAIN_SLICE_SECONDS": "2",
            }
            self.clusters.append(ClusterProcess(environment, self._folder / f"{name}.log"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for cluster in self.clusters:
            cluster.kill()
        for one in self.left():
            one.kill()
        self.emulator.stop()

    def kill_watchdog(self, cluster: ClusterProcess) -> None:
        """SIGKILL to the watchdog alone; what it started has to end by itself."""
        watch, *others = cluster.members()
        watch.kill()
        watch.wait(10)
        self.orphans.append((time.monotonic(), others))

    def overdue(self) -> list[str]:
        """Processes that should have ended by now, and have not."""
        now = time.monotonic()
        found = []
        for since, members in self.orphans:
            alive = [one for one in members if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
            if alive and now - since > ENDS_BY_ITSELF:
                found += [f"left behind by a killed watchdog: {described(one)}" for one in alive]
        self.orphans = [(since, members) for since, members in self.orphans if now - since <= ENDS_BY_ITSELF]
        return found

    def stop(self) -> list[str]:
        """End the clusters in peace; what is wrong with that."""
        codes = [cluster.stop() for cluster in self.clusters if cluster.code is None]
        wrong = [f"a cluster ended with code {code}" for code in codes if code]
        end = time.monotonic() + ENDS_BY_ITSELF
        while self.left() and self.orphans and time.monotonic() < end:
            time.sleep(0.2)
        return wrong + [f"an orphan: {described(one)}" for one in self.left()]

    def left(self) -> list[psutil.Process]:
        """Processes of this soak beside itself and its emulator."""
        known = {os.getpid(), os.getppid(), self.emulator.pid}
        found = []
        for one in psutil.process_iter():
            try:
                ours = one.pid not in known and one.environ().get("SOAK") == self.mark
                if ours and one.status() != psutil.STATUS_ZOMBIE:
                    found.append(one)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found


def described(one: psutil.Process) -> str:
    """Number and command line, as far as there still is one."""
    try:
        return f"{one.pid} {' '.join(one.cmdline())[:120]}"
    except psutil.NoSuchProcess:
        return f"{one.pid} (ended just now)"
