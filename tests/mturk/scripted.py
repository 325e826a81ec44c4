"""A server on a real socket that says, once per connection or request, exactly what a test tells it to."""

import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any, Self

REQUEST_ID = "7a4a3e6a-1111-2222-3333-444455556666"


def answer(
    body: bytes | Mapping[str, Any],
    status: int = 200,
    *,
    request_id: str | None = REQUEST_ID,
    content_type: str = "application/x-amz-json-1.1",
    claimed_length: int | None = None,
) -> bytes:
    """A whole HTTP answer. ``claimed_length`` makes its Content-Length lie."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [
        f"HTTP/1.1 {status} Scripted",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(raw) if claimed_length is None else claimed_length}",
        "Connection: close",
    ]
    if request_id:
        lines.append(f"x-amzn-RequestId: {request_id}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def error(code: str, message: str, status: int = 400, turk_code: str | None = None) -> bytes:
    body = {"__type": code, "Message": message}
    if turk_code:
        body["TurkErrorCode"] = turk_code
    return answer(body, status)


HANG = b"hang"
RESET = b"reset"
CLOSE = b"close"


class ScriptedServer:
    """Answers each request with the next line of ``script``, repeating the last; keeps all in ``requests``."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.script: deque[bytes] = deque()
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self._tls = tls
        self._released = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._released.set()
        # A thread that waits in accept() is not woken by close() alone.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._converse(connection)

    def _converse(self, plain: socket.socket) -> None:
        connection = plain
        if self._tls:
            try:
                connection = self._tls.wrap_socket(plain, server_side=True)
            except OSError:
                return  # the client did not like the certificate
        with connection:
            request = _read_request(connection)
            if request is None:
                return
            self.requests.append(request)
            line = self.script.popleft() if len(self.script) > 1 else self.script[0]
            if line == HANG:
                self._released.wait(10)
            elif line == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif line != CLOSE:
                connection.sendall(line)


def _read_request(connection: socket.socket) -> tuple[str, dict[str, Any]] | None:
    raw = b""
    while b"\r\n\r\n" not in raw:
        part = connection.recv(65_536)
        if not part:
            return None
        raw += part
    head, _, body = raw.partition(b"\r\n\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65_536)
    return headers["x-amz-target"].rsplit(".", 1)[-1], json.loads(body)
