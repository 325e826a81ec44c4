"""SQLite: copies taken with its online backup interface, while others write."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from qualadmin.audit.tree import Frontier

from .manifest import BackupError, Head

PAGES: Final = 256  # copied at once; between two such steps others have the disk
PAUSE: Final = 0.010  # seconds
WAIT: Final = 30.0  # seconds for a lock


@contextmanager
def _opened(file: Path, mode: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{quote(str(file))}?mode={mode}", uri=True, timeout=WAIT)) as connection:
        connection.isolation_level = None
        yield connection


def copy(source: Path, target: Path) -> None:
    """Copy the database as it is at this moment into the new file `target`, and verify the copy.

    Raises BackupError; then there is no `target`.
    """
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with _opened(source, "rw") as live, _opened(target, "rw") as new:
            # The snapshot is held open: else the copy would begin anew after each commit of anybody else.
            live.execute("BEGIN")
            live.execute("SELECT count(*) FROM sqlite_master").fetchone()
            live.backup(new, pages=PAGES, sleep=PAUSE)
            live.execute("ROLLBACK")
            new.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        check(target)
        _to_disk(target)
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise BackupError(f"The copy could not be made: {error}.") from None
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def check(file: Path) -> None:
    """Raise BackupError unless SQLite finds the file whole, foreign keys included."""
    try:
        with _opened(file, "ro") as connection:
            connection.execute("PRAGMA ignore_check_constraints=ON")  # some call functions that only Django brings
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
            dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.Error as error:
        raise BackupError(f"{file} is no usable SQLite database: {error}.") from None
    if found != ["ok"]:
        raise BackupError(f"{file} is damaged: {'; '.join(found)}.")
    if dangling is not None:
        raise BackupError(
            f"{file} is damaged: a row of {dangling[0]} points at one of {dangling[2]} that is missing."
        )


def head(file: Path) -> Head:
    """The log's length and root, and the migrations. Raises BackupError where there is no log."""
    try:
        with _opened(file, "ro") as connection:
            size, frontier = connection.execute("SELECT size, frontier FROM audit_head").fetchone()
            rows = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1").fetchall()
        return Head(size, Frontier.from_bytes(size, bytes(frontier)).root().hex(), [row[0] for row in rows])
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise BackupError(f"{file} holds no audit log that could be read: {error}.") from None


def put_in_place(copied: Path, present: Path, aside: Path) -> bool:
    """Let a copy of `copied` be the database `present`, which is kept as `aside`. True if there was one.

    Raises BackupError, with the present database where it was, if somebody has it open.
    """
    new = present.with_name(f".{present.name}.restoring")
    try:
        new.unlink(missing_ok=True)
        with _opened(copied, "ro") as source, closing(sqlite3.connect(new)) as target:
            source.backup(target)
        new.chmod(0o600)
        check(new)
        _to_disk(new)
        there = present.exists()
        if there:
            _close_off(present)
            for suffix in ("", "-wal", "-shm"):
                part = present.with_name(present.name + suffix)
                if part.exists():
                    part.rename(aside.with_name(aside.name + suffix))
        new.rename(present)
        _to_disk(present)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"The backup could not be put in place: {error}.") from None
    finally:
        new.unlink(missing_ok=True)
    return there


def _close_off(present: Path) -> None:
    """Bring everything into the one file; only possible while nobody else has the database open."""
    try:
        with closing(sqlite3.connect(present, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BackupError(
                f"Somebody has {present} open. Nothing was changed. End every process of the service, then try "
                "again."
            ) from None
        # Damaged beyond opening: that may be why it is replaced. All its files are kept aside as they are.
    except sqlite3.DatabaseError:
        return


def _to_disk(file: Path) -> None:
    """Wait until the file, and its name in its folder, are on the disk."""
    for path in (file, file.parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
