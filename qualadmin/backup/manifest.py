"""What lies beside every copy: a small JSON file that says what the copy holds and how to recognise it."""

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Self

FORMAT: Final = 1
SUFFIX: Final = ".json"
CHUNK: Final = 1024 * 1024


class BackupError(Exception):
    """A copy could not be taken, or cannot be used. The text says why, for whoever runs the command."""


@dataclass(frozen=True, slots=True)
class Head:
    """The audit log as the copy holds it: number of entries, root of their tree (hex), and what was migrated."""

    entries: int
    root: str
    migrations: list[str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """One copy. `taken_at` is the moment the copy shows, in UTC; `sha256` is that of the file."""

    file: str
    database: str  # "sqlite" or "postgresql"
    taken_at: str
    bytes: int
    sha256: str
    origin: str
    version: str
    entries: int
    root: str
    migrations: list[str]
    format: int = FORMAT

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.taken_at)

    def write(self, copy: Path) -> None:
        """Beside the copy, whole or not at all, readable by its owner alone."""
        target = path_of(copy)
        part = target.with_name(f".{target.name}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)

    @classmethod
    def read(cls, copy: Path) -> Self:
        """The manifest of a copy. Raises BackupError if it is missing or not one of ours."""
        path = path_of(copy)
        try:
            content: Any = json.loads(path.read_text(encoding="utf-8"))
            found = cls(**content)
            _ = found.moment, int(found.bytes), int(found.entries), list(found.migrations)
        except FileNotFoundError:
            raise BackupError(
                f"{path} is missing. It is written beside every backup; without it nobody can tell whether the "
                "backup is whole."
            ) from None
        except (OSError, ValueError, TypeError) as error:
            raise BackupError(f"{path} cannot be read as the description of a backup: {error}") from None
        if found.format != FORMAT:
            raise BackupError(f"{path} has the format {found.format}; this version of qualadmin knows {FORMAT}.")
        return found

    def check_file(self, copy: Path) -> None:
        """Raise BackupError unless the file has the size and hash written down when it was taken."""
        try:
            size, digest = copy.stat().st_size, hash_of(copy)
        except OSError as error:
            raise BackupError(f"{copy} cannot be read: {error.strerror}.") from None
        if (size, digest) != (self.bytes, self.sha256):
            raise BackupError(
                f"{copy} is damaged: it has {size} bytes and the SHA-256 {digest}, "
                f"but was taken with {self.bytes} bytes and {self.sha256}."
            )


def path_of(copy: Path) -> Path:
    """Where the manifest of a copy lies."""
    return copy.with_name(copy.name + SUFFIX)


def hash_of(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
