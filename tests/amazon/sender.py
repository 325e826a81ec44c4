"""Calls to /mturk/ as bytes, signed by botocore's own signer, sent in process."""

import json
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from django.test import Client

from qualadmin.wire.protocol import CONTENT_TYPE, TARGET_PREFIX

HOST = "testserver"
PATH = "/mturk/"


def headers_for(
    operation: str, body: bytes, key: tuple[str, str], *, region: str = "us-east-1", **more: str
) -> dict[str, str]:
    """The headers of a signed call. `more` are signed too."""
    headers = {"Host": HOST, "Content-Type": CONTENT_TYPE, "X-Amz-Target": TARGET_PREFIX + operation, **more}
    request = AWSRequest("POST", f"http://{HOST}{PATH}", headers=headers, data=body)
    SigV4Auth(Credentials(*key), "mturk-requester", region).add_auth(request)
    return dict(request.headers.items())


def send(headers: dict[str, str], body: bytes, *, path: str = PATH, client: Client | None = None) -> Any:
    """The answer, once it is known to have Amazon's form and to be no failure of ours."""
    rest = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    response = (client or Client()).post(path, body, content_type=kind, headers=rest)
    assert response.status_code < 500
    assert response.headers["x-amzn-RequestId"].count("-") == 4
    assert "html" not in response.headers["Content-Type"]
    assert not response.cookies
    return response


def call(operation: str, key: tuple[str, str], given: Any = None, **more: str) -> Any:
    """One signed call. `given`: an object, or the very bytes."""
    body = given if isinstance(given, bytes) else json.dumps(given or {}).encode()
    return send(headers_for(operation, body, key, **more), body)


def error_of(response: Any) -> tuple[str, str]:
    """`__type` and message of a refusal."""
    assert response.status_code == 400, response.content
    assert response.headers["Content-Type"] == CONTENT_TYPE
    content = json.loads(response.content)
    return content["__type"], content.get("message", content.get("Message", ""))
