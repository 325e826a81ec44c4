"""As much HTTP/1.1 as API clients use: keep-alive, pipelining in order, Content-Length bodies.

No chunked request bodies (no AWS client sends them for this API): they are refused with 501.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from time import monotonic
from typing import cast

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024
_LINGER_NOTHING = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class HttpRequest:
    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case; the values of a repeated header joined by commas, as they are signed."""
    body: bytes
    keep_alive: bool


class _Malformed(Exception):
    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class HttpConnection(asyncio.Protocol):
    """One client. `handler` gets a request and must call `respond` or `reset` once, now or later; the next
    request of the connection is taken up only then."""

    def __init__(
        self, handler: Callable[[HttpRequest, HttpConnection], None], clients: set[HttpConnection]
    ) -> None:
        self._handler = handler
        self._clients = clients
        self._buffer = bytearray()
        self._head: HttpRequest | None = None
        self._length = 0
        self._busy = False
        self._keep_alive = True
        self._advancing = False
        self._transport: asyncio.Transport | None = None

    # what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._clients.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._busy and len(self._buffer) > MAX_HEAD and self._transport is not None:
            self._transport.pause_reading()
        self._advance()

    # answering

    def respond(
        self, status: int, headers: list[tuple[str, str]], body: bytes, *, promised: int | None = None
    ) -> None:
        """Send the answer. `promised` is a Content-Length that is a lie; the connection then closes."""
        if self._transport is None:
            return
        close = not self._keep_alive or promised is not None
        lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}", f"Date: {_date()}"]
        lines += [f"{name}: {value}" for name, value in headers]
        lines.append(f"Content-Length: {len(body) if promised is None else promised}")
        if close:
            lines.append("Connection: close")
        self._transport.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        if close:
            self._transport.close()
            return
        self._busy = False
        self._transport.resume_reading()
        self._advance()

    def reset(self) -> None:
        """Cut the connection so that the client sees a reset, not an end."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOTHING)
        self._transport.abort()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # parsing

    def _advance(self) -> None:
        """Take up buffered requests, one after the other; not recursive, however many were pipelined."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while not self._busy and self._transport is not None and not self._transport.is_closing():
                request = self._take()
                if request is None:
                    return
                self._busy = True
                self._keep_alive = request.keep_alive
                self._handler(request, self)
        except _Malformed as error:
            self._keep_alive = False
            self.respond(error.status, [], b"")
        finally:
            self._advancing = False

    def _take(self) -> HttpRequest | None:
        if self._head is None and not self._take_head():
            return None
        head = self._head
        if head is None or len(self._buffer) < self._length:
            return None
        head.body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._head = None
        return head

    def _take_head(self) -> bool:
        while self._buffer[:2] == b"\r\n":  # a stray line end between requests is allowed
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise _Malformed(431)
            return False
        head = _parse_head(self._buffer[:end].decode("latin-1"))
        del self._buffer[: end + 4]
        self._length = _body_length(head.headers)
        self._head = head
        if head.headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True


def _parse_head(text: str) -> HttpRequest:
    first, *lines = text.split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
        raise _Malformed(400)
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise _Malformed(400)
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    wish = headers.get("connection", "").lower()
    keep_alive = wish != "close" and (parts[2] == "HTTP/1.1" or wish == "keep-alive")
    return HttpRequest(parts[0], parts[1], headers, b"", keep_alive)


def _body_length(headers: dict[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise _Malformed(501)
    text = headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise _Malformed(400)
    length = int(text)
    if length > MAX_BODY:
        raise _Malformed(413)
    return length


_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_date_cache: tuple[float, str] = (-1.0, "")


def _date() -> str:
    global _date_cache
    now = monotonic()
    if now - _date_cache[0] > 0.5:
        _date_cache = (now, formatdate(usegmt=True))
    return _date_cache[1]
