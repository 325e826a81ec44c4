"""Runs several programs as one: started together, watched, and ended together with nothing left behind.

Only the standard library: the supervisor must start at once and must not fall over with what it supervises.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Self

PR_SET_PDEATHSIG = 1  # Linux, prctl(2)
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StopAsked(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


class Failed(Exception):
    """Something supervised ended or did not answer; the text says what, with the end of its log."""


def die_with_parent() -> None:
    """In a new child: ask Linux for SIGTERM when the parent dies, even by kill -9.

    SIGTERM and not SIGKILL, because the task cluster must still end its own children. Elsewhere than on Linux
    nothing is asked for, and a killed supervisor leaves its children to the person who killed it.
    """
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def end_with_parent(parent: int) -> None:
    """In a running child: ask Linux for SIGKILL when the parent dies; ends at once if it is gone already.

    For programs that hold nothing worth ending in peace.
    """
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def start_in_own_session(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program in its own session, so that the terminal's Ctrl-C reaches only its supervisor.

    `log` takes what it prints (none: our own output); `keep` are file descriptors it inherits.
    """
    output = log.open("ab") if log else None
    try:
        return subprocess.Popen(
            list(command),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
            preexec_fn=die_with_parent,  # one system call, and a supervisor has no threads
            pass_fds=tuple(keep),
        )
    finally:
        if output:
            output.close()


def kill_group(pid: int) -> None:
    """SIGKILL everything in the session of `pid`, whether or not `pid` itself still lives."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


@dataclass
class Child:
    """One supervised program."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path | None = None

    @property
    def running(self) -> bool:
        """True until the program has ended."""
        return self.process.poll() is None

    def epitaph(self) -> str:
        """That it ended, how, and the last it said."""
        return f"{self.name} ended by itself (code {self.process.returncode}).\n{self.last_lines()}"

    def last_lines(self, count: int = 15) -> str:
        """The end of its log, for the person who has to find out why it stopped."""
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"  {self.name} | {line}" for line in lines[-count:])


@dataclass
class Supervisor:
    """Holds the children and the wish to stop. Use `with` so that leaving always ends the children."""

    grace_seconds: float = 20.0
    children: list[Child] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    signals: int = 0

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *unused: object) -> None:
        self.stop()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1
        self.stopping.set()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path | None = None,
        keep: Sequence[int] = (),
    ) -> Child:
        """Start one program and watch it from now on."""
        child = Child(name, start_in_own_session(command, env=env, log=log, keep=keep), log)
        self.children.append(child)
        return child

    def wait_for(self, happened: Callable[[], bool], seconds: float) -> None:
        """Wait until `happened()`. Raises StopAsked, or Failed when a child ends or the time is up."""
        deadline = time.monotonic() + seconds
        while not happened():
            self._go_on()
            if time.monotonic() > deadline:
                tails = "\n".join(child.last_lines(5) for child in self.children)
                raise Failed(f"not everything answered within {seconds:.0f} seconds.\n{tails}")
            self.stopping.wait(0.05)

    def finish(self, child: Child) -> None:
        """Wait for a child that is meant to end. Raises StopAsked, or Failed if it or another child fails."""
        self.children.remove(child)
        try:
            while child.running:
                self._go_on()
                self.stopping.wait(0.05)
        finally:
            if child.running:
                child.process.terminate()
                child.process.wait()
            kill_group(child.process.pid)
        if child.process.returncode:
            raise Failed(child.epitaph())

    def watch(self) -> None:
        """Wait for the wish to stop. Raises Failed if a child ends by itself."""
        with suppress(StopAsked):
            while not self.stopping.wait(0.2):
                self._go_on()

    def _go_on(self) -> None:
        if self.stopping.is_set():
            raise StopAsked
        for child in self.children:
            if not child.running:
                raise Failed(child.epitaph())

    def stop(self) -> list[str]:
        """End all children, newest first; the names of those that had to be pressed.

        SIGTERM; after the grace, or when a further signal comes, SIGTERM again (the watchdog then kills its
        cluster, which lives in a session of its own); two seconds later SIGKILL.
        """
        self._ask_and_wait(self.grace_seconds)
        late = [child.name for child in self.children if child.running]
        if late:
            self._ask_and_wait(2.0)
        for child in self.children:
            kill_group(child.process.pid)  # also what a child left behind in its session
            child.process.wait()
        self.children.clear()
        return late

    def _ask_and_wait(self, seconds: float) -> None:
        asked, deadline = self.signals, time.monotonic() + seconds
        for child in reversed(self.children):
            if child.running:
                child.process.terminate()
        while any(child.running for child in self.children):
            if self.signals > asked or time.monotonic() > deadline:
                return
            time.sleep(0.05)


def free_port(wanted: int, tries: int = 20, *, given: Sequence[int] = ()) -> int:
    """`wanted` on 127.0.0.1 if it is free, else the next free one, else any.

    Nothing is held: `given` names ports that were handed out already and will be bound soon.
    """
    for port in [*range(wanted, min(wanted + tries, 65_536)), 0]:
        if port in given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
