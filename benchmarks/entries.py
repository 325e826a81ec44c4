"""What the log costs a drain: the same grants with all of it, without the tree, and without any of it, in turns.

    .venv/bin/python -m benchmarks.entries [--rows 1500] [--rounds 3] [--latency 50] [--threads 32]

Real drains against an emulator. "Without" writes no entry, and has neither guards nor foreign keys in the
database, so it is what a tool would be that keeps its rows as durably and can prove nothing. CPU is that of the
drain and its calling processes; that of the emulator and of PostgreSQL's server is not in it. Ends with code 1 if
entries take a tenth or more of the CPU of a call. Set QUALADMIN_TEST_DATABASE_URL for PostgreSQL; the default is a
SQLite file.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from benchmarks.audit_verify import without_tree
from benchmarks.database import prepare

SHARE = 0.10


@dataclass(frozen=True)
class Cost:
    """Of one drain: calls a second on the wall, and milliseconds of CPU a call."""

    rate: float
    cpu: float


def main(given: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        from benchmarks.drain_rounds import Bench

        with Bench(given.rows, given.latency, given.threads) as bench:
            bench.drained(0, cost)  # the calling processes start, code is read
            rounds = [one_round(bench, number) for number in range(given.rounds)]
    print(f"{bench.name}: {given.rows} grants, {given.latency} ms, {given.rounds} rounds")
    print(f"  {'':<18} {'calls/s':>8} {'CPU ms a call':>14}")
    for name in rounds[0]:
        rate, cpu = (statistics.median(getattr(one[name], part) for one in rounds) for part in ("rate", "cpu"))
        print(f"  {name:<18} {rate:>8.0f} {cpu:>14.3f}")
    cpu = statistics.median(1 - one["without entries"].cpu / one["everything"].cpu for one in rounds)
    rate = statistics.median(1 - one["everything"].rate / one["without entries"].rate for one in rounds)
    print(f"  entries take {cpu:.1%} of the CPU (goal: {SHARE:.0%}), {rate:.1%} of the calls a second")
    return int(cpu >= SHARE)


def one_round(bench: Any, number: int) -> dict[str, Cost]:
    """The arms in turn, each round beginning with another one."""
    arms: list[tuple[str, Callable[[], AbstractContextManager[None]]]] = [
        ("everything", nullcontext),
        ("without the tree", without_tree),
        ("without entries", without_entries),
    ]
    found = {}
    for place in range(len(arms)):
        name, arm = arms[(place + number) % len(arms)]
        found[name] = bench.drained(1 + number * len(arms) + place, cost, arm)
    return {name: found[name] for name, _ in arms}


def cost(work: Callable[[], None], count: int) -> Cost:
    wall, cpu = time.perf_counter(), cpu_seconds()
    work()
    wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    return Cost(count / wall, cpu / count * 1000)


def cpu_seconds() -> float:
    """Of this process and of those that make its calls, which live on: the kernel's own account of them."""
    tick = os.sysconf("SC_CLK_TCK")
    return time.process_time() + sum((int(one[11]) + int(one[12])) / tick for one in _callers())


def _callers() -> Iterator[list[str]]:
    """The fields after the name in /proc/…/stat of each calling process of this one."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            words = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[1] == str(os.getpid()) and b"qualadmin.tasks.caller" in words:
            yield fields


@contextmanager
def without_entries() -> Iterator[None]:
    """Nothing is recorded, and the database asks for no entry. Its log is worth nothing then."""
    from django.db import connection

    from qualadmin.audit import guards, record

    def draft(texts: Any, origin_and_app: Any, action: str, **parts: Any) -> Any:
        return SimpleNamespace(id=uuid4(), action=action)

    def flush(connection: Any, drafts: Any) -> dict[Any, int]:
        return {one.id: place for place, one in enumerate(drafts)}

    sqlite = connection.vendor == "sqlite"
    off, on = (
        ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON")
        if sqlite
        else ("SET session_replication_role = replica", "SET session_replication_role = DEFAULT")
    )
    guards.remove("default")
    with connection.cursor() as cursor:
        cursor.execute(off)
    try:
        with patch.object(record, "draft", draft), patch.object(record, "flush", flush):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(on)
        guards.install("default")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=int, default=50)
    parser.add_argument("--threads", type=int, default=32)
    sys.exit(main(parser.parse_args()))
