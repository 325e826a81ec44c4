"""A file of named, checked pieces: written beside its place and moved there whole, so it is never half."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

Section = tuple[str, bytes]
_END = "end"


class Damaged(ValueError):
    """The file ends early or is not what was written; the text says where."""


def write_sections(path: Path, header: bytes, sections: Iterable[Section]) -> int:
    """Write header line and sections, safe against loss of power too. Returns the number of bytes."""
    beside = path.with_name(f"{path.name}.new")
    file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(file, "wb") as out:
            out.write(header)
            for name, content in (*sections, (_END, b"")):
                out.write(f"{name} {len(content)} {zlib.crc32(content):08x}\n".encode())
                out.write(content)
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        beside.replace(path)
        sync_folder(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return size


def sync_folder(path: Path) -> None:
    """See that a file's new name is on disk, not only its content."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_sections(path: Path, start: int) -> Iterator[Section]:
    """The sections behind a header of `start` bytes. Raises Damaged."""
    content = memoryview(path.read_bytes())
    while True:
        line, start = _line(content, start)
        try:
            name, length, check = line.split(" ")
            end = start + int(length)
            piece = bytes(content[start:end])
            whole = len(piece) == int(length) and zlib.crc32(piece) == int(check, 16)
        except ValueError:
            raise Damaged(f"at byte {start}") from None
        if not whole:
            raise Damaged(f"in {name} at byte {start}")
        if name == _END:
            return
        yield name, piece
        start = end


def _line(content: memoryview, start: int) -> tuple[str, int]:
    head = bytes(content[start : start + 100])
    end = head.find(b"\n")
    if end < 0:
        raise Damaged(f"at byte {start}")
    return head[:end].decode("latin-1"), start + end + 1
