"""A file as an answer: its bytes in base64, in the envelope of every answer, handed over piece by piece."""

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.http import StreamingHttpResponse

from qualadmin.web.handing_over import HandedOver

from . import shapes
from .body import JSON

PIECE: Final = 48 * 1024  # bytes, of three each, so that base64 goes on without a break
FILE: Final = shapes.thing(
    file_name=shapes.TEXT,
    content_type=shapes.TEXT,
    bytes=shapes.INTEGER,
    sha256=shapes.TEXT,
    content={"type": "string", "contentEncoding": "base64"},
)


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """A file that was made in full; it is freed when the answer ends, however it ends."""

    name: str
    kind: str
    file: HandedOver

    def response(self) -> StreamingHttpResponse:
        """200 with the file in `data.content`."""
        data = {
            "file_name": self.name,
            "content_type": self.kind,
            "bytes": self.file.length,
            "sha256": self.file.sha256,
        }
        head = json.dumps({"success": True, "data": data})[:-2].encode() + b', "content": "'
        tail = b'"}}'
        response = StreamingHttpResponse(_Packed(head, self.file, tail), content_type=JSON)
        response.headers["Content-Length"] = str(len(head) + 4 * ((self.file.length + 2) // 3) + len(tail))
        return response


class _Packed:
    """The pieces of the answer. Closed by the response, and then closes the file."""

    def __init__(self, head: bytes, file: HandedOver, tail: bytes) -> None:
        self._pieces = _packed(head, file, tail)
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        self._file.close()


def _packed(head: bytes, file: HandedOver, tail: bytes) -> Iterator[bytes]:
    yield head
    left = b""
    for piece in file:
        left += piece
        whole = len(left) - len(left) % PIECE
        if whole:
            yield b64encode(left[:whole])
            left = left[whole:]
    yield b64encode(left) + tail
