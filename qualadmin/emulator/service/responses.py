"""Calls that moto caught, answered by the engine in its own wire form.

A cut or lost answer becomes what botocore raises over a wire; a lost one at once, without the wait.

Moto's serializer is left out on purpose: it drops members of errors that botocore's model does not know.
"""

from __future__ import annotations

import time

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.responses import BaseResponse

from qualadmin.emulator.service.models import engine
from qualadmin.wire.protocol import Incoming


class MTurkResponse(BaseResponse):  # type: ignore[misc,unused-ignore]
    """One call. The account is moto's account id, the environment follows from the host."""

    def __init__(self) -> None:
        super().__init__(service_name="mturk")

    def call_action(self) -> tuple[int, dict[str, str], str | bytes]:
        sandbox = "-sandbox." in self.parsed_url.netloc
        side = engine("sandbox" if sandbox else "production")
        arrival = side.receive(self._incoming())
        time.sleep(arrival.plan.delay_before_ms / 1000)
        reply = side.execute(arrival)
        time.sleep(reply.delay_ms / 1000)
        if reply.cut:
            raise ConnectionClosedError(endpoint_url=self.uri)
        if reply.lost:
            raise ReadTimeoutError(endpoint_url=self.uri)
        headers = {"Content-Type": reply.content_type}
        if reply.request_id is not None:
            headers["x-amzn-RequestId"] = reply.request_id
        return reply.status, headers, reply.body[:-1] if reply.truncated else reply.body

    def _incoming(self) -> Incoming:
        headers = {name.lower(): _text(value) for name, value in self.headers.items()}
        headers.setdefault("host", self.parsed_url.netloc)
        body = self.body if isinstance(self.body, bytes) else self.body.encode()
        return Incoming(headers, body, account=self.current_account)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
