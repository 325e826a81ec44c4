"""A program with an access token, and what it is answered."""

import json
from typing import Any

from django.test import Client

from qualadmin.core.actions.tokens import create_token
from qualadmin.core.models import RequesterAccount, User
from qualadmin.core.permissions import Scope
from tests.api.schema import answer_conforms

CODES = {
    400: {"VALIDATION_ERROR"},
    401: {"AUTHENTICATION_REQUIRED"},
    403: {"PERMISSION_DENIED", "APPROVAL_REQUIRED"},
    404: {"NOT_FOUND"},
    405: {"VALIDATION_ERROR"},
    406: {"VALIDATION_ERROR"},
    409: {"CONFLICT"},
    413: {"VALIDATION_ERROR"},
    415: {"VALIDATION_ERROR"},
    422: {"VALIDATION_ERROR"},
    429: {"RATE_LIMITED"},
    500: {"UNAVAILABLE"},
    503: {"UNAVAILABLE"},
}


def token_for(user: User, *scopes: Scope, account: RequesterAccount | None = None) -> str:
    wanted = scopes or tuple(Scope)
    return create_token(actor=user.as_actor(), name="script", scopes=wanted, account=account, days=30)[1]


class Program:
    """Sends JSON with a token, and checks that each answer keeps to the envelope."""

    def __init__(self, token: str = "", client: Client | None = None) -> None:
        self.token, self.client = token, client or Client()

    def send(self, operation: str, body: Any = None, *, key: str = "", **more: Any) -> Any:
        """The answer of `POST /api/v1/<operation>`. `body`: an object, or the very bytes."""
        data = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        headers = {"Accept": "application/json", **more.pop("headers", {})}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if key:
            headers["Idempotency-Key"] = key
        kind = more.pop("content_type", "application/json")
        response = self.client.post(f"/api/v1/{operation}", data, content_type=kind, headers=headers, **more)
        assert answer_conforms(operation, response.status_code, body_of(in_envelope(response))) == []
        return response

    def data(self, operation: str, **body: Any) -> Any:
        """What a call that must succeed is answered."""
        response = self.send(operation, body)
        assert response.status_code < 300, response.json()
        return response.json()["data"]


def body_of(response: Any) -> Any:
    """The JSON of an answer, also of one that came in pieces, which then is whole."""
    if response.streaming:
        pieces = response.getvalue()
        assert len(pieces) == int(response.headers["Content-Length"])
        response.json = lambda: json.loads(pieces)
        response.streaming = False
    return response.json()


def in_envelope(response: Any) -> Any:
    """The response, once it is known to be JSON in the one shape there is."""
    assert response.headers["Content-Type"] == "application/json", response.content[:300]
    assert response.headers["X-Request-ID"]
    assert "no-store" in response.headers["Cache-Control"]
    assert not response.cookies
    body = body_of(response)
    if response.status_code < 300:
        assert body["success"] is True
        assert set(body) in ({"success", "data"}, {"success", "data", "next"})
    else:
        assert body["success"] is False
        assert set(body) == {"success", "error"}
        assert set(body["error"]) in ({"code", "message"}, {"code", "message", "details"})
        assert body["error"]["code"] in CODES[response.status_code], response.status_code
        assert body["error"]["message"].endswith((".", "parameters")) or "Our number" in body["error"]["message"]
    return response


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def details_of(response: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = response.json()["error"].get("details", {})
    return found
