"""A folder, best on another volume or machine, mounted so that only the sealer may add to it."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from qualadmin.offsite.places import Conflict, Unreachable, file_name


@dataclass(frozen=True)
class Folder:
    """One file for each note. The folder must exist: a volume that is not mounted is no place."""

    path: Path

    @classmethod
    def from_path(cls, words: str) -> Self:
        """An absolute path. Raises ValueError."""
        path = Path(words)
        if not path.is_absolute():
            raise ValueError(f"{words!r} is neither an absolute path nor an s3:// address")
        return cls(path)

    @property
    def name(self) -> str:
        return str(self.path)

    def put(self, size: int, note: str) -> None:
        """The file appears whole under its name, or not at all, and never takes another one's place."""
        final = self.path / file_name(size)
        try:
            handle, beside = tempfile.mkstemp(prefix=".note-", dir=self.path)
            try:
                with os.fdopen(handle, "wb") as file:
                    os.fchmod(file.fileno(), 0o444)
                    file.write(note.encode())
                    file.flush()
                    os.fsync(file.fileno())
                os.link(beside, final)
            finally:
                os.unlink(beside)
            self._keep()
        except FileExistsError:
            self._compare(final, note)
        except OSError as error:
            raise Unreachable(f"{self.path}: {error.strerror or error}") from None

    def notes(self) -> Iterator[tuple[str, str]]:
        """In the order of their sizes."""
        try:
            for path in sorted(self.path.glob("*.note")):
                yield str(path), path.read_text(encoding="utf-8", errors="replace")
            if not self.path.is_dir():
                raise Unreachable(f"{self.path} is no folder.")
        except OSError as error:
            raise Unreachable(f"{self.path}: {error.strerror or error}") from None

    def _keep(self) -> None:
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _compare(self, final: Path, note: str) -> None:
        try:
            there = final.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise Unreachable(f"{final}: {error.strerror or error}") from None
        if there != note:
            raise Conflict(f"{final} holds another note of this size.")
