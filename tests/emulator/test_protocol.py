"""What AWS JSON 1.1 says to a request that is none, before it asks who sent it."""

from __future__ import annotations

import json

import pytest

from qualadmin.emulator.engine import Engine, Reply
from qualadmin.wire.protocol import CONTENT_TYPE, MAX_BODY, TARGET_PREFIX, Incoming
from tests.emulator.calls import signed


def reply(call: Incoming) -> Reply:
    """The answer; each has a request id, and none changes anything."""
    engine = Engine("sandbox")
    found = engine.execute(engine.receive(call))
    assert found.request_id
    assert [line.applied for line in engine.calls.since(0)] == [False]
    return found


def call(body: bytes = b"{}", **headers: str) -> Incoming:
    """Unsigned: the protocol is looked at first."""
    usual = {"content-type": CONTENT_TYPE, "x-amz-target": f"{TARGET_PREFIX}ListHITs"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Incoming({name: value for name, value in {**usual, **given}.items() if value}, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b"null",
        b"[" * 100_000,
        b'{"A": NaN}',
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b"1" * 5000,
    ],
)
def test_body_that_is_no_json_object(body: bytes) -> None:
    found = reply(call(body))
    assert (found.status, found.content_type) == (400, CONTENT_TYPE)
    assert json.loads(found.body) == {"__type": "SerializationException"}


@pytest.mark.parametrize(
    "target",
    [
        "",
        "ListHITs",
        "MTurkRequesterServiceV20170117",
        TARGET_PREFIX,
        f"{TARGET_PREFIX}ListHits",
        "DynamoDB_20120810.ListTables",
        f"{TARGET_PREFIX}{'A' * 500}",
        f"{TARGET_PREFIX}{TARGET_PREFIX}ListHITs",
    ],
)
def test_operation_that_does_not_exist(target: str) -> None:
    found = reply(call(x_amz_target=target))
    assert (found.status, found.content_type) == (400, CONTENT_TYPE)
    assert json.loads(found.body) == {"__type": "UnknownOperationException"}


@pytest.mark.parametrize("content_type", ["", "application/json", "text/xml", "application/x-www-form-urlencoded"])
def test_other_content_type(content_type: str) -> None:
    found = reply(call(content_type=content_type))
    assert (found.status, found.content_type) == (404, "application/xml")
    assert found.body == b"<UnknownOperationException/>\n"
    blind = reply(call(content_type=content_type, x_amz_target=""))
    assert blind.status == 403
    assert b"<Message>Unable to determine service/operation name to be authorized</Message>" in blind.body


def test_charset_after_the_content_type() -> None:
    found = reply(call(content_type=f"{CONTENT_TYPE}; charset=utf-8"))
    assert json.loads(found.body)["__type"] == "MissingAuthenticationTokenException"


def test_ten_megabytes() -> None:
    found = reply(call(b'{"A": "' + b"x" * 10_000_000 + b'"}'))
    assert found.status == 413
    assert json.loads(found.body) == {"__type": "RequestEntityTooLargeException"}
    just = b'{"A": "' + b"x" * (MAX_BODY - 9) + b'"}'
    assert len(just) == MAX_BODY
    engine = Engine("sandbox")
    assert engine.execute(engine.receive(signed("ListHITs", just))).status == 200


def test_the_sender_is_asked_for_before_the_parameters() -> None:
    found = reply(call(b'{"MaxResults": "many"}'))
    assert json.loads(found.body)["__type"] == "MissingAuthenticationTokenException"
