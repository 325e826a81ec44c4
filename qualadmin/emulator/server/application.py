"""Requests to answers: API calls to the engine, /_emulator/ to the control interface."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from qualadmin.emulator.control import Control, ControlError
from qualadmin.emulator.engine import Arrival, Engine, Reply
from qualadmin.emulator.journal import JournalError
from qualadmin.emulator.page import Site
from qualadmin.emulator.server.http import HttpConnection, HttpRequest
from qualadmin.emulator.server.names import REFUSAL, is_own_name
from qualadmin.wire.protocol import Incoming

CONTROL_PREFIX = "/_emulator/"
_JSON = [("Content-Type", "application/json")]


class Application:
    """Serves one environment. `give_up` is called with a sentence if state can no longer be kept."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop, give_up: Callable[[str], None]) -> None:
        self._engine = engine
        self._control = Control(engine)
        self._site = Site(engine)
        self._loop = loop
        self._give_up = give_up
        self._lost = False

    def __call__(self, request: HttpRequest, connection: HttpConnection) -> None:
        with self._trouble(connection):
            if self._lost:
                connection.reset()
            elif f"{request.target}/".startswith(CONTROL_PREFIX):
                self._answer_control(request, connection)
            elif request.method == "POST" and request.target == "/":
                self._take_call(request, connection)
            else:
                connection.respond(404, _JSON, b'{"message": "Only POST / and /_emulator/ exist here."}')

    @contextmanager
    def _trouble(self, connection: HttpConnection) -> Iterator[None]:
        """No call stays without an end, whatever happens: a client that waits for ever learns nothing."""
        try:
            yield
        except JournalError as error:
            # The change is in memory but would be gone after a restart: no answer may claim it.
            connection.reset()
            self._lost = True
            self._give_up(str(error))
        except Exception:
            report(traceback.format_exc())
            connection.respond(500, _JSON, b'{"__type": "InternalFailure", "message": "A bug."}')

    def _take_call(self, request: HttpRequest, connection: HttpConnection) -> None:
        arrival = self._engine.receive(Incoming(request.headers, request.body))
        if arrival.plan.delay_before_ms:
            self._loop.call_later(arrival.plan.delay_before_ms / 1000, self._run_late, arrival, connection)
        else:
            self._run(arrival, connection)

    def _run_late(self, arrival: Arrival, connection: HttpConnection) -> None:
        with self._trouble(connection):
            if self._lost:
                connection.reset()
            else:
                self._run(arrival, connection)

    def _run(self, arrival: Arrival, connection: HttpConnection) -> None:
        reply = self._engine.execute(arrival)
        if reply.delay_ms:
            self._loop.call_later(reply.delay_ms / 1000, send, reply, connection)
        else:
            send(reply, connection)

    def _answer_control(self, request: HttpRequest, connection: HttpConnection) -> None:
        if not is_own_name(request.headers.get("host", "")):
            connection.respond(403, _JSON, json.dumps({"message": REFUSAL}).encode())
            return
        if Site.has(urlsplit(request.target).path):
            connection.respond(*self._site.answer(request))
            return
        status, content = 200, {}
        try:
            content = self._control.handle(*_control_call(request))
        except ControlError as error:
            status, content = error.status, {"message": error.message}
        connection.respond(status, _JSON, json.dumps(content).encode())


def _control_call(request: HttpRequest) -> tuple[str, str, dict[str, object]]:
    url = urlsplit(request.target)
    name = url.path.removeprefix(CONTROL_PREFIX).rstrip("/")
    if request.method == "GET":
        return "GET", name, dict(parse_qsl(url.query))
    # A web page in somebody's browser can post forms to this port, but not this content type.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ControlError(415, "Send application/json.")
    try:
        content = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise ControlError(400, "The body must be a JSON object.")
    return request.method, name, content


def send(reply: Reply, connection: HttpConnection) -> None:
    if reply.lost:
        return
    if reply.cut:
        connection.reset()
        return
    headers = [("Content-Type", reply.content_type)]
    if reply.request_id is not None:
        headers.append(("x-amzn-RequestId", reply.request_id))
    if reply.truncated:
        connection.respond(reply.status, headers, reply.body[:-1], promised=len(reply.body) + 20)
    else:
        connection.respond(reply.status, headers, reply.body)


def report(text: str) -> None:
    sys.stderr.write(f"emulator: {text}\n")
    sys.stderr.flush()
