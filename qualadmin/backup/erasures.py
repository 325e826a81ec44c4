"""The list of erased workers that lies beside the backups: our numbers of them, one a line, never an id.

A backup that was taken before an erasure brings the worker back. The database that knew of it is gone then, so the
list must not be in it. Lines are only added; one that is there twice does no harm.
"""

import fcntl
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

from .manifest import BackupError

NAME: Final = "erasures.txt"
_WHOLE: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def listed(file: Path) -> frozenset[UUID]:
    """The workers on the list; none if there is no list. Raises BackupError if it cannot be read."""
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeError) as error:
        raise BackupError(f"The list of erasures {file} cannot be read: {error}.") from None
    *lines, rest = text.split("\n")
    try:
        found = {UUID(line.strip()) for line in lines if line.strip()}
    except ValueError:
        raise BackupError(f"The list of erasures {file} holds a line that is no number of a worker.") from None
    # A last line without its end was cut off while it was written, before anything was erased, or typed by hand.
    return frozenset(found | ({UUID(rest.strip())} if _WHOLE.fullmatch(rest.strip()) else set()))


def add(file: Path, workers: Iterable[UUID]) -> int:
    """Put on the list whoever is not on it yet, and wait for the disk. Returns how many that were.

    Raises BackupError; then nothing may be erased on the strength of it.
    """
    new = sorted(set(workers) - listed(file))
    if not new:
        return 0
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            *_, rest = stream.read().split(b"\n")
            if _WHOLE.fullmatch(rest.decode(errors="replace").strip()):
                stream.write(b"\n")
            else:
                stream.truncate(stream.seek(-len(rest), os.SEEK_END))  # what was cut off, mostly nothing
            stream.write(b"".join(b"%s\n" % str(one).encode() for one in new))
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise BackupError(f"The list of erasures {file} cannot be written: {error.strerror}.") from None
    return len(new)
