"""Calls as bytes, signed by botocore or not at all."""

from __future__ import annotations

import json
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from qualadmin.emulator.accounts import DEMO_SECRET
from qualadmin.wire.protocol import CONTENT_TYPE, TARGET_PREFIX, Incoming

HOST = "127.0.0.1:8089"
KEY = "AKIADEMOFIRST"


def incoming(operation: str, params: object, *, account: str = KEY) -> Incoming:
    """A call whose sender is known without a signature."""
    headers = {"x-amz-target": TARGET_PREFIX + operation, "content-type": CONTENT_TYPE}
    return Incoming(headers, json.dumps(params).encode(), account)


def signed_headers(
    operation: str,
    body: bytes,
    *,
    key: str = KEY,
    secret: str = DEMO_SECRET,
    token: str | None = None,
    region: str = "us-east-1",
    service: str = "mturk-requester",
    **more: Any,
) -> dict[str, str]:
    """The headers of a call, signed by botocore; names in lower case."""
    headers = {"Host": HOST, "Content-Type": CONTENT_TYPE, "X-Amz-Target": TARGET_PREFIX + operation, **more}
    request = AWSRequest("POST", f"http://{HOST}/", headers=headers, data=body)
    SigV4Auth(Credentials(key, secret, token), service, region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def signed(operation: str, body: bytes = b"{}", **how: Any) -> Incoming:
    """A signed call as the engine gets it."""
    return Incoming(signed_headers(operation, body, **how), body)
