"""A running emulator for tests: a server of its own on a free port, ended with the block.

    with Emulator() as emulator:
        client = boto3.client("mturk", endpoint_url=emulator.url, region_name="us-east-1", ...)

The server is another process, so it can be killed and started again like the real thing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

START_SECONDS = 15.0
_ROOT = Path(__file__).resolve().parents[2]


class EmulatorFailed(Exception):
    """The emulator did not start or refused a control request."""


class Emulator:
    """Control of one emulator process. Pass `state` to keep everything across `kill` and `start`.

    `access_keys`: id to secret of keys that may call, beside the demo keys.
    """

    command: ClassVar[tuple[str, ...]] = (sys.executable, "-m", "qualadmin.emulator")
    """The program that is started; it must understand the same options."""

    def __init__(
        self,
        *,
        state: Path | None = None,
        port: int = 0,
        environment: str = "sandbox",
        seed: str | None = None,
        access_keys: dict[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self._state = state
        self._seed = seed
        self._access_keys = access_keys or {}
        self._settings = settings
        self._environment = environment
        self._said = ""
        self._process: subprocess.Popen[str] | None = None
        self.host = "127.0.0.1"
        self.port = port

    @property
    def url(self) -> str:
        """The endpoint_url for boto3."""
        return f"http://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise EmulatorFailed("The emulator is not running.")
        return self._process.pid

    # life

    def start(self) -> Self:
        """Start, again on the same port and with the same settings, and wait until it answers."""
        arguments = [*self.command, "--port", str(self.port)]
        arguments += ["--environment", self._environment]
        if self._state is not None:
            arguments += ["--state", str(self._state)]
        if self._seed is not None:
            arguments += ["--seed", self._seed]
        for key_id, secret in self._access_keys.items():
            arguments += ["--access-key", f"{key_id}:{secret}"]
        # A file, not a pipe that nobody empties: a talkative server would stop when it is full.
        with tempfile.TemporaryFile("w+") as stderr:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                arguments, stdout=subprocess.PIPE, stderr=stderr, text=True, cwd=_ROOT
            )
            self._stderr = os.dup(stderr.fileno())
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.startswith("READY "):
            self._end("kill")
            raise EmulatorFailed(f"The emulator did not start: {self.trouble()}")
        self.port = int(line.split()[1].rpartition(":")[2])
        if self._settings:
            self.configure(**self._settings)
        return self

    def trouble(self) -> str:
        """What the last server wrote to standard error, once it has ended."""
        return self._said

    def stop(self) -> int:
        """End it the polite way (SIGTERM). Returns its exit status."""
        return self._end("terminate")

    def kill(self) -> int:
        """kill -9."""
        return self._end("kill")

    def restart(self) -> Self:
        self.kill()
        return self.start()

    def wait(self) -> int:
        """Wait until the server has ended by itself. Returns its exit status."""
        return self._end("poll")

    def _end(self, how: str) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        getattr(process, how)()
        process.communicate(timeout=START_SECONDS)
        with os.fdopen(self._stderr) as stderr:
            stderr.seek(0)
            self._said = stderr.read().strip()
        return process.returncode

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # control

    def control(self, method: str, name: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        """One request to /_emulator/<name>: `content` is the query of a GET, else the JSON body."""
        connection = HTTPConnection(self.host, self.port, timeout=30)
        path, body = f"/_emulator/{name}", None
        if method == "GET":
            path += "?" + urlencode(content or {})
        else:
            body = json.dumps(content or {})
        try:
            connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise EmulatorFailed(f"{method} {name}: {response.status} {answer.get('message')}")
        return answer

    def configure(self, **changes: Any) -> dict[str, Any]:
        """Change settings, e.g. latency_ms=50, rate=5, burst=10, unknown_workers="reject"."""
        return self.control("POST", "settings", changes)

    def fault(self, kind: str, **fields: Any) -> int:
        """Add a fault rule, e.g. fault("reset", when="after",
        operation="AssociateQualificationWithWorker"). Returns its number."""
        number: int = self.control("POST", "faults", {"kind": kind, **fields})["number"]
        return number

    def clear_faults(self, number: int | None = None) -> None:
        """Remove one fault rule, or all."""
        self.control("DELETE", "faults", None if number is None else {"number": number})

    def calls(self, since: int = 0, *, operation: str | None = None) -> list[dict[str, Any]]:
        """The call log, oldest first; see `qualadmin.emulator.calls.Call` for the fields."""
        wanted = {} if operation is None else {"operation": operation}
        return self._whole("calls", "calls", since, wanted)

    def outbox(self) -> list[dict[str, Any]]:
        """E-mails Amazon would have sent to workers, oldest first."""
        return self._whole("outbox", "mails", 0, {})

    def _whole(self, name: str, key: str, since: int | None, wanted: dict[str, str]) -> list[dict[str, Any]]:
        """A log in as many answers as it takes."""
        rows: list[dict[str, Any]] = []
        while since is not None:
            answer = self.control("GET", name, {"since": since, **wanted})
            rows += answer[key]
            since = answer["next"]
        return rows

    def grant_map(self, type_id: str) -> dict[str, int]:
        """Worker id to value of everybody who holds the type now."""
        granted: dict[str, int] = self.control("GET", "holders", {"type_id": type_id})["granted"]
        return granted

    def revoked_map(self, type_id: str) -> dict[str, int]:
        revoked: dict[str, int] = self.control("GET", "holders", {"type_id": type_id})["revoked"]
        return revoked

    def register_workers(self, *worker_ids: str) -> None:
        self.control("POST", "workers", {"worker_ids": list(worker_ids)})

    def ask(self, type_id: str, worker_id: str, **fields: Any) -> str:
        """A worker asks for a qualification. Returns the request id."""
        content = {"qualification_type_id": type_id, "worker_id": worker_id, **fields}
        request_id: str = self.control("POST", "requests", content)["qualification_request_id"]
        return request_id

    def accept(self, hit_id: str, worker_id: str) -> str:
        """A worker accepts a HIT. Returns the assignment id."""
        answer = self.control("POST", "accept", {"hit_id": hit_id, "worker_id": worker_id})
        assignment_id: str = answer["assignment"]["AssignmentId"]
        return assignment_id

    def submit(self, assignment_id: str, answers: str | dict[str, Any]) -> None:
        """The worker hands in: a QuestionFormAnswers document, or field names with texts or lists of texts."""
        self.control("POST", "submit", {"assignment_id": assignment_id, "answers": answers})

    def give_back(self, assignment_id: str) -> None:
        """The worker returns the assignment."""
        self.control("POST", "return", {"assignment_id": assignment_id})

    def advance(self, seconds: float) -> None:
        """Move the world's clock ahead."""
        self.control("POST", "clock", {"advance_seconds": seconds})

    def reset(self) -> None:
        """Empty the world, the call log and the faults; the settings stay."""
        self.control("POST", "reset")

    def wait_for_calls(self, count: int, *, seconds: float = 30.0) -> list[dict[str, Any]]:
        """The call log once it holds at least `count` calls. Raises EmulatorFailed after `seconds`."""
        end = time.monotonic() + seconds
        calls: list[dict[str, Any]] = []
        while time.monotonic() < end:
            calls += self.calls(calls[-1]["sequence"] if calls else 0)
            if len(calls) >= count:
                return calls
            time.sleep(0.02)
        raise EmulatorFailed(f"Fewer than {count} calls arrived in {seconds} seconds.")
