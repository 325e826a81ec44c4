"""Requests nobody thought of, as bytes through HTTP and engine: no answer is a 500, and none is out of form.

A fault that was asked for is the only thing that may answer with 5xx. 1,000 requests in each run of the tests;
`QUALADMIN_FUZZ=10000` makes as many as it says.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from io import BytesIO
from typing import Any, NamedTuple, cast

import pytest
from botocore.session import Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qualadmin.emulator.control import Control, ControlError
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.server.application import Application
from qualadmin.emulator.server.http import HttpConnection
from qualadmin.emulator.settings import Settings
from qualadmin.wire.protocol import CONTENT_TYPE, TARGET_PREFIX
from tests.emulator.calls import signed_headers
from tests.emulator.documents import ANSWER_KEY, TEST
from tests.emulator.hit_forms import EXTERNAL, PROPERTIES

MODEL = Session().get_service_model("mturk")
REQUESTS = int(os.environ.get("QUALADMIN_FUZZ", "1000"))
ACCOUNT = "AKIADEMOFUZZ"
WORKERS = ["A1WORKER", "A2WORKER", "A3WORKER", "A4WORKER", "AUNKNOWN1"]
ODD_IDS = ["nonsense", "", "X" * 65, "00000000000000000071", "\ud800"]


TYPE = ("CreateQualificationType", {"Name": "N", "Description": "d", "QualificationTypeStatus": "Active"})
HIT = ("CreateHIT", {**PROPERTIES, "Question": EXTERNAL, "MaxAssignments": 500, "LifetimeInSeconds": 31_536_000})


class Wire:
    """A transport that keeps what is sent to it."""

    def __init__(self) -> None:
        self.sent = b""
        self.closing = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.closing = True

    abort = close

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None: ...

    resume_reading = pause_reading


class Line:
    """A server without a socket. `ids` are those that answers have named, by member: later requests use them."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.engine = Engine("sandbox", Settings(signatures="ignored"))
        self.control = Control(self.engine)
        self.troubles: list[str] = []
        self.application = Application(self.engine, self.loop, self.troubles.append)
        self.ids: dict[str, list[str]] = {"WorkerId": WORKERS}
        self.answered: Counter[tuple[str, str]] = Counter()
        for call in (TYPE, *[HIT] * 3):
            self.learn(json.loads(self.send(wire_call(*call))[2]))

    def send(self, content: bytes) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own."""
        wire, connection = Wire(), HttpConnection(self.application, set())
        connection.connection_made(cast(asyncio.Transport, wire))
        connection.data_received(content)
        assert wire.sent, "no answer"
        response = HTTPResponse(cast(Any, Answer(wire.sent)))
        response.begin()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    def learn(self, body: object) -> None:
        """Remember the ids in an answer, the last 20 of each kind."""
        for name, value in members(body):
            if name.endswith(("Id", "Token")) and isinstance(value, str) and name != "WorkerId":
                known = self.ids.setdefault(name, [])
                known[:] = [*[other for other in known if other != value], value][-20:]

    def live(self) -> None:
        """Workers take and hand in a HIT, and ask for a qualification: material for the requester's calls."""
        turn = self.engine.calls.last
        worker_id = WORKERS[turn % 4]
        wishes = [
            ("requests", {"qualification_type_id": self.id("QualificationTypeId", turn), "worker_id": worker_id}),
            ("accept", {"hit_id": self.id("HITId", turn), "worker_id": worker_id}),
            ("submit", {"assignment_id": self.id("AssignmentId"), "answers": {"colour": "red"}}),
        ]
        for name, content in wishes:
            with suppress(ControlError):
                made = self.control.handle("POST", name, content)
                self.learn(made)
                self.learn({"".join(map(str.title, key.split("_"))): value for key, value in made.items()})

    def id(self, name: str, place: int = -1) -> str:
        known = self.ids.get(name) or ["3NONE"]
        return known[place % len(known)]


def members(value: object) -> Iterator[tuple[str, object]]:
    """Every member of an answer, however deep."""
    for name, item in value.items() if isinstance(value, dict) else ():
        yield name, item
        yield from members(item)
    for item in value if isinstance(value, list) else ():
        yield from members(item)


class Answer:
    """What `HTTPResponse` wants of a socket."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, *_: Any) -> BytesIO:
        return BytesIO(self._content)


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.loop.close()
    assert made.troubles == []
    succeeded = {operation for operation, kind in made.answered if kind == "ok"}
    assert made.answered.total() < 500 or len(succeeded) >= 20, (
        f"the requests are too wild to reach far: only {sorted(succeeded)} succeeded"
    )


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "0.01", "1e9", "Active", "Granted", "\ud800", "\x00", "x" * 3000, TEST, ANSWER_KEY, "<a>"]
    ),
    st.from_regex(r"\A[A-Z0-9]{1,70}\Z"),
)
NUMBERS = st.one_of(
    st.integers(-5, 120), st.integers(-(2**70), 2**70), st.sampled_from([2**31 - 1, -(2**31), 2**63 - 1])
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def fitting(shape: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Mostly values of the right type, and mostly within the limits."""
    kind = shape.type_name
    if kind == "structure":
        members = {key: mixed(member, key) for key, member in shape.members.items()}
        required = {key: members.pop(key) for key in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if kind == "list":
        return st.lists(mixed(shape.member, name), max_size=4)
    if kind == "string":
        if shape.enum:
            return st.sampled_from(shape.enum)
        if name in {"Test", "Question"}:
            return st.sampled_from([EXTERNAL, TEST, "<a/>"])
        if name == "AnswerKey":
            return st.just(ANSWER_KEY)
        if shape.name == "CurrencyAmount":
            return st.sampled_from(["0.01", "5", "99999999999.99", "0"])
        if name.endswith(("Id", "Ids", "Token")):
            return st.one_of(
                [st.builds(Known, st.just(name.removesuffix("s")), st.integers(0, 19))] * 9
                + [st.sampled_from(ODD_IDS)]
            )
        return TEXTS
    if kind == "boolean":
        return st.booleans()
    return st.integers(0, 120) if kind in {"integer", "long"} else st.floats() | st.integers(0, 2**40)


def mixed(shape: Any, name: str) -> st.SearchStrategy[Any]:
    good = fitting(shape, name)
    return st.sampled_from([good] * 29 + [ANYTHING]).flatmap(lambda chosen: chosen)


class Known(NamedTuple):
    """Stands for one of the ids of a kind that the emulator has named so far."""

    name: str
    place: int


def settled(value: Any, line: Line) -> Any:
    if isinstance(value, Known):
        return line.id(*value)
    if isinstance(value, dict):
        return {key: settled(item, line) for key, item in value.items()}
    return [settled(item, line) for item in value] if isinstance(value, list) else value


CALLS = st.sampled_from(sorted(MODEL.operation_names)).flatmap(
    lambda name: st.tuples(st.just(name), mixed(MODEL.operation_model(name).input_shape, ""))
)
WELL_FORMED_KINDS = {"RequestError", "ParameterValidationError", "ValidationException", "SerializationException"}


@settings(
    max_examples=REQUESTS,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(call=CALLS)
def test_any_parameters(line: Line, call: tuple[str, Any]) -> None:
    operation, params = call
    status, got, answer = line.send(wire_call(operation, settled(params, line)))
    content = json.loads(answer)
    line.answered[operation, content.get("__type", "ok")] += 1
    line.live()
    assert got["content-type"] == CONTENT_TYPE
    assert got["x-amzn-requestid"]
    if status == 200:
        assert null_free(content), "an unset member is absent, never null"
        unknown = set(content) - set(MODEL.operation_model(operation).output_shape.members)
        assert not unknown
        line.learn(content)
    else:
        assert (status, content["__type"] in WELL_FORMED_KINDS) == (400, True), content
        assert not any(word in answer for word in (b"Traceback", b"object at 0x", b".py"))


def wire_call(operation: str, params: object) -> bytes:
    headers = {"Content-Type": CONTENT_TYPE, "X-Amz-Target": TARGET_PREFIX + operation}
    return request(headers, json.dumps(params).encode())


def null_free(value: object) -> bool:
    if isinstance(value, dict):
        return all(null_free(item) for item in value.values())
    if isinstance(value, list):
        return all(null_free(item) for item in value)
    return value is not None


def request(headers: dict[str, str], body: bytes, first: str = "POST / HTTP/1.1") -> bytes:
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/x", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    return f"{first}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)
NAMES = ["Authorization", "X-Amz-Date", "X-Amz-Target", "Content-Type", "Host", "Connection", "Date"]
CREDENTIAL = "AWS4-HMAC-SHA256 Credential=AKIADEMOA/1/2/3/4, SignedHeaders=host, Signature=0"
FIRST_LINES = ["POST / HTTP/1.1"] * 4 + ["POST / HTTP/1.0", "PUT / HTTP/1.1", "POST /x HTTP/1.1", "GET / HTTP/1.1"]


@settings(max_examples=max(100, REQUESTS // 5), deadline=None, database=None)
@given(
    change=st.dictionaries(
        st.sampled_from([*NAMES, "X-Amz-Security-Token", "Expect"]), HEADER | st.just(CREDENTIAL), min_size=1
    ),
    body=st.binary(max_size=60) | st.sampled_from([b"", b"{}", b"[]", b"[" * 5000, b'{"a": NaN}', b"1e999"]),
    first=st.sampled_from(FIRST_LINES),
)
def test_any_headers_and_bytes(line: Line, change: dict[str, str], body: bytes, first: str) -> None:
    """With signatures checked: what botocore signed, and then something of it changed."""
    line.engine.settings.signatures = "checked"
    try:
        whole = {
            **signed_headers("GetAccountBalance", body),
            **{name.lower(): text for name, text in change.items()},
        }
        content = request({"Authorization": whole.pop("authorization"), **whole}, body, first)
        status, _, answer = line.send(content.replace(b"\r\nexpect: 100-continue", b""))
    finally:
        line.engine.settings.signatures = "ignored"
    assert status < 500
    assert b"Traceback" not in answer
