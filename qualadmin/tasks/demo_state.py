"""What a demo keeps in its folder: the lock that makes it the only one, its key, and who can sign in."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCK = "demo.lock"
WAIT_FOR_OTHERS_SECONDS = 25.0


class Refused(Exception):
    """The demo cannot start; the text says why and what to do."""


def say(text: str) -> None:
    """One line for the person at the terminal; a terminal that is gone is no reason to fail."""
    with suppress(OSError, ValueError):
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def take_lock(state: Path) -> int:
    """The open file that only one demo on `state` can hold. Its children hold it
    too, so it outlives a kill -9.

    Raises Refused if another demo runs, or if the folder holds something that is no demo.
    """
    if state.is_dir() and any(state.iterdir()) and not (state / LOCK).exists():
        raise Refused(f"{state} is not the folder of a demo; it is left alone. Unset QUALADMIN_VAR_DIR.")
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(state / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline, told = time.monotonic() + WAIT_FOR_OTHERS_SECONDS, False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(state)
            if _lives(holder.get("pid")) or time.monotonic() > deadline:
                os.close(lock)
                raise Refused(_other_demo(state, holder)) from None
            if not told:
                say("An earlier demo was killed and its parts are still ending; one moment …")
                told = True
            time.sleep(0.2)
        else:
            os.ftruncate(lock, 0)
            os.pwrite(lock, json.dumps({"pid": os.getpid()}).encode(), 0)
            return lock


def _holder(state: Path) -> dict[str, int]:
    with suppress(OSError, ValueError):
        found = json.loads((state / LOCK).read_text())
        return found if isinstance(found, dict) else {}
    return {}


def _lives(pid: int | None) -> bool:
    if not pid:
        return True  # it holds the lock and has not written its number yet
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _other_demo(state: Path, holder: dict[str, int]) -> str:
    where = f" at http://127.0.0.1:{holder['port']}/" if "port" in holder else ""
    return (
        f"A demo already runs on {state} (process {holder.get('pid', 'unknown')}){where}.\n"
        "Use that one, or end it with Ctrl-C in its terminal and start again. Nothing was started."
    )


def reset(state: Path) -> None:
    """Forget everything but the lock."""
    for path in state.iterdir():
        if path.name == LOCK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def secret_key(state: Path) -> Path:
    """The file with the key that signs this demo's sessions, made on first use and kept."""
    path = state / "secret-key"
    with suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, secrets.token_urlsafe(64).encode())
        os.close(handle)
    return path


def code_digest() -> str:
    """Changes with any file of ours and any version of a package: then the data is looked at again."""
    digest = hashlib.sha256()
    files = [ROOT / "requirements" / "run.txt", *sorted((ROOT / "qualadmin").rglob("*.py"))]
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def sign_ins(state: Path) -> str:
    """Who can sign in, as `prepare_demo` noted it."""
    try:
        people = json.loads((state / "sign-ins.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "No demo people were made."
    if not people:
        return "No demo people were made."
    return "Sign in as " + ", ".join(f"{one['name']} / {one['password']} ({one['role']})" for one in people) + "."


def note_port(lock: int, port: int) -> None:
    """Tell a second demo, which will be refused, where this one is."""
    os.pwrite(lock, json.dumps({"pid": os.getpid(), "port": port}).encode(), 0)
