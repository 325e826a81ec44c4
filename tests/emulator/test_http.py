"""The server's HTTP, spoken byte by byte."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPResponse

import pytest

from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator
from tests.emulator.calls import KEY, signed_headers
from tests.emulator.conftest import create_type, make_client


@pytest.fixture
def emulator(servers: dict[str, Emulator]) -> Emulator:
    server = servers["sandbox"]
    server.reset()
    server.configure(**Settings().as_dict())
    return server


def request(operation: str, body: str = "{}", *, key: str = KEY, extra: str = "") -> bytes:
    headers = signed_headers(operation, body.encode(), key=key or KEY)
    if not key:
        del headers["authorization"]
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{lines}{extra}Content-Length: {len(body)}\r\n\r\n{body}".encode()


@contextmanager
def connection(emulator: Emulator) -> Iterator[socket.socket]:
    with socket.create_connection((emulator.host, emulator.port), timeout=5) as sock:
        yield sock


def answer(sock: socket.socket) -> tuple[int, dict[str, str], bytes]:
    response = HTTPResponse(sock)
    response.begin()
    body = response.read()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, body


def ask(emulator: Emulator, content: bytes) -> tuple[int, dict[str, str], bytes]:
    with connection(emulator) as sock:
        sock.sendall(content)
        return answer(sock)


def test_keep_alive(emulator: Emulator) -> None:
    with connection(emulator) as sock:
        for _ in range(3):
            sock.sendall(request("GetAccountBalance"))
            status, headers, body = answer(sock)
            assert (status, json.loads(body)) == (200, {"AvailableBalance": "10000.00"})
            assert headers["content-type"] == "application/x-amz-json-1.1"
            assert headers["x-amzn-requestid"]
            assert headers["date"].endswith(" GMT")


def test_pipelined_requests_are_answered_in_order(emulator: Emulator) -> None:
    emulator.configure(latency_ms=5)
    create = '{"Name": "%s", "Description": "d", "QualificationTypeStatus": "Active"}'
    with connection(emulator) as sock:
        names = [f"Type {number}" for number in range(20)]
        sock.sendall(b"".join(request("CreateQualificationType", create % name) for name in names))
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < 20 or not received.endswith(b"}}"):
            received += sock.recv(65536)
    places = [received.index(f'"{name}"'.encode()) for name in names]
    assert places == sorted(places)


def test_request_in_single_bytes(emulator: Emulator) -> None:
    with connection(emulator) as sock:
        for byte in request("GetAccountBalance"):
            sock.sendall(bytes([byte]))
        assert answer(sock)[0] == 200


def test_connection_close_and_http_10(emulator: Emulator) -> None:
    for content in (
        request("GetAccountBalance", extra="Connection: close\r\n"),
        request("GetAccountBalance").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ):
        with connection(emulator) as sock:
            sock.sendall(content)
            status, headers, _ = answer(sock)
            assert (status, headers["connection"]) == (200, "close")
            assert sock.recv(1) == b""


def test_expect_100_continue(emulator: Emulator) -> None:
    head, _, body = request("GetAccountBalance", extra="Expect: 100-continue\r\n").partition(b"\r\n\r\n")
    with connection(emulator) as sock:
        sock.sendall(head + b"\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        assert answer(sock)[0] == 200


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST / HTTP/2.0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"POST /elsewhere HTTP/1.1\r\n\r\n", 404),
    ],
)
def test_what_is_not_a_call(emulator: Emulator, content: bytes, status: int) -> None:
    assert ask(emulator, content)[0] == status
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("operation", "body", "key", "kind"),
    [
        ("GetAccountBalance", "{}", "", "MissingAuthenticationTokenException"),
        ("GetAccountBalance", "{", KEY, "SerializationException"),
        ("GetAccountBalance", "[]", KEY, "SerializationException"),
        ("GetAccountBalance", "[" * 100_000, KEY, "SerializationException"),
        ("NoSuchThing", "{}", KEY, "UnknownOperationException"),
        ("GetQualificationType", '{"QualificationTypeId": 5}', KEY, "SerializationException"),
        ("ListQualificationTypes", '{"MustBeRequestable": 1}', KEY, "SerializationException"),
        ("ListWorkersWithQualificationType", '{"MaxResults": true}', KEY, "SerializationException"),
    ],
)
def test_calls_refused_by_the_framework(
    emulator: Emulator, operation: str, body: str, key: str, kind: str
) -> None:
    # Signed only now: a signature is good for five minutes, and a long run collects its tests before that.
    _, headers, answered = ask(emulator, request(operation, body, key=key))
    assert json.loads(answered)["__type"] == kind
    assert headers["x-amzn-requestid"]
    assert [call["outcome"] for call in emulator.calls()] == [kind]


def test_unset_members_sent_as_null_count_as_absent(emulator: Emulator) -> None:
    content = '{"MustBeRequestable": true, "NextToken": null, "Unknown": 1}'
    assert ask(emulator, request("ListQualificationTypes", content))[0] == 200


def test_two_access_keys_are_two_accounts(emulator: Emulator) -> None:
    first, second = make_client(emulator.url, "AKIADEMOFIRST"), make_client(emulator.url, "AKIADEMOSECOND")
    type_id = create_type(first, "Same name")
    assert create_type(second, "Same name") != type_id
    for client in (first, second):
        found = client.list_qualification_types(MustBeRequestable=True, MustBeOwnedByCaller=True)
        assert found["NumResults"] == 1
    assert {call["access_key"] for call in emulator.calls()} == {"AKIADEMOFIRST", "AKIADEMOSECOND"}


def test_latency_holds_up_nobody_else_and_keeps_the_order_of_changes(emulator: Emulator) -> None:
    client = make_client(emulator.url, "AKIADEMOFIRST", max_pool_connections=32)
    type_id = create_type(client)
    emulator.configure(latency_ms=200)
    start = time.monotonic()

    def grant(number: int) -> None:
        client.associate_qualification_with_worker(
            QualificationTypeId=type_id, WorkerId="A1SAME", IntegerValue=number
        )

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(grant, range(32)))
    elapsed = time.monotonic() - start
    assert 0.2 <= elapsed < 3
    values = [call["value"] for call in emulator.calls(operation="AssociateQualificationWithWorker")]
    assert sorted(values) == list(range(32))
    assert emulator.grant_map(type_id) == {"A1SAME": values[-1]}


def test_client_that_leaves_early_does_no_harm(emulator: Emulator) -> None:
    emulator.configure(latency_ms=100)
    with connection(emulator) as sock:
        sock.sendall(request("GetAccountBalance"))
        emulator.wait_for_calls(1)
    time.sleep(0.15)
    assert ask(emulator, request("GetAccountBalance"))[0] == 200
