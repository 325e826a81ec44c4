"""Pages and task clusters of a machine share a lock while they run; a restore needs it for itself alone."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

NAME: Final = "service.lock"
logger = logging.getLogger(__name__)
_held: list[IO[str]] = []


class InUse(Exception):
    """The lock is taken by somebody whose presence rules us out."""


def hold(folder: Path) -> None:
    """Keep a share of the lock until this process and its children have ended. Raises InUse during a restore."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / NAME).open("a")
    except OSError as error:
        # Pages with a PostgreSQL elsewhere may have no folder; a restore finds them by their connections.
        logger.warning("No lock in %s (%s): a restore will not see this process", folder, error.strerror)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise InUse("A backup is being restored at this moment. Start again when that has ended.") from None
    _held.append(lock)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Rule out pages and clusters of this machine meanwhile. Raises InUse while one of them runs."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse("The service runs on this machine. End the pages and the task cluster first.") from None
        yield
