"""First run on a bare machine: make `.venv` beside manage.py, install the pinned packages, start again in it.

Only the standard library, because nothing else is there yet.
"""

import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
ENV = ROOT / ".venv"
PYTHON = ENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# Which lock file a command needs. Each file holds all of the one before it (a test compares them), so a
# folder that has a later one is good for the earlier commands too.
MINIMUM = (3, 11)
SELF_SERVICE = {"demo": "run.txt", "emulator": "run.txt", "test": "test.txt", "lint": "test.txt"}
LOCKS = ("run.txt", "test.txt", "browser.txt")
PROBES = {
    "run.txt": ("django", "moto"),
    "test.txt": ("django", "pytest"),
    "browser.txt": ("pytest", "playwright"),
}


def lock_for(command: str) -> str:
    """The lock file of a command; `test` wants the browser packages when browser tests may not be skipped."""
    wanted = os.environ.get("QUALADMIN_REQUIRE", "").replace(" ", "").split(",")
    if command == "test" and "browser" in wanted:
        return "browser.txt"
    return SELF_SERVICE[command]


def ensure(lock: str) -> None:
    """Return inside a Python that has the packages of `lock`, or do not return: install, then start again."""
    if sys.version_info < MINIMUM:
        sys.exit(f"qualadmin needs Python 3.11 or newer. This is {sys.version.split()[0]} ({sys.executable}).")
    if os.environ.get("QUALADMIN_NO_BOOTSTRAP") or _somebody_elses_environment(lock):
        return
    try:
        if not _installed(lock):
            with _one_at_a_time():
                if not _installed(lock):  # another start may have done it while this one waited
                    _install(lock)
    except KeyboardInterrupt:
        sys.exit("\nStopped while installing. Run the same command again to go on.")
    if Path(sys.prefix) != ENV:
        _start_again()


def use_existing(command: str) -> None:
    """For the other commands: go on inside `.venv` when it is there, otherwise say how to make it."""
    if PYTHON.exists() and Path(sys.prefix) != ENV:
        _start_again()
    sys.exit(
        f"`{command}` needs the packages of requirements/run.txt; {sys.executable} lacks them.\n"
        "Run `python3 manage.py demo` once (it makes .venv), or install them by hand: see docs/running.md."
    )


def _somebody_elses_environment(lock: str) -> bool:
    """True in a virtual environment other than ours that has what is needed: its owner looks after it."""
    in_one = sys.prefix != sys.base_prefix and Path(sys.prefix) != ENV
    return in_one and all(find_spec(name) for name in PROBES[lock])


def _installed(lock: str) -> bool:
    """True if `.venv` was filled from this very lock file or a larger one."""
    good_enough = LOCKS[LOCKS.index(lock) :]
    return PYTHON.exists() and any(
        _stamp(name).is_file() and _stamp(name).read_text() == _digest(name) for name in good_enough
    )


def _stamp(lock: str) -> Path:
    return ENV / f"{lock}.sha256"


def _digest(lock: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / lock).read_bytes()).hexdigest()


def _install(lock: str) -> None:
    _say(f"First run: installing the packages of requirements/{lock} into {ENV} (about half a minute) …")
    pip = _pip()
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes"]
    done = subprocess.run([*command, "-r", str(ROOT / "requirements" / lock)], check=False)
    if done.returncode:
        sys.exit(
            "The packages could not be installed; the lines above say why. Only .venv was touched.\n"
            "Without a network connection this cannot work; otherwise run the same command again."
        )
    for name in LOCKS:  # what an older lock file put there may be gone or changed now
        _stamp(name).unlink(missing_ok=True)
    _stamp(lock).write_text(_digest(lock))


def _pip() -> list[str]:
    """A pip that installs into `.venv`; where ensurepip is missing (Debian), the pip outside of it."""
    own = [str(PYTHON), "-m", "pip"]
    if PYTHON.exists() and _works([*own, "--version"]):
        return own
    try:
        venv.create(ENV, with_pip=True, clear=True)
    except (subprocess.CalledProcessError, OSError):
        venv.create(ENV, with_pip=False, clear=True)
    if _works([*own, "--version"]):
        return own
    outside = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    if _works([*outside, "--version"]):
        return outside
    sys.exit(
        f"This Python ({sys.executable}) has neither ensurepip nor pip. On Debian and Ubuntu:\n"
        "  apt install python3-venv\nThen run the same command again."
    )


def _works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two first starts at once must not fill the same folder together."""
    if os.name == "nt":
        yield
        return
    import fcntl

    with (ROOT / ".venv.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _start_again() -> NoReturn:
    arguments = [str(PYTHON), *sys.argv]
    sys.stdout.flush()
    if os.name == "nt":
        sys.exit(subprocess.call(arguments))
    os.execv(arguments[0], arguments)  # noqa: S606  (the same command, in the Python that has the packages)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
