"""State that outlives the process: one line per call with what it changed, written before the answer leaves.

A line is `[call, events]` in JSON. The write reaches the operating system, not the disk: a killed process
loses nothing it has acknowledged, a machine that loses power may. A torn last line belongs to a call that was
never answered and is cut off at the next start.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HEADER = "qualadmin-emulator 1 "
_BLOCK = 2000


class JournalError(Exception):
    """The state file cannot be used; the text says why and what to do."""


class Journal:
    """The state file of one environment, held by one process at a time."""

    def __init__(self, path: Path, environment: str) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Worker ids are personal data: nobody else on the machine reads them.
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise JournalError(f"Another emulator is using {path}. Stop it or name another file.") from None
        self._header = f"{_HEADER}{environment}\n".encode()
        self._size = 0

    def replay(self) -> Iterator[tuple[list[Any] | None, list[list[Any]]]]:
        """(call or None, events) of every line written so far. To be exhausted before the first `write`."""
        content = self.path.read_bytes()
        if not content:
            self._append(self._header)
            return
        if not content.startswith(self._header):
            raise JournalError(f"{self.path} is not the state of this emulator's environment. Name another file.")
        end = content.rfind(b"\n") + 1
        if end < len(content):
            os.ftruncate(self._file, end)
        self._size = end
        # The many small lists made here are all kept: collecting garbage meanwhile only costs time.
        gc_was_on = gc.isenabled()
        gc.disable()
        try:
            yield from self._parse(content[len(self._header) : end].splitlines())
        finally:
            if gc_was_on:
                gc.enable()

    def _parse(self, lines: list[bytes]) -> Iterator[tuple[list[Any] | None, list[list[Any]]]]:
        for start in range(0, len(lines), _BLOCK):
            block = lines[start : start + _BLOCK]
            try:
                # One call of the parser for many lines: a third of the time of one call for each.
                yield from json.loads(b"[%s]" % b",".join(block))
            except ValueError:
                raise JournalError(
                    f"{self.path} is damaged between lines {start + 2} and {start + 1 + len(block)}."
                ) from None

    def write(self, call: list[Any] | None, events: list[list[Any]]) -> None:
        """Add one line. Raises JournalError if it did not get there whole; then nothing of it is kept."""
        self._append(json.dumps([call, events], separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
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
