"""`python3 manage.py demo`: emulator, task cluster and pages as one foreground program, with made-up data.

Only the standard library: what needs Django runs in the children, which start side by side. State lies in
var/demo and survives any kind of end; nothing listens anywhere but on 127.0.0.1.
"""

import argparse
import os
import sys
import tempfile
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from .demo_state import ROOT, Refused, code_digest, note_port, reset, say, secret_key, sign_ins, take_lock
from .signs_of_life import Beat, answers, listens
from .supervisor import Child, Failed, StopAsked, Supervisor, free_port

MANAGE = [sys.executable, str(ROOT / "manage.py")]
START_SECONDS = 90.0


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    port: int
    browser: bool
    reset: bool


def parse(arguments: list[str]) -> Options:
    """Read the options; argparse ends the program with a clear text when they are wrong."""
    parser = argparse.ArgumentParser(
        prog="python3 manage.py demo",
        description="Run everything at once with made-up data. Nothing here talks to Amazon. Ctrl-C ends it.",
    )
    parser.add_argument("--port", type=_port, default=8000, help="port of the pages (default 8000)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--reset", action="store_true", help="forget the demo's data and start afresh")
    given = parser.parse_args(arguments)
    return Options(given.port, browser=not given.no_browser, reset=given.reset)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; give a whole number from 1024 to 65535")
    return int(text)


def main(arguments: list[str]) -> int:
    """Run the demo until Ctrl-C. Exit code 0 after Ctrl-C, 1 if something failed or ended by itself."""
    began, options = time.monotonic(), parse(arguments)
    state = Path(os.environ.get("QUALADMIN_VAR_DIR") or ROOT / "var" / "demo").resolve()
    try:
        lock = take_lock(state)
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    if options.reset:
        reset(state)
    demo = Demo(state, options, lock, began)
    trouble = ""
    with Supervisor() as supervisor:
        try:
            demo.run(supervisor)
        except StopAsked:
            pass
        except (Failed, OSError) as error:
            trouble = str(error)
        ended = time.monotonic()
        late = supervisor.stop()
    pressed = f" ({', '.join(late)} had to be pressed)" if late else ""
    say(f"Stopped in {time.monotonic() - ended:.1f} s{pressed}. The demo's data stays in {state}.")
    if trouble:
        sys.stderr.write(f"The demo ended: {trouble}\nThe full logs are in {state / 'logs'}.\n")
    return 1 if trouble else 0


class Demo:
    """One run: where its state is, which ports it has, which steps it takes."""

    def __init__(self, state: Path, options: Options, lock: int, began: float) -> None:
        self.state = state
        self.options = options
        self.began = began
        self._lock = lock

    def run(self, supervisor: Supervisor) -> None:
        """Start everything, say READY, and watch until asked to stop. Raises Failed."""
        (self.state / "logs").mkdir(exist_ok=True)
        port, emulator_port = self._ports()
        env = self._environment(port, emulator_port)
        state_file = str(self.state / "emulator.json")
        emulator = [*MANAGE, "emulator", "--port", str(emulator_port), "--state", state_file, "--seed", "demo"]
        self._start(supervisor, "emulator", emulator, env)
        if not self._prepared():
            say("Preparing the demo's data …")
            supervisor.wait_for(lambda: listens(emulator_port), START_SECONDS)
            supervisor.finish(self._start(supervisor, "prepare", [*MANAGE, "prepare_demo"], env))
            (self.state / "prepared").write_text(code_digest())
        with tempfile.TemporaryDirectory(prefix="qualadmin-") as folder, Beat(folder) as beat:
            self._start(supervisor, "tasks", [*MANAGE, "run_worker"], {**env, "NOTIFY_SOCKET": beat.address})
            self._start(supervisor, "web", gunicorn(port), env)
            supervisor.wait_for(
                lambda: beat.heard() and listens(emulator_port) and answers(port, "/healthz"), START_SECONDS
            )
        self._start(supervisor, "sealer", [*MANAGE, "audit_seal"], env)  # nobody waits for it
        say(f"A worker's side, made up, and the emulator's controls: http://127.0.0.1:{emulator_port}/_emulator/")
        self._say_ready(f"http://127.0.0.1:{port}/")
        supervisor.watch()

    def _ports(self) -> tuple[int, int]:
        port = free_port(self.options.port)
        emulator_port = free_port(8400, given=[port])
        if port != self.options.port:
            say(f"Port {self.options.port} is taken; the pages are on port {port} this time.")
        note_port(self._lock, port)
        return port, emulator_port

    def _environment(self, port: int, emulator_port: int) -> dict[str, str]:
        """What the children see: nothing of a real installation, and no AWS credentials at all.

        Only the limits of approval are kept: QUALADMIN_APPROVAL_REHEARSE=true makes the demo show a second person.
        """
        foreign = ("QUALADMIN_", "AWS_", "DJANGO_")
        kept = {
            name: value
            for name, value in os.environ.items()
            if name.startswith("QUALADMIN_APPROVAL_") or not name.startswith(foreign)
        }
        return {
            **kept,
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "qualadmin.settings",
            "QUALADMIN_MODE": "demo",
            "QUALADMIN_SITE_URL": f"http://127.0.0.1:{port}",
            "QUALADMIN_NO_BOOTSTRAP": "1",
            "QUALADMIN_VAR_DIR": str(self.state),
            "QUALADMIN_SECRET_KEY_FILE": str(secret_key(self.state)),
            "QUALADMIN_EMULATOR_URL": f"http://127.0.0.1:{emulator_port}",
        }

    def _start(self, supervisor: Supervisor, name: str, command: list[str], env: dict[str, str]) -> Child:
        log = self.state / "logs" / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".before.log"))
        return supervisor.start(name, command, env=env, log=log, keep=[self._lock])

    def _prepared(self) -> bool:
        stamp = self.state / "prepared"
        database = self.state / "qualadmin.sqlite3"
        return database.exists() and stamp.exists() and stamp.read_text() == code_digest()

    def _say_ready(self, url: str) -> None:
        say(f"READY {url} in {time.monotonic() - self.began:.1f} s. {sign_ins(self.state)} Ctrl-C ends it.")
        has_display = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if self.options.browser and has_display and not os.environ.get("CI") and sys.stdout.isatty():
            webbrowser.open(url)


def gunicorn(port: int) -> list[str]:
    """The command for the pages: one process, eight threads."""
    options = ["--worker-class", "gthread", "--threads", "8", "--no-control-socket", "--log-level", "warning"]
    # By itself gunicorn believes what anybody on this machine says about scheme and path (SCRIPT_NAME).
    options += ["--forwarded-allow-ips="]
    memory = Path("/dev/shm")  # noqa: S108  (for gunicorn's own heartbeat files: a busy disk would stall them)
    if memory.is_dir():
        options += ["--worker-tmp-dir", str(memory)]
    bind = ["--bind", f"127.0.0.1:{port}", "--chdir", str(ROOT)]
    return [sys.executable, "-m", "gunicorn", *options, *bind, "qualadmin.wsgi:application"]
