"""Calls that moto caught, answered by the engine in its own wire form.

Moto's serializer is left out on purpose: it drops members of errors that botocore's model does not know.
"""

from __future__ import annotations

import time

from moto.core.responses import BaseResponse

from qualadmin.emulator.service.models import engine


class MTurkResponse(BaseResponse):  # type: ignore[misc,unused-ignore]
    """One call. The account is moto's account id, the environment follows from the host."""

    def __init__(self) -> None:
        super().__init__(service_name="mturk")

    def call_action(self) -> tuple[int, dict[str, str], str | bytes]:
        sandbox = "-sandbox." in self.parsed_url.netloc
        side = engine("sandbox" if sandbox else "production")
        arrival = side.receive(self.headers.get("X-Amz-Target", ""), self.current_account, self.body)
        time.sleep(arrival.plan.delay_before_ms / 1000)
        reply = side.execute(arrival)
        time.sleep(reply.delay_ms / 1000)
        if reply.cut:
            raise ConnectionResetError("The emulator cut the connection, as a fault rule asked.")
        headers = {"Content-Type": reply.content_type}
        if reply.request_id is not None:
            headers["x-amzn-RequestId"] = reply.request_id
        return reply.status, headers, reply.body[:-1] if reply.truncated else reply.body
