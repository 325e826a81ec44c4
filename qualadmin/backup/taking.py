"""Taking a copy: of whichever database is in use, with its manifest, and never more copies than wanted."""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from . import sqlite
from .manifest import BackupError, Head, Manifest, hash_of, path_of

NAME: Final = re.compile(r"qualadmin-\d{8}T\d{12}Z\.(?:sqlite3|dump)")
ENDINGS: Final = {"sqlite": "sqlite3", "postgresql": "dump"}


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy that was taken, and how many older ones were removed for it."""

    file: Path
    manifest: Manifest
    removed: int


def take(folder: Path, *, origin: str, version: str, keep: int = 0, using: str = DEFAULT_DB_ALIAS) -> Taken:
    """Copy the database into `folder` and remove all but the `keep` newest copies there (0: keep all).

    Raises BackupError; then `folder` holds what it held before.
    """
    connection = connections[using]
    now = datetime.now(UTC)
    with _alone_in(folder):
        file = folder / f"qualadmin-{now:%Y%m%dT%H%M%S%f}Z.{ENDINGS[connection.vendor]}"
        part = folder / f".{file.name}.part"
        part.unlink(missing_ok=True)
        head = _copy(connection, part)
        try:
            manifest = Manifest(
                file=file.name,
                database=connection.vendor,
                taken_at=now.isoformat(),
                bytes=part.stat().st_size,
                sha256=hash_of(part),
                origin=origin,
                version=version,
                entries=head.entries,
                root=head.root,
                migrations=head.migrations,
            )
            manifest.write(file)
            part.replace(file)
        except OSError as error:
            part.unlink(missing_ok=True)
            path_of(file).unlink(missing_ok=True)
            raise BackupError(f"The copy could not be kept in {folder}: {error.strerror}.") from None
        return Taken(file, manifest, _prune(folder, keep))


def copies(folder: Path) -> list[Path]:
    """The whole copies in a folder, newest first: those with a manifest."""
    if not folder.is_dir():
        return []
    found = [one for one in folder.iterdir() if NAME.fullmatch(one.name) and path_of(one).exists()]
    return sorted(found, reverse=True, key=lambda one: one.name)


def _copy(connection: BaseDatabaseWrapper, target: Path) -> Head:
    if connection.vendor == "postgresql":
        from . import postgres  # its driver is installed only where it is used

        return postgres.dump(connection.get_connection_params(), target)
    source = Path(str(connection.settings_dict["NAME"]))
    if not source.is_file():
        raise BackupError(f"There is no database file {source}.")
    sqlite.copy(source, target)
    return sqlite.head(target)


def _prune(folder: Path, keep: int) -> int:
    old = copies(folder)[keep:] if keep else []
    for one in old:
        path_of(one).unlink(missing_ok=True)  # first: without it nobody takes the rest for a backup
        one.unlink(missing_ok=True)
    return len(old)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One backup at a time: a second one would only take the disk from the first."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise BackupError(f"Nothing can be written into {folder}: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError(f"Another backup is being taken into {folder} at this moment.") from None
        yield
