"""What programs wait for: one grant, a hundred a second, and a list of 10,000 up to its preview.

    .venv/bin/python -m benchmarks.api [--held 1000000] [--grants 400] [--seconds 20] [--rows 10000]

Fills a database with that many workers who hold a type, then, each against its budget:

* single grants one after the other through Django's test client: 50 ms of server time for 95 of 100;
* grants of four persons' programs to gunicorn with four processes, as many as it takes: 100 accepted a second.
  Beside it, in the same minute, GetQualificationType: what the same road costs without accepting anything. Of both
  also the CPU that web processes, PostgreSQL and this program used for each: on a machine that others use too, the
  cores divided by their sum say more than the rate;
* CreatePreview with rows, and with a file: 5 seconds.

Ends with code 1 if one is broken. Set QUALADMIN_TEST_DATABASE_URL for PostgreSQL (**its tables are dropped**); the
default is a SQLite file, where one writes at a time.
"""

import argparse
import base64
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.database import analyze, prepare

if TYPE_CHECKING:
    from benchmarks.lab import Lab
    from qualadmin.core.models import User

MILLISECONDS, A_SECOND, SECONDS = 50.0, 100.0, 5.0  # budgets
ROOT: Final = Path(__file__).parents[1]
GRANT, READ = "AssociateQualificationWithWorker", "GetQualificationType"
THREADS_EACH: Final = 4
WORKERS_AT_ONCE: Final = 100_000


def main(given: argparse.Namespace) -> int:
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        lab, tokens = build(given.held)
        held = [one_by_one(lab, tokens[0], given), sustained(lab, tokens, given), lists(lab, tokens[0], given)]
    return 0 if all(held) else 1


def build(held: int) -> "tuple[Lab, list[str]]":
    """The lab, and a token each of four granters."""
    from benchmarks.lab import add_holders, add_workers, open_lab
    from qualadmin.core.models import User

    began = time.perf_counter()
    lab = open_lab(types=2)
    for start in range(0, held, WORKERS_AT_ONCE):
        count = min(WORKERS_AT_ONCE, held - start)
        add_workers(lab, count)
        add_holders(lab, lab.types[0], start, count)
    analyze()
    print(f"{held:,} qualifications in {time.perf_counter() - began:.0f} s")
    return lab, [token_of(person) for person in granters(User)]


def granters(users: "type[User]") -> "list[User]":
    """The granter of the lab and three more."""
    from benchmarks.lab import CONTEXT, _person
    from qualadmin.audit import record as audit

    with audit.transaction(CONTEXT) as tx:
        more = [_person(tx, f"granter{number}", "granter") for number in range(2, 5)]
    return [users.objects.get(username="granter"), *more]


def token_of(person: "User") -> str:
    from qualadmin.core.actions.tokens import create_token
    from qualadmin.core.permissions import Scope

    return create_token(actor=person.as_actor(), name="bench", scopes=tuple(Scope), account=None, days=30)[1]


def headers(token: str, key: str = "") -> dict[str, str]:
    found = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept": "application/json"}
    return found | ({"Idempotency-Key": key} if key else {})


def body(lab: "Lab", number: int) -> dict[str, Any]:
    """A grant that changes something: every second one of a worker who holds the type with another score."""
    from benchmarks.lab import worker_name

    worker = worker_name(number) if number % 2 else f"A{number:09d}NEW"
    return {
        "QualificationTypeId": lab.types[0].mturk_id,
        "WorkerId": worker,
        "IntegerValue": number % 50,
        "Reason": "x",
    }


class Here:
    """Asks the program in this process."""

    def __init__(self, token: str) -> None:
        from django.test import Client

        self.client, self.token = Client(SERVER_NAME="localhost"), token

    def ask(self, operation: str, asked: dict[str, Any], key: str = "") -> tuple[Any, float, float]:
        """The data, and what it took: ms on the wall, ms of CPU of this process."""
        data = json.dumps(asked)
        wall, cpu = time.perf_counter(), time.process_time()
        response = self.client.post(
            f"/api/v1/{operation}", data, content_type="application/json", headers=headers(self.token, key)
        )
        took = (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
        if response.status_code >= 300:
            raise RuntimeError(response.content[:500])
        return response.json()["data"], *took


def one_by_one(lab: "Lab", token: str, given: argparse.Namespace) -> bool:
    here = Here(token)
    for number in range(1, 21):  # what is loaded once
        here.ask(GRANT, body(lab, number), f"warm-{number}")
    found = [
        here.ask(GRANT, body(lab, number), f"one-{number}")[1:] for number in range(1_001, 1_001 + given.grants)
    ]
    wall, cpu = sorted(one[0] for one in found), sorted(one[1] for one in found)
    p95 = wall[int(len(wall) * 0.95)]
    print(
        f"one grant: {statistics.median(wall):.1f} ms median, {p95:.1f} for 95 of 100 "
        f"(budget {MILLISECONDS:.0f}); CPU {statistics.median(cpu):.1f} and {cpu[int(len(cpu) * 0.95)]:.1f} ms"
    )
    return p95 < MILLISECONDS


def sustained(lab: "Lab", tokens: list[str], given: argparse.Namespace) -> bool:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = dict(os.environ) | {"QUALADMIN_ALLOWED_HOSTS": "localhost"}
    command = [
        sys.executable, "-m", "gunicorn", "--workers", "4", "--worker-class", "gthread", "--threads", "4",
        "--no-control-socket", "--log-level", "warning", "--worker-tmp-dir", "/dev/shm",
        "--bind", f"127.0.0.1:{port}", "qualadmin.wsgi:application",
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, env=environment) as server:
        try:
            wait_for(port)
            load = Load(port, lab, tokens, server.pid)
            load.run(READ, 2.0)  # every process has loaded what it loads once
            load.run(GRANT, 2.0)
            reads = load.run(READ, given.seconds / 4)
            grants = load.run(GRANT, given.seconds)
        finally:
            server.terminate()
    print(
        f"4 processes: {grants.rate:.0f} grants a second for {given.seconds:.0f} s (budget {A_SECOND:.0f}), "
        f"each {grants.median:.0f} ms median, {grants.p95:.0f} ms for 95 of 100 on the wall; "
        f"reading beside it {reads.rate:.0f} a second; load {os.getloadavg()[0]:.1f}\n"
        f"a grant: {grants.cpu}\na reading: {reads.cpu}"
    )
    return grants.rate >= A_SECOND


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("gunicorn did not start")


class Took:
    """How long each of the requests of a stretch of time took, and what CPU."""

    def __init__(self, took: list[float], seconds: float, cpu: str) -> None:
        self.rate, self.cpu = len(took) / seconds, cpu
        self.median = statistics.median(took)
        self.p95 = sorted(took)[int(len(took) * 0.95)]


class Load:
    """Programs of several persons, each over a few connections, as fast as they are answered."""

    def __init__(self, port: int, lab: "Lab", tokens: list[str], server: int) -> None:
        self.port, self.lab, self.tokens, self.server = port, lab, tokens, server
        self.number, self.lock = 10_000, threading.Lock()

    def run(self, operation: str, seconds: float) -> Took:
        from benchmarks.cpu import Meter

        took: list[float] = []
        end = time.perf_counter() + seconds
        threads = [
            threading.Thread(target=self._ask, args=(operation, token, end, took))
            for token in self.tokens for _ in range(THREADS_EACH)
        ]  # fmt: skip
        began, meter = time.perf_counter(), Meter(self.server)
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        return Took(took, time.perf_counter() - began, meter.each(len(took)))

    def _ask(self, operation: str, token: str, end: float, took: list[float]) -> None:
        connection = http.client.HTTPConnection("localhost", self.port)
        while (began := time.perf_counter()) < end:
            with self.lock:
                self.number += 1
                number = self.number
            asked = body(self.lab, number)
            if operation == READ:
                asked = {"QualificationTypeId": asked["QualificationTypeId"]}
            data = json.dumps(asked).encode()
            connection.request("POST", f"/api/v1/{operation}", data, headers(token, f"many-{number}"))
            response = connection.getresponse()
            content = response.read()
            if response.status >= 300:
                raise RuntimeError(content[:500])
            took.append((time.perf_counter() - began) * 1000)


def lists(lab: "Lab", token: str, given: argparse.Namespace) -> bool:
    """Half of the workers known, a score each."""
    from benchmarks.lab import worker_name

    here, kind = Here(token), {"QualificationTypeId": lab.types[0].mturk_id}
    names = [worker_name(n) if n % 2 else f"A{n:09d}NEXT" for n in range(1, given.rows + 1)]
    rows = [{"WorkerId": name, "IntegerValue": n % 100} for n, name in enumerate(names)]
    text = "WorkerId,Score\n" + "".join(f"{row['WorkerId']},{row['IntegerValue']}\n" for row in rows)
    file = base64.b64encode(text.encode()).decode()
    good = True
    for name, asked in (("rows", {"Rows": rows}), ("a file", {"File": file, "FileName": "wave.csv"})):
        data, wall, cpu = here.ask("CreatePreview", kind | asked)
        good = good and wall < SECONDS * 1000
        print(f"{given.rows:,} lines as {name}: {wall / 1000:.2f} s to the preview (budget {SECONDS:.0f}), "
              f"CPU {cpu / 1000:.2f} s, {data['changes']:,} changes")  # fmt: skip
    return good


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--held", type=int, default=1_000_000)
    parser.add_argument("--grants", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rows", type=int, default=10_000)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
