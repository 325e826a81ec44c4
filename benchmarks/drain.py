"""How much durability and audit cost: the drain against a plain boto3 loop and a plain thread pool, in one run.

    .venv/bin/python -m benchmarks.drain [--rows 3000] [--latency 50] [--latency 100] [--threads 64]

Each round runs the three side by side against the same emulator: a sequential loop (a part of the rows, since it
only waits), a thread pool around the same client with the same threads and no database, and the drain with
its audit log and durable commits. Set QUALADMIN_TEST_DATABASE_URL for PostgreSQL; the default is a SQLite file.
The account's pace is warm: an account remembers its rate, and the emulator sets no limit here.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.database import prepare

SEQUENTIAL = 60


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--latency", type=int, action="append")
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        from benchmarks.drain_rounds import Bench

        for latency in given.latency or [50, 100]:
            with Bench(given.rows, latency, given.threads) as bench:
                report(bench.name, latency, given, [bench.round(number) for number in range(given.rounds)])


def report(name: str, latency: int, given: argparse.Namespace, rounds: list[tuple[float, float, float]]) -> None:
    loop, pool, drain = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    to_pool = statistics.median(one[2] / one[1] for one in rounds)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:<10} {latency:>4} ms  {given.rows} rows, {given.threads} threads | loop {loop:6.1f}/s  "
        f"pool {pool:6.1f}/s  drain {drain:6.1f}/s | drain/pool {to_pool:.3f}  drain/loop {drain / loop:5.1f}x  "
        f"| peak {memory:.0f} MiB"
    )


def timed(work: Callable[[], None], count: int) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def pooled(call: Callable[[str], object], ids: list[str], threads: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(call, ids):
            pass


if __name__ == "__main__":
    main()
