"""Real processes that work on the test's own database, and may be killed: `python -m tests.tasks.processes`.

The program loads Django once and then forks one child for each thing to do, so that a process to kill costs
milliseconds. It reads one JSON object a line and answers likewise; `Processes` is the side of the test.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from tests.tasks.inbox import accept

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds after which a child is given up


# --- what the children can do -------------------------------------------------------------------------------


def drain(account_id: str) -> None:
    from qualadmin.tasks.drain import drain as task

    task(account_id)


def sweep() -> None:
    from qualadmin.tasks.sweep import sweep as task

    task()


def reconcile(account_id: str) -> None:
    from qualadmin.tasks.sweep import reconcile as task

    task(account_id)


def recover(account_id: str) -> int:
    """What a cluster that was started again does, until nothing is open any more. Returns the rounds."""
    from qualadmin.core.models import Change

    end = time.monotonic() + PATIENCE
    rounds = 0
    while Change.objects.filter(job__account=account_id, state__in=Change.OPEN).exists():
        if time.monotonic() > end:
            raise TimeoutError("Something stays open.")
        rounds += 1
        sweep()
        reconcile(account_id)
        drain(account_id)
    return rounds


def prepare(job_id: str) -> None:
    from qualadmin.tasks.prepare import prepare as task

    task(job_id)


def give_up(job_id: str) -> None:
    from qualadmin.tasks.prepare import give_up as task

    task(job_id)


def empty(preview_id: str) -> None:
    from qualadmin.tasks.prepare import empty as task

    task(preview_id)


def send_message(message_id: str) -> None:
    from qualadmin.tasks.messages import send_message as task

    task(message_id)


def undo(user_id: int, job_id: str) -> str:
    """From the button to the confirmed job: its id, or the class of what was raised."""
    from uuid import UUID

    from qualadmin.core.actions.undo import prepare_undo
    from qualadmin.core.errors import ActionError
    from qualadmin.core.models import User

    actor = User.objects.get(pk=user_id).as_actor()
    try:
        preview = prepare_undo(actor=actor, job_id=UUID(job_id), reason="wrong list")
    except ActionError as error:
        return type(error).__name__
    return confirm(user_id, str(preview.pk), preview.rows_sha256)


def confirm(user_id: int, preview_id: str, rows_sha256: str) -> str:
    """The id of the job, or the class of what was raised."""
    from uuid import UUID

    from qualadmin.core.actions.jobs import confirm_preview
    from qualadmin.core.errors import ActionError
    from qualadmin.core.models import User

    actor = User.objects.get(pk=user_id).as_actor()
    try:
        return str(confirm_preview(actor=actor, preview_id=UUID(preview_id), rows_sha256=rows_sha256).pk)
    except ActionError as error:
        return type(error).__name__


def claim(account_id: str, limit: int) -> list[int]:
    """The ids of the changes that were claimed, in slices of `limit`, until nothing is left."""
    from datetime import timedelta
    from uuid import UUID

    from django.utils import timezone

    from qualadmin.core.actions.claims import claim_changes
    from qualadmin.core.actor import Actor

    found: list[int] = []
    while claims := claim_changes(
        actor=Actor.system("drain"),
        account_id=UUID(account_id),
        limit=limit,
        by=f"elsewhere/{os.getpid()}/1",
        now=timezone.now(),
        lease=timedelta(seconds=60),
    ):
        found += [one.change_id for one in claims]
    return found


def starved(account_id: str) -> None:
    """A drain whose memory is used up while it writes the first answers down."""
    import resource

    import qualadmin.tasks.drain as module

    def too_much(**unused: Any) -> None:
        bytearray(4 << 30)

    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    module.record_outcomes = too_much  # type: ignore[assignment]
    drain(account_id)


def cramped(room: int, deed: str, *args: Any) -> Any:
    """Another deed where a file takes `room` bytes at most, and the write-ahead log begins empty: a full disk.

    The file of this program's own messages has no more room either.
    """
    import resource

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        busy, _, _ = cursor.fetchone()
    assert not busy, "somebody is in the middle of a transaction"
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    return DEEDS[deed](*args)


def reserve(account_id: str, count: int) -> list[float]:
    """`count` moments at which a call may leave."""
    from uuid import UUID

    from qualadmin.tasks.pace import SharedPace

    times: list[float] = []
    while len(times) < count:
        times += SharedPace(UUID(account_id)).reserve(count - len(times)).times
        time.sleep(0.01)
    return times


def move_job(user_id: int, job_id: str, how: str) -> str:
    """Pause, stop, resume or retry; the state afterwards, or the class of what was raised."""
    from uuid import UUID

    from qualadmin.core.actions import control
    from qualadmin.core.errors import ActionError
    from qualadmin.core.models import User

    act = {
        "pause": control.pause_job,
        "stop": control.stop_job,
        "resume": control.resume_job,
        "retry": control.retry_failed,
    }[how]
    try:
        return str(act(actor=User.objects.get(pk=user_id).as_actor(), job_id=UUID(job_id)).state)
    except ActionError as error:
        return type(error).__name__


def command(name: str, *arguments: str) -> int:
    """What `manage.py name …` exits with."""
    from django.core.management import CommandError, call_command

    try:
        call_command(name, *arguments)
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
        return error.returncode
    except SystemExit as ended:
        return int(str(ended.code))
    return 0


_DEEDS = (
    command, drain, sweep, reconcile, recover, prepare, give_up, empty, send_message, undo, confirm, claim,
    reserve, move_job, starved, cramped, accept,
)  # fmt: skip
DEEDS: dict[str, Callable[..., Any]] = {deed.__name__: deed for deed in _DEEDS}


# --- the program --------------------------------------------------------------------------------------------


def main() -> None:
    """Obey until the input ends."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    import qualadmin.tasks.sweep  # noqa: F401  (loads boto3 once, for all children)

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print(json.dumps("ready"), file=answers, flush=True)
    for line in sys.stdin:
        wish = json.loads(line)
        answer = wait(wish["wait"]) if "wait" in wish else fork(**wish)
        print(json.dumps(answer), file=answers, flush=True)


def fork(deed: str, args: list[Any], killpoint: str, times: int) -> list[int]:
    """Start `times` children that begin at the same moment."""
    from django.conf import settings
    from django.db import connections

    connections.close_all()
    gate, opener = os.pipe()
    pids = []
    for _ in range(times):
        pid = os.fork()
        if pid == 0:
            os.close(opener)
            settings.KILLPOINT = killpoint
            child(gate, deed, args)
        pids.append(pid)
    os.close(gate)
    os.close(opener)  # now all children read the end of the pipe
    return pids


def child(gate: int, deed: str, args: list[Any]) -> None:
    code = 1
    try:
        os.read(gate, 1)
        answer = DEEDS[deed](*args)
        Path(tempfile.gettempdir(), f"answer-{os.getpid()}").write_text(json.dumps(answer))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def wait(pid: int) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
    answer = Path(tempfile.gettempdir(), f"answer-{pid}")
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "answer": json.loads(answer.read_text()) if code == 0 else None}


# --- the side of the test -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ended:
    """How a child ended: exit status (-9: killed) and what it returned."""

    code: int
    answer: Any


class Processes:
    """`with Processes(url, folder, …) as processes: processes.run("drain", id)`."""

    def __init__(self, database_url: str, folder: Path, **settings: object) -> None:
        self._environment = {
            **os.environ,
            "QUALADMIN_TEST_DATABASE_URL": database_url,
            "QUALADMIN_VAR_DIR": str(folder),
            "TMPDIR": str(folder),
            **{f"QUALADMIN_{name.upper()}": str(value) for name, value in settings.items()},
        }
        self._log = folder / "processes.log"

    def __enter__(self) -> Self:
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.tasks.processes"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._read() == "ready"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=PATIENCE)

    @property
    def log(self) -> str:
        """What the children wrote to standard error."""
        return self._log.read_text()

    def start(self, deed: str, *args: object, killpoint: str = "", times: int = 1) -> list[int]:
        """Begin the same thing in `times` processes at once. Returns their ids."""
        pids: list[int] = self._say({"deed": deed, "args": args, "killpoint": killpoint, "times": times})
        return pids

    def wait(self, pid: int) -> Ended:
        """Wait for the end of one child."""
        return Ended(**self._say({"wait": pid}))

    def wait_until_asleep(self, pid: int) -> None:
        """Wait until a child that was to stop at a killpoint has done so."""
        end = time.monotonic() + PATIENCE
        while psutil.Process(pid).status() != psutil.STATUS_STOPPED:
            assert time.monotonic() < end, self.log
            time.sleep(0.005)

    def together(self, deed: str, *args: object, times: int) -> list[Any]:
        """The answers of `times` processes that did the same thing at once; each must have ended well."""
        ended = [self.wait(pid) for pid in self.start(deed, *args, times=times)]
        assert {one.code for one in ended} == {0}, self.log
        return [one.answer for one in ended]

    def run(self, deed: str, *args: object, killpoint: str = "") -> Ended:
        """One thing in one process, to its end. Without a killpoint it must end well."""
        ended = self.wait(self.start(deed, *args, killpoint=killpoint)[0])
        assert killpoint or ended.code == 0, self.log
        return ended

    def _say(self, wish: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wish, default=str) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.log
        return json.loads(line)


if __name__ == "__main__":
    main()
