"""A script of boto3 lists the holders of a type through /mturk/, page by page, to the end.

    .venv/bin/python -m benchmarks.endpoint [--holders 100000]

Real processes: an emulator that has so many holders, one gunicorn with one process, one task cluster, and
boto3's own paginator with nothing set but address and key. Ends with code 1 if a holder is missing or comes twice,
if a page at the end costs the servers half as much CPU again as one at the beginning, if the web process grows by
more than 20 MiB, or if the log has more than one entry of it. Set QUALADMIN_TEST_DATABASE_URL for PostgreSQL
(**its tables are dropped**).
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import psutil
from botocore.config import Config

from benchmarks.database import prepare
from qualadmin.emulator.testing import Emulator

ROOT: Final = Path(__file__).parents[1]
ACCESS_KEY: Final = "AKIADEMOBENCHMARK001"
PAGE: Final = 100  # holders; Amazon gives no more
GROWTH_MIB, RATIO = 20.0, 1.5  # budgets
FROM_NOW_ON: Final = 20  # pages after which every process has loaded what it loads once


@dataclass(frozen=True, slots=True)
class Measured:
    """After a page: seconds since the first, CPU seconds of the servers, memory of the web process in MiB."""

    seconds: float
    cpu: float
    web: float


def main(given: argparse.Namespace) -> int:
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        seed = folder / "seed.json"
        seed.write_text(json.dumps(holders(given.holders)))
        with Emulator(seed=str(seed)) as amazon:
            os.environ["QUALADMIN_EMULATOR_URL"] = amazon.url
            key = open_the_door()
            with running(folder) as (url, web, cluster):
                found, pages, entries = read(url, key, web, cluster, given.holders)
        return judged(found, given.holders, pages, entries)


def holders(count: int) -> dict[str, Any]:
    held = {f"A{number * 7919 % 10**9:09d}HOLDER{number:06d}": number % 100 for number in range(count)}
    one = {"name": "Wave 7", "description": "Took part.", "type_id": "3WAVE7", "holders": held}
    return {"accounts": {ACCESS_KEY: [one]}}


def open_the_door() -> tuple[str, str]:
    """An account, a granter, and an access key for reading."""
    from benchmarks.remote import hire, open_account
    from qualadmin.core.actions.access_keys import create_access_key

    account, person = open_account("Bench lab", ACCESS_KEY), hire("Granter", "granter")
    row, secret = create_access_key(
        actor=person.as_actor(), name="bench", account=account, may_change=False, days=30, study=None, reason=""
    )
    return row.key_id, secret


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, psutil.Process, psutil.Process]]:
    """The pages and a cluster, as people run them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "--workers", "1", "--worker-class", "gthread", "--threads", "4",
        "--no-control-socket", "--log-level", "warning", "--bind", f"127.0.0.1:{port}",
        "qualadmin.wsgi:application",
    ]  # fmt: skip
    environment = dict(os.environ) | {"QUALADMIN_ALLOWED_HOSTS": "127.0.0.1"}
    with (folder / "log").open("wb") as log:
        web = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        worker = [sys.executable, "manage.py", "run_worker"]
        cluster = subprocess.Popen(worker, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}/mturk/", psutil.Process(web.pid), psutil.Process(cluster.pid)
        except BaseException:
            print((folder / "log").read_text()[-3000:])
            raise
        finally:
            for one in (web, cluster):
                one.terminate()
            for one in (web, cluster):
                one.wait(60)


def read(
    url: str, key: tuple[str, str], web: psutil.Process, cluster: psutil.Process, count: int
) -> tuple[list[str], list[Measured], int]:
    client = boto3.client(
        "mturk", region_name="us-east-1", endpoint_url=url, aws_access_key_id=key[0], aws_secret_access_key=key[1],
        config=Config(retries={"mode": "standard", "total_max_attempts": 20}),  # the first waits for what starts
    )  # fmt: skip
    client.get_account_balance()
    wait_for_the_copy(count)
    found: list[str] = []
    pages: list[Measured] = []
    before, began = entries_so_far(), time.perf_counter()
    paginator = client.get_paginator("list_workers_with_qualification_type")
    for page in paginator.paginate(QualificationTypeId="3WAVE7", PaginationConfig={"PageSize": PAGE}):
        if not len(pages) % 100:
            print(f"{len(pages):,} pages", flush=True)
        found += [one["WorkerId"] for one in page["Qualifications"]]
        pages.append(Measured(time.perf_counter() - began, cpu_of(web) + cpu_of(cluster), memory_of(web)))
    return found, pages, entries_so_far() - before


def wait_for_the_copy(count: int) -> None:
    """The cluster finds the new type by itself and reads who holds it. That must not count as ours."""
    from qualadmin.core.models import Qualification

    while Qualification.objects.count() < count:
        time.sleep(1)


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cpu_of(process: psutil.Process) -> float:
    """Seconds of all of them, those that ended included."""
    times = [one.cpu_times() for one in family(process)]
    ended = process.cpu_times()
    return sum(one.user + one.system for one in times) + ended.children_user + ended.children_system


def memory_of(process: psutil.Process) -> float:
    return sum(float(one.memory_info().rss) for one in family(process)) / 2**20


def entries_so_far() -> int:
    from qualadmin.audit.models import AuditEntry

    return AuditEntry.objects.filter(action="access.relayed").count()


def judged(found: list[str], wanted: int, pages: list[Measured], entries: int) -> int:
    from qualadmin.core.models import RelayedCall

    share = max((len(pages) - FROM_NOW_ON) // 5, 1)
    early = pages[FROM_NOW_ON + share].cpu - pages[FROM_NOW_ON].cpu
    late = pages[-1].cpu - pages[-1 - share].cpu
    grown = pages[-1].web - pages[FROM_NOW_ON].web
    print(
        f"{len(found):,} holders in {len(pages):,} pages: {pages[-1].seconds:.0f} s on the wall, "
        f"{pages[-1].cpu - pages[0].cpu:.1f} s of CPU of web and cluster; a page {early / share * 1000:.0f} ms of "
        f"CPU early and {late / share * 1000:.0f} late ({late / early:.2f} times, budget {RATIO}); "
        f"web {pages[-1].web:.0f} MiB, grown by {grown:.1f} (budget {GROWTH_MIB:.0f}); {entries} entries; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    good = len(found) == len(set(found)) == wanted and entries == 1 and not RelayedCall.objects.exists()
    return 0 if good and late <= RATIO * early and grown <= GROWTH_MIB else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--holders", type=int, default=100_000)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
