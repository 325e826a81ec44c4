"""The drain's side of the calling process, and who keeps one running."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final, Protocol

from django.conf import settings

from qualadmin.mturk.credentials import AccountCredentials

from .calling import Reply, Work

START_SECONDS: Final = 30.0
READ_BYTES: Final = 1 << 18


class CallerLost(Exception):
    """The calling process ended. Whatever it had in hand may or may not have reached Amazon."""


class CallerRefused(Exception):
    """The account's credentials are not on this machine; the text is for people. Nothing was sent."""


class Caller(Protocol):
    """What the drain needs: somebody who makes calls while it writes results down."""

    def send(self, work: list[Work]) -> None: ...

    def receive(self, seconds: float, limit: int) -> list[Reply]: ...


class CallingProcess:
    """One child process with its threads, for one account. Raises CallerLost once it has ended."""

    def __init__(self, credentials: AccountCredentials, threads: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "qualadmin.tasks.caller", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=settings.BASE_DIR,
        )
        assert self._process.stdin and self._process.stdout  # noqa: S101, PT018 - both were asked for
        self._in, self.out = self._process.stdin, self._process.stdout
        os.set_blocking(self.out.fileno(), False)
        self._rest = b""
        self.write({"credentials": asdict(credentials), "threads": threads})

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def write(self, message: object) -> None:
        try:
            self._in.write(json.dumps(message).encode() + b"\n")
            self._in.flush()
        except OSError as error:
            raise CallerLost("The calling process ended.") from error

    def read(self) -> list[dict[str, Any]]:
        """Whole messages that are there; call it when `out` is readable."""
        data = self.out.read(READ_BYTES)
        if not data:
            raise CallerLost("The calling process ended.")
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [message for line in lines for message in json.loads(line)]

    def close(self) -> None:
        """Let it finish the calls that are out, and end. Calls not made yet are dropped."""
        self._in.close()

    def wait(self) -> None:
        """Until it has ended; a process that does not is killed."""
        try:
            self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.out.close()


class CallingProcesses:
    """A few calling processes as one, with `threads` between them.

    One interpreter makes about as many calls a second as one core allows; several use several.
    """

    def __init__(self, credentials: AccountCredentials, threads: int, processes: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._replies: list[Reply] = []
        self._processes: list[CallingProcess] = []
        for number in range(processes):
            share = threads // processes + (number < threads % processes)
            process = CallingProcess(credentials, share)
            self._processes.append(process)
            self._selector.register(process.out, selectors.EVENT_READ, process)
        try:
            self._wait_until_ready()
        except (CallerLost, CallerRefused):
            self.close()
            raise

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        ready = 0
        while ready < len(self._processes):
            messages = self._read(until - time.monotonic())
            if refusals := [message["refused"] for message in messages if "refused" in message]:
                raise CallerRefused(str(refusals[0]))
            ready += len(messages)
            if not messages and time.monotonic() > until:
                raise CallerLost("The calling process did not start.")

    @property
    def alive(self) -> bool:
        return all(process.alive for process in self._processes)

    def send(self, work: list[Work]) -> None:
        """Deal the work out evenly."""
        count = len(self._processes)
        for number, process in enumerate(self._processes):
            share = work[number::count]
            if share:
                process.write([asdict(one) for one in share])

    def receive(self, seconds: float, limit: int) -> list[Reply]:
        """What came back, waiting at most `seconds` for up to `limit` replies."""
        until = time.monotonic() + seconds
        while len(self._replies) < limit and (left := until - time.monotonic()) > 0:
            self._replies += [Reply(**message) for message in self._read(left)]
        replies, self._replies = self._replies[:limit], self._replies[limit:]
        return replies

    def close(self) -> None:
        """Let all finish the calls that are out, and end."""
        for process in self._processes:
            process.close()
        for process in self._processes:
            process.wait()
        self._selector.close()

    def _read(self, seconds: float) -> list[dict[str, Any]]:
        """Messages that are there, waiting at most `seconds` for the first bytes."""
        ready = self._selector.select(max(seconds, 0))
        return [message for key, _ in ready for message in key.data.read()]


_kept: dict[AccountCredentials, CallingProcesses] = {}
_kept_by: list[int] = []


def caller_for(credentials: AccountCredentials, threads: int) -> CallingProcesses:
    """The account's calling processes, kept from one drain to the next: starting one takes half a second.

    Raises CallerRefused when the account's credentials are not on this machine.
    """
    if _kept_by != [os.getpid()]:  # forked: the parent's children are not ours
        _kept.clear()
        _kept_by[:] = [os.getpid()]
    caller = _kept.get(credentials)
    if caller is None or not caller.alive:
        processes = min(settings.DRAIN_PROCESSES, threads)
        caller = _kept[credentials] = CallingProcesses(credentials, threads, processes)
    return caller


def give_up(credentials: AccountCredentials) -> None:
    """Forget the calling process: it was lost, or has work that nobody waits for."""
    caller = _kept.pop(credentials, None)
    if caller is not None:
        caller.close()


def close_all(of: Callable[[AccountCredentials], bool] = lambda _: True) -> None:
    """End the calling processes this process keeps (tests, and the end of a process)."""
    for credentials in [one for one in _kept if of(one)]:
        give_up(credentials)
