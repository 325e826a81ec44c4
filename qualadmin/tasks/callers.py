"""The drain's side of the calling process, and who keeps one running."""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Final, Protocol

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
        self._in, self._out = self._process.stdin, self._process.stdout
        os.set_blocking(self._out.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)
        self._rest = b""
        self._replies: list[Reply] = []
        self._write({"credentials": asdict(credentials), "threads": threads})
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + START_SECONDS
        while not (messages := self._read(until - time.monotonic())):
            if time.monotonic() > until:
                self.close()
                raise CallerLost("The calling process did not start.")
        if "refused" in messages[0]:
            self.close()
            raise CallerRefused(str(messages[0]["refused"]))

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, work: list[Work]) -> None:
        self._write([asdict(one) for one in work])

    def receive(self, seconds: float, limit: int) -> list[Reply]:
        """What came back, waiting at most `seconds` for up to `limit` replies."""
        until = time.monotonic() + seconds
        while len(self._replies) < limit and (left := until - time.monotonic()) > 0:
            self._replies += [Reply(**message) for message in self._read(left)]  # type: ignore[arg-type]
        replies, self._replies = self._replies[:limit], self._replies[limit:]
        return replies

    def close(self) -> None:
        """Let it finish the calls that are out, and end. Calls not made yet are dropped."""
        self._in.close()
        try:
            self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._selector.close()
        self._out.close()

    def _write(self, message: object) -> None:
        try:
            self._in.write(json.dumps(message).encode() + b"\n")
            self._in.flush()
        except OSError as error:
            raise CallerLost("The calling process ended.") from error

    def _read(self, seconds: float) -> list[dict[str, object]]:
        """Whole messages that are there, waiting at most `seconds` for the first bytes."""
        if not self._selector.select(max(seconds, 0)):
            return []
        data = self._out.read(READ_BYTES)
        if not data:
            raise CallerLost("The calling process ended.")
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [message for line in lines for message in json.loads(line)]


_kept: dict[AccountCredentials, CallingProcess] = {}
_kept_by: list[int] = []


def caller_for(credentials: AccountCredentials, threads: int) -> CallingProcess:
    """The account's calling process, kept from one drain to the next: starting one takes half a second.

    Raises CallerRefused when the account's credentials are not on this machine.
    """
    if _kept_by != [os.getpid()]:  # forked: the parent's children are not ours
        _kept.clear()
        _kept_by[:] = [os.getpid()]
    caller = _kept.get(credentials)
    if caller is None or not caller.alive:
        caller = _kept[credentials] = CallingProcess(credentials, threads)
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
