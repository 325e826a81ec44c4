"""A ZIP whose bytes depend on its content alone: fixed times and rights, files in the order they are added."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import BinaryIO, Final, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

LIMIT: Final = 2**31  # bytes; programs that unpack more are rare
LEVEL: Final = 3  # of 9: half the time of the usual 6 for a tenth more bytes
PIECE: Final = 1 << 16  # bytes
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first time that a ZIP can name
_UNIX: Final = 3
_READABLE: Final = 0o100644 << 16


class TooLarge(Exception):
    """The ZIP would be larger than LIMIT. What was written so far is no ZIP."""


class Archive:
    """Writes to a seekable file, piece by piece. `hashes` holds the SHA-256 of each file, in hex."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._zip = ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL)
        self.hashes: dict[str, str] = {}

    def add(self, name: str, pieces: Iterable[bytes], *, packed: bool = True) -> None:
        """Add a file. Random bytes are not worth packing. Raises TooLarge."""
        info = ZipInfo(name, _EPOCH)
        info.create_system, info.external_attr = _UNIX, _READABLE
        info.compress_type = ZIP_DEFLATED if packed else ZIP_STORED
        digest = sha256()
        with self._zip.open(info, "w", force_zip64=True) as member:
            for piece in _larger(pieces):
                digest.update(piece)
                member.write(piece)
                if self._file.tell() > LIMIT:
                    raise TooLarge
        self.hashes[name] = digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the list of files, without which it is no ZIP. Also after a fault, or it would be tried later."""
        self._zip.close()


def _larger(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth a call each."""
    held: list[bytes] = []
    length = 0
    for piece in pieces:
        held.append(piece)
        length += len(piece)
        if length >= PIECE:
            yield b"".join(held)
            held, length = [], 0
    yield b"".join(held)
