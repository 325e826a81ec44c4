"""How long a large list takes to become a check page and then a job, and who waits meanwhile.

    .venv/bin/python -m benchmarks.preview [--rows 10000] [--known 100000] [--rounds 3] [--kind scores|workers]

Reads, checks and compares a file against a type that `--known` workers hold, each round in a fresh process:
seconds on the wall and of CPU by stage, and the most memory the process ever had. Then once more while another
process writes small audited entries: how long those wait. Ends with code 1 if a budget is broken: 3 s and 150 MiB
for up to 10,000 rows, 8 s and 150 MiB beyond, 200 ms for 95 of 100 of the neighbour's writes. Time counts as CPU
seconds, because the wall tells more of the neighbours than of the program. Set QUALADMIN_TEST_DATABASE_URL for
PostgreSQL (the database's own time is then not in it: see the wall); the default is a SQLite file.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.database import analyze, prepare

SECONDS, MANY_SECONDS, MANY = 3.0, 8.0, 10_000  # budget, and the budget of more rows than that
MEGABYTES, WAIT = 150.0, 200.0  # MiB; ms
ROOT = Path(__file__).parents[1]


def main(given: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        vendor = build(folder, given)
        rounds = [measured(folder) for _ in range(given.rounds)]
        disturbed, waits = beside_a_writer(folder)
    report(vendor, given, rounds, disturbed, waits)
    fast = min(one["cpu"] for one in rounds) < seconds(given)
    return 0 if fast and rounds[0]["peak"] < MEGABYTES and percentile(waits) < WAIT else 1


def seconds(given: argparse.Namespace) -> float:
    return SECONDS if given.rows <= MANY else MANY_SECONDS


def percentile(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.95)]


def build(folder: Path, given: argparse.Namespace) -> str:
    """The workers who are known, and the file."""
    from django.db import connection

    from benchmarks.lab import add_holders, add_workers, open_lab
    from benchmarks.lists import FILES

    lab = open_lab(types=2)
    add_workers(lab, given.known)
    add_holders(lab, lab.types[0], 0, given.known)
    analyze()
    (folder / "list.csv").write_bytes(FILES[given.kind](given.rows, given.known))
    return connection.vendor


def measured(folder: Path) -> dict[str, float]:
    """One preview in a fresh process."""
    return run(folder, "run")


def beside_a_writer(folder: Path) -> tuple[dict[str, float], list[float]]:
    """The same while a neighbour writes; milliseconds that each of the neighbour's writes took."""
    command = [sys.executable, "-m", "benchmarks.preview_round", "write", str(folder)]
    neighbour = subprocess.Popen(command, cwd=ROOT, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert neighbour.stdout is not None
    neighbour.stdout.readline()  # it writes now
    one = run(folder, "run")
    out, _ = neighbour.communicate(b"\n")
    return one, json.loads(out)


def run(folder: Path, what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.preview_round", what, str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def report(
    vendor: str,
    given: argparse.Namespace,
    rounds: list[dict[str, float]],
    disturbed: dict[str, float],
    waits: list[float],
) -> None:
    print(f"{vendor}: {given.rows} rows ({given.kind}) against {given.known} known qualifications")
    print(f"  {'stage':<26} {'wall s':>8} {'CPU s':>8}   (median of {len(rounds)})")
    for stage in ("start_preview", "parse", "compare and store", "plan_preview", "confirm", "prepare"):
        if f"{stage}.wall" not in rounds[0]:
            continue  # a small job is not prepared, it is there at once
        wall, cpu = (statistics.median(one[f"{stage}.{kind}"] for one in rounds) for kind in ("wall", "cpu"))
        indent = "  " if stage in ("parse", "compare and store") else ""
        print(f"  {indent + stage:<26} {wall:8.3f} {cpu:8.3f}")
    wall, cpu = (statistics.median(one[kind] for one in rounds) for kind in ("wall", "cpu"))
    print(f"  {'TOTAL to the check page':<26} {wall:8.3f} {cpu:8.3f}   "
          f"best {min(one['wall'] for one in rounds):.3f} wall, "
          f"{min(one['cpu'] for one in rounds):.3f} CPU   (budget {seconds(given)} s)")  # fmt: skip
    peak, idle = max(one["peak"] for one in rounds), rounds[0]["idle"]
    print(f"  peak memory {peak:.0f} MiB, of which {idle:.0f} before it began   (budget {MEGABYTES:.0f} MiB); "
          f"with the job {max(one['peak with job'] for one in rounds):.0f} MiB")  # fmt: skip
    waits.sort()
    print(
        f"  a neighbour's small write meanwhile ({len(waits)} of them, preview {disturbed['wall']:.2f} s, job "
        f"{disturbed.get('prepare.wall', disturbed['confirm.wall']):.2f} s): "
        f"median {statistics.median(waits):.1f} ms, "
        f"p95 {percentile(waits):.1f} ms, max {waits[-1]:.1f} ms"
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--known", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kind", default="scores", choices=["scores", "workers"])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
