"""What the emulator costs its machine: calls a second, starting with a million grants, pages, memory.

    .venv/bin/python -m benchmarks.emulator [--calls 10000] [--grants 1000000] [--types 20000] [--requests 100000]

Signed calls over kept connections. What counts is the server's own CPU time: the client, which shares the
machine, is not in it. Ends with code 1 if a call costs more than a millisecond, a start more than seven seconds,
a late page of grants three times an early one, or any page of types or requests twice the first of a short list.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from qualadmin.emulator import worker_side
from qualadmin.emulator.accounts import DEMO_SECRET
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.journal import Journal
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator
from qualadmin.wire.protocol import CONTENT_TYPE, TARGET_PREFIX, Incoming

KEY = "AKIADEMOBENCHMARK"
TYPE = {"Name": "Benchmark", "Description": "d", "QualificationTypeStatus": "Active"}
CONNECTIONS = 8
PAGE_SIZE = 100
LATE_PAGE = 9_000
FEW = 1_000
REPEATS = 200
"""CPU time is told in hundredths of a second: so many calls of one page are measured together."""


class Row(NamedTuple):
    what: str
    found: str
    limit: str
    kept: bool


class Client:
    """Signed calls, one at a time on each of a few connections."""

    def __init__(self, emulator: Emulator) -> None:
        self._host = f"{emulator.host}:{emulator.port}"
        self._credentials = Credentials(KEY, DEMO_SECRET)
        self._sockets = [socket.create_connection((emulator.host, emulator.port)) for _ in range(CONNECTIONS)]
        for one in self._sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def packed(self, operation: str, params: dict[str, Any]) -> bytes:
        body = json.dumps(params).encode()
        headers = {"Host": self._host, "Content-Type": CONTENT_TYPE, "X-Amz-Target": TARGET_PREFIX + operation}
        request = AWSRequest("POST", f"http://{self._host}/", headers=headers, data=body)
        SigV4Auth(self._credentials, "mturk-requester", "us-east-1").add_auth(request)
        lines = [f"{name}: {value}" for name, value in request.headers.items()]
        head = "\r\n".join(["POST / HTTP/1.1", *lines, f"Content-Length: {len(body)}"])
        return head.encode() + b"\r\n\r\n" + body

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        self._sockets[0].sendall(self.packed(operation, params))
        answer: dict[str, Any] = json.loads(self._answer(self._sockets[0]))
        return answer

    def send(self, calls: list[bytes]) -> None:
        for start in range(0, len(calls), CONNECTIONS):
            batch = list(zip(self._sockets, calls[start : start + CONNECTIONS], strict=False))
            for one, call in batch:
                one.sendall(call)
            for one, _ in batch:
                self._answer(one)

    def _answer(self, one: socket.socket) -> bytes:
        data = one.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += one.recv(65536)
        if b" 200 " not in head[:20]:
            raise RuntimeError(body.decode())
        return body


def cpu(emulator: Emulator, work: Callable[[], object]) -> float:
    """Seconds of CPU that the server spends while `work` is done."""
    process = psutil.Process(emulator.pid)
    before = process.cpu_times()
    work()
    after = process.cpu_times()
    return after.user + after.system - before.user - before.system


def associate_row(folder: Path, calls: int) -> Row:
    with Emulator(state=folder / "calls") as emulator:
        client = Client(emulator)
        type_id = client.call("CreateQualificationType", TYPE)["QualificationType"]["QualificationTypeId"]
        grants = [
            client.packed(
                "AssociateQualificationWithWorker",
                {"QualificationTypeId": type_id, "WorkerId": f"A{n:012}", "SendNotification": False},
            )
            for n in range(calls)
        ]
        client.send(grants[:500])
        began = time.perf_counter()
        seconds = cpu(emulator, lambda: client.send(grants[500:]))
        wall = time.perf_counter() - began
        each, count = seconds / (calls - 500), calls - 500
        found = f"{each * 1e6:.0f} µs of CPU, {1 / each:,.0f}/s of it; {count / wall:,.0f}/s on the wall"
        return Row("Associate, signed, kept on disk", found, "1,000/s of CPU", each <= 0.001)


class Filler:
    """The engine without a server, writing a state file."""

    def __init__(self, state: Path) -> None:
        self._journal = Journal(state, "sandbox")
        self.engine = Engine("sandbox", Settings(signatures="ignored"), self._journal)

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        headers = {"x-amz-target": TARGET_PREFIX + operation, "content-type": CONTENT_TYPE}
        arrival = self.engine.receive(Incoming(headers, json.dumps(params).encode(), KEY))
        reply = self.engine.execute(arrival)
        if reply.status != 200:
            raise RuntimeError(reply.body.decode())
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    def create_type(self, name: str) -> str:
        made = self.call("CreateQualificationType", {**TYPE, "Name": name})
        type_id: str = made["QualificationType"]["QualificationTypeId"]
        return type_id

    def close(self) -> None:
        self.engine.keep()
        self._journal.close()


def fill(state: Path, grants: int) -> str:
    """A state file with that many Associate calls behind it. Returns the type id."""
    filler = Filler(state)
    type_id = filler.create_type("Benchmark")
    for number in range(grants):
        grant = {"QualificationTypeId": type_id, "WorkerId": f"A{number:012}", "IntegerValue": number % 100}
        filler.call("AssociateQualificationWithWorker", grant)
    filler.close()
    return type_id


def start_rows(folder: Path, grants: int) -> Iterator[Row]:
    state = folder / "grants"
    began = time.process_time()
    type_id = fill(state, grants)
    print(f"filled in {time.process_time() - began:.0f} s of CPU")
    size = sum(file.stat().st_size for file in folder.glob("grants*")) / 2**20
    began = time.perf_counter()
    with Emulator(state=state) as emulator:
        wall = time.perf_counter() - began
        process = psutil.Process(emulator.pid)
        times = process.cpu_times()
        seconds, memory = times.user + times.system, process.memory_info().rss / 2**20
        found = f"{seconds:.1f} s of CPU, {wall:.1f} s on the wall"
        yield Row(f"start with {grants:,} grants", found, "7 s of CPU", seconds <= 7)
        yield Row("memory then; files", f"{memory:.0f} MiB; {size:.0f} MiB", "", True)
        yield from page_rows(emulator, type_id, min(LATE_PAGE, grants // PAGE_SIZE - 20))


def page_rows(emulator: Emulator, type_id: str, late: int) -> Iterator[Row]:
    client = Client(emulator)
    params = {"QualificationTypeId": type_id, "MaxResults": PAGE_SIZE}

    def walk(pages: int) -> None:
        for _ in range(pages):
            answer = client.call("ListWorkersWithQualificationType", params)
            if answer["NumResults"] != PAGE_SIZE:
                raise RuntimeError("The list ended too early.")
            params["NextToken"] = answer["NextToken"]

    early = cpu(emulator, lambda: walk(20)) / 20
    walk(late - 20)
    seconds = cpu(emulator, lambda: walk(20)) / 20
    found = f"{early * 1e3:.1f} ms at page 1, {seconds * 1e3:.1f} ms at page {late:,} of CPU"
    yield Row(f"holders, {PAGE_SIZE} a page", found, "not 3 times the first", seconds <= 3 * early + 0.002)


class Pages(NamedTuple):
    """Seconds of CPU of three pages of a list, the last of them the empty one."""

    first: float
    middle: float
    last: float


def fill_lists(state: Path, types: int, requests: int) -> str:
    """So many types and requests, and as many deleted and decided ones. Returns the type that was asked for."""
    filler = Filler(state)
    ids = [filler.create_type(f"Type {number:06}") for number in range(2 * types)]
    for type_id in ids[1::2]:
        filler.call("DeleteQualificationType", {"QualificationTypeId": type_id})
    for number in range(2 * requests):
        request = worker_side.ask(filler.engine.world, ids[0], f"A{number:012}")
        if number % 2:
            filler.call("RejectQualificationRequest", {"QualificationRequestId": request.request_id})
    filler.close()
    return ids[0]


def pages_of(state: Path, types: int, requests: int) -> dict[str, Pages]:
    type_id = fill_lists(state, types, requests)
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "types": ("ListQualificationTypes", {"MustBeRequestable": True}),
        "own types": ("ListQualificationTypes", {"MustBeRequestable": False, "MustBeOwnedByCaller": True}),
        "types, found by a word": ("ListQualificationTypes", {"MustBeRequestable": True, "Query": "type"}),
        "requests": ("ListQualificationRequests", {}),
        "requests for a type": ("ListQualificationRequests", {"QualificationTypeId": type_id}),
    }
    with Emulator(state=state) as emulator:
        client = Client(emulator)
        return {name: timed(emulator, client, *question) for name, question in asked.items()}


def timed(emulator: Emulator, client: Client, operation: str, params: dict[str, Any]) -> Pages:
    tokens: list[dict[str, str]] = [{}]
    while "NextToken" in (page := client.call(operation, {**params, "MaxResults": PAGE_SIZE, **tokens[-1]})):
        tokens.append({"NextToken": page["NextToken"]})
    found = []
    for token in (tokens[0], tokens[len(tokens) // 2], tokens[-1]):
        packed = client.packed(operation, {**params, "MaxResults": PAGE_SIZE, **token})
        calls = [packed] * REPEATS
        found.append(cpu(emulator, lambda calls=calls: client.send(calls)) / REPEATS)  # type: ignore[misc]
    return Pages(*found)


def list_rows(folder: Path, types: int, requests: int) -> Iterator[Row]:
    few, many = pages_of(folder / "few", FEW, FEW), pages_of(folder / "many", types, requests)
    for name, found in many.items():
        pages = " / ".join(f"{seconds * 1e3:.2f}" for seconds in found)
        count, first = types if "types" in name else requests, few[name].first
        text = f"{pages} ms of CPU at {count:,}, {first * 1e3:.2f} at {FEW:,}"
        yield Row(f"{name}: first / middle / empty", text, "twice the latter", max(found) <= 2 * first)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--grants", type=int, default=1_000_000)
    parser.add_argument("--types", type=int, default=20_000)
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [associate_row(folder, options.calls), *start_rows(folder, options.grants)]
        rows += list_rows(folder, options.types, options.requests)
    print(f"\n{'':<46} {'found':<66} limit")
    for row in rows:
        print(f"{row.what:<46} {row.found:<66} {row.limit}{'' if row.kept else '  BROKEN'}")
    return int(not all(row.kept for row in rows))


if __name__ == "__main__":
    sys.exit(main())
