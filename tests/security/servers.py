"""Real gunicorn over real sockets, for what no test client can send. One database, two ways of serving it."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 180.0  # seconds for a program to start or end

_PREPARE: Final = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from qualadmin.core.models import User
from tests.people import make_cast
if not User.objects.exists():
    make_cast()
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back on a socket. `status` is 0 where the connection was closed without an answer."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    body: bytes
    flags: dict[str, str]  # of each cookie, as they were sent


class Server:
    """One gunicorn. `with Server(folder, …) as server: server.send(…)`."""

    def __init__(self, folder: Path, name: str, *, stderr: int | None = None, **settings: str) -> None:
        self.folder, self.name, self.settings, self.stderr = folder, name, settings, stderr
        self.log = folder / f"{name}.log"

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("QUALADMIN_", "AWS_", "DJANGO_"))}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "qualadmin.settings",
            "PYTHONPATH": str(ROOT),
            "QUALADMIN_MODE": "demo",
            "QUALADMIN_NO_BOOTSTRAP": "1",
            "QUALADMIN_VAR_DIR": str(self.folder),
            **self.settings,
        }

    def python(self, program: str, *arguments: str) -> str:
        """Run a program beside the server, with its settings. Returns what it printed."""
        command = [sys.executable, "-c", program, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def entries(self, prefix: str) -> list[tuple[str, str | None]]:
        """Action and address of the entries whose action begins so, oldest first."""
        with closing(sqlite3.connect(self.folder / "qualadmin.sqlite3", timeout=PATIENCE)) as database:
            query = "SELECT action, ip FROM audit_entry WHERE action LIKE ? ORDER BY seq"
            return list(database.execute(query, (f"{prefix}%",)))

    def __enter__(self) -> Self:
        from qualadmin.tasks.demo import gunicorn

        self.python(_PREPARE)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                gunicorn(self.port), cwd=ROOT, env=self.environment, stdout=log, stderr=self.stderr or log
            )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, self.said()
            try:
                if (
                    self.send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").status
                    == 200
                ):
                    return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        raise TimeoutError(self.said())

    def __exit__(self, *reason: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """Everything the server has logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def send(self, raw: bytes, *, hang_up: bool = False, timeout: float = 20.0) -> Answer:
        """Send exactly these bytes; with `hang_up` say that no more will come. Reads until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as line:
            try:
                line.sendall(raw)
                if hang_up:
                    line.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it answered and closed before everything was sent, as it should
            return _read(line)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        host: str = "127.0.0.1",
    ) -> Answer:
        """A well-formed request with these headers besides the usual ones."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


def _read(line: socket.socket) -> Answer:
    received = b""
    try:
        while part := line.recv(65536):
            received += part
            if _complete(received):
                break
    except ConnectionResetError:
        pass
    head, _, body = received.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1]) if first.startswith("HTTP/") else 0
    pairs = [one.split(": ", 1) for one in rest if ": " in one]
    set_cookies = [value.partition(";") for name, value in pairs if name.lower() == "set-cookie"]
    return Answer(
        status=status,
        headers={name.lower(): value for name, value in pairs},
        cookies=dict(pair.split("=", 1) for pair, _, _ in set_cookies),
        body=body,
        flags={pair.split("=", 1)[0]: flags for pair, _, flags in set_cookies},
    )


def _complete(received: bytes) -> bool:
    head, found, body = received.partition(b"\r\n\r\n")
    for one in head.lower().split(b"\r\n"):
        if one.startswith(b"content-length:"):
            return bool(found) and len(body) >= int(one.split(b":")[1])
    return False
