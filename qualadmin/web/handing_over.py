"""A file that is made first and handed over then, and that is gone afterwards, however the download ends."""

import logging
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Final, Self
from weakref import finalize

from django.conf import settings

PIECE: Final = 1 << 16  # bytes
logger = logging.getLogger(__name__)


def nameless_file() -> BinaryIO:
    """A file without a name in the state folder: the system frees it even if this process is killed.

    Not in /tmp, which on many machines is memory. Raises OSError.
    """
    folder = Path(settings.VAR_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return TemporaryFile(dir=folder)


class HandedOver:
    """The pieces of a file for a streaming response, which closes it at the end or when the reader leaves.

    `broken_off`, once it is set, is told how many bytes were handed over, if not all.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        finalize(self, file.close)  # in case a response is dropped without being closed
        self.broken_off: Callable[[int], None] = lambda sent: None
        self.sha256, self.length = _measured(file)
        self._sent = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        piece = self._file.read(PIECE)
        if not piece:
            raise StopIteration
        self._sent += len(piece)
        return piece

    def close(self) -> None:
        """Free the file. Django calls it in every case; a fault here must not hide what went before."""
        if self._file.closed:
            return
        self._file.close()
        if self._sent < self.length:
            try:
                self.broken_off(self._sent)
            except Exception:
                logger.exception("A download broke off, and this could not be written to the audit log")


def _measured(file: BinaryIO) -> tuple[str, int]:
    digest, length = sha256(), 0
    file.seek(0)
    while piece := file.read(PIECE):
        digest.update(piece)
        length += len(piece)
    file.seek(0)
    return digest.hexdigest(), length
