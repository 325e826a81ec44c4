"""State that outlives the process: FILE, a journal of calls, and FILE.snapshot, all that was before it.

The journal has one line per call with what it changed, `[call, events]` in JSON, written before the answer
leaves. The write reaches the operating system, not the disk: a killed process loses nothing it has
acknowledged, a machine that loses power may lose the last calls. A torn last line belongs to a call that was
never answered and is cut off at the next start.

When the journal has grown long, a thread writes a snapshot and moves it into its place; only then is the
journal cut down to what came after. Positions are counted from the first byte ever written, so that a kill
between the two steps, or in one of them, leaves files that fit together.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qualadmin.emulator.sections import Damaged, Section, read_sections, sync_folder, write_sections

VERSION = 2
_JOURNAL = "qualadmin-emulator"
_SNAPSHOT = "qualadmin-emulator-snapshot"
_BLOCK = 2000
LONG = 16 * 2**20
"""Bytes of journal, about 60,000 calls, after which a snapshot is due; a quarter of the last snapshot if that is
more, so that a big world is not written again and again."""
_LONG_AT_START = 2**20


class JournalError(Exception):
    """The state file cannot be used; the text says why and what to do."""


class Journal:
    """The state files of one environment, held by one process at a time. In this order: `restore`, `replay` to
    its end, then any number of `write` and `snapshot`."""

    def __init__(self, path: Path, environment: str) -> None:
        self.path = path
        self.snapshot_path = path.with_name(f"{path.name}.snapshot")
        self._beside = path.with_name(f"{path.name}.new")
        self._environment = environment
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _locked(path)
        self._size = 0
        self._base = 0
        """Position of the first byte behind the header line."""
        self._head = 0
        """Length of the header line."""
        self._snapshot_end = 0
        """Position up to which the snapshot holds everything."""
        self._snapshot_size = 0
        self._tried_at = 0
        """Position at which the last snapshot was begun, whether or not it came to be."""
        self._thread: threading.Thread | None = None

    # starting

    def restore(self, thaw: Callable[[Iterator[Section]], None]) -> None:
        """Hand the sections of the snapshot, if there is one, to `thaw`, which raises ValueError if they are
        not in order."""
        self._open()
        for leftover in (self._beside, self.snapshot_path.with_name(f"{self.snapshot_path.name}.new")):
            leftover.unlink(missing_ok=True)
        if not self.snapshot_path.exists():
            if self._base:
                raise JournalError(
                    f"{self.path} goes on where {self.snapshot_path} ends, and that is missing. Put it back, or "
                    f"delete {self.path} to begin anew."
                )
            return
        with self.snapshot_path.open("rb") as file:
            line = file.readline(200)
        self._snapshot_end = self._fields(self.snapshot_path, _SNAPSHOT, line)
        if not self._base <= self._snapshot_end <= self._end():
            raise JournalError(
                f"{self.path} and {self.snapshot_path} do not belong together. Put the right ones there, or "
                "delete both to begin anew."
            )
        self._snapshot_size = self.snapshot_path.stat().st_size
        self._tried_at = self._snapshot_end
        try:
            with _no_collection():
                thaw(read_sections(self.snapshot_path, len(line)))
        except Damaged as error:
            raise JournalError(f"{self.snapshot_path} is damaged {error}. {_CURE}") from None
        except ValueError as error:
            raise JournalError(f"{self.snapshot_path} cannot be used: {error}. {_CURE}") from None

    def _open(self) -> None:
        head = os.pread(self._file, 200, 0)
        self._size = os.fstat(self._file).st_size
        if not head:
            if self.snapshot_path.exists():
                raise JournalError(
                    f"{self.snapshot_path} is there, but {self.path} is not. Put it back, or delete the snapshot "
                    "to begin anew."
                )
            head = self._header(0)
            self._append(head)
        self._base = self._fields(self.path, _JOURNAL, head)
        self._head = head.index(b"\n") + 1

    def _fields(self, path: Path, kind: str, head: bytes) -> int:
        """The position in a header line. Raises JournalError unless everything else in it is right."""
        line, end, _ = head.partition(b"\n")
        words = line.decode("latin-1").split(" ")
        if not end or words[0] != kind or len(words) < 2:
            raise JournalError(f"{path} is not a state file of this emulator. Name another file.")
        if words[1] != str(VERSION):
            raise JournalError(
                f"{path} has format {words[1][:20]}, and this emulator reads format {VERSION} only. Delete it "
                "to begin anew, name another file, or use the release that wrote it."
            )
        if len(words) != 4 or words[2] != self._environment or not words[3].isdecimal():
            raise JournalError(f"{path} is not the state of this emulator's environment. Name another file.")
        return int(words[3])

    def _header(self, position: int, kind: str = _JOURNAL) -> bytes:
        return f"{kind} {VERSION} {self._environment} {position}\n".encode()

    def _end(self) -> int:
        return self._base + self._size - self._head

    def replay(self) -> Iterator[tuple[list[Any] | None, list[list[Any]]]]:
        """(call or None, events) of every line behind the snapshot."""
        content = self.path.read_bytes()[self._head + self._snapshot_end - self._base :]
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.ftruncate(self._file, self._size - len(content) + whole)
            self._size -= len(content) - whole
        with _no_collection():
            yield from self._parse(content[:whole].splitlines())

    def _parse(self, lines: list[bytes]) -> Iterator[tuple[list[Any] | None, list[list[Any]]]]:
        for start in range(0, len(lines), _BLOCK):
            block = lines[start : start + _BLOCK]
            try:
                # One call of the parser for many lines: a third of the time of one call for each.
                yield from json.loads(b"[%s]" % b",".join(block))
            except ValueError:
                raise JournalError(
                    f"{self.path} is damaged between lines {start + 2} and {start + 1 + len(block)}. {_CURE}"
                ) from None

    # going on

    def write(self, call: list[Any] | None, events: list[list[Any]]) -> None:
        """Add one line. Raises JournalError if it did not get there whole; then nothing of it is kept."""
        self._append(json.dumps([call, events], separators=(",", ":")).encode() + b"\n")
        if self._thread is not None and not self._thread.is_alive():
            self._finish()

    def is_worth_a_snapshot(self, *, at_start: bool = False) -> bool:
        if self._thread is not None:
            return False
        least = _LONG_AT_START if at_start else LONG
        return self._end() - self._tried_at > max(least, self._snapshot_size // 4)

    def snapshot(self, sections: Iterator[Section]) -> None:
        """Begin to write what is now, beside the calls that go on. `sections` are taken in a thread. One that is
        still being written is waited for."""
        if self._thread is not None:
            self._thread.join()
            self._finish()
        self._tried_at = self._end()
        # The thread has the journal open for itself: it may be cut or closed meanwhile.
        file = os.dup(self._file)
        self._thread = threading.Thread(target=self._write_snapshot, args=(self._tried_at, sections, file))
        self._thread.start()

    def _write_snapshot(self, end: int, sections: Iterator[Section], file: int) -> None:
        try:
            os.fsync(file)  # a snapshot is never on disk without the journal it comes from
            size = write_sections(self.snapshot_path, self._header(end, _SNAPSHOT), sections)
        except OSError as error:
            _report(f"{self.snapshot_path} cannot be written: {error.strerror}. {self.path} goes on growing.")
        else:
            self._snapshot_end, self._snapshot_size = end, size
        finally:
            os.close(file)

    def _finish(self) -> None:
        """The snapshot's thread has ended: cut off what the snapshot holds."""
        self._thread = None
        if self._snapshot_end == self._base:
            return
        try:
            fresh = self._rest_beside()
        except OSError as error:
            _report(f"{self.path} cannot be shortened: {error.strerror}. It goes on growing.")
            return
        os.close(self._file)
        self._file, self._base = fresh, self._snapshot_end
        self._size, self._head = os.fstat(fresh).st_size, len(self._header(self._base))
        sync_folder(self.path)

    def _rest_beside(self) -> int:
        """Put a journal of what the snapshot does not hold in the place of the old one. Returns the open file."""
        start = self._head + self._snapshot_end - self._base
        file = os.open(self._beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            with os.fdopen(os.dup(file), "wb") as out, self.path.open("rb") as old:
                old.seek(start)
                out.write(self._header(self._snapshot_end) + old.read(self._size - start))
                out.flush()
                os.fsync(file)
            # Locked before it has the name: nobody else can get in between.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._beside.replace(self.path)
        except OSError:
            os.close(file)
            self._beside.unlink(missing_ok=True)
            raise
        return file

    def close(self) -> None:
        """Let a snapshot that is being written end, and give the files free."""
        if self._thread is not None:
            self._thread.join()
            self._finish()
        os.close(self._file)

    def _append(self, line: bytes) -> None:
        try:
            written = os.write(self._file, line)
            while written < len(line):
                written += os.write(self._file, line[written:])
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise JournalError(f"{self.path} cannot be written: {error.strerror}.") from error
        self._size += len(line)


_CURE = "Put back a copy of both state files, or delete both to begin anew."


def _locked(path: Path) -> int:
    """The file, open, and nobody else's as long as it is."""
    while True:
        # Worker ids are personal data: nobody else on the machine reads them.
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            raise JournalError(f"Another emulator is using {path}. Stop it or name another file.") from None
        try:
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        except FileNotFoundError:
            pass
        os.close(file)  # it was replaced by a shorter one just now


def _report(text: str) -> None:
    sys.stderr.write(f"emulator: {text} Nothing is lost.\n")


@contextmanager
def _no_collection() -> Iterator[None]:
    """The many small lists made at the start are all kept: collecting garbage meanwhile only costs time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
