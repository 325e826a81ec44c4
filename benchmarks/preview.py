"""How long a large list takes to become a check page, and who waits meanwhile.

    .venv/bin/python -m benchmarks.preview [--rows 10000] [--known 100000] [--rounds 3] [--kind scores|workers]

Reads, checks and compares a file against a type that `--known` workers hold, each round in a fresh process:
seconds on the wall and of CPU by stage, and the most memory the process ever had. Then once more while another
process writes small audited entries: how long those wait. Ends with code 1 if a budget is broken; time counts as
CPU seconds, because the wall tells more of the neighbours than of the program. Set QUALADMIN_TEST_DATABASE_URL for
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

SECONDS, MEGABYTES = 3.0, 150.0  # budgets
ROOT = Path(__file__).parents[1]


def main(given: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        vendor = build(folder, given)
        rounds = [measured(folder) for _ in range(given.rounds)]
        disturbed, waits = beside_a_writer(folder)
    report(vendor, given, rounds, disturbed, waits)
    return 0 if min(one["cpu"] for one in rounds) < SECONDS and rounds[0]["peak"] < MEGABYTES else 1


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
    for stage in ("start_preview", "parse", "compare", "store", "plan_preview"):
        wall, cpu = (statistics.median(one[f"{stage}.{kind}"] for one in rounds) for kind in ("wall", "cpu"))
        indent = "" if "preview" in stage else "  "
        print(f"  {indent + stage:<26} {wall:8.3f} {cpu:8.3f}")
    wall, cpu = (statistics.median(one[kind] for one in rounds) for kind in ("wall", "cpu"))
    print(f"  {'TOTAL':<26} {wall:8.3f} {cpu:8.3f}   best {min(one['wall'] for one in rounds):.3f} wall, "
          f"{min(one['cpu'] for one in rounds):.3f} CPU   (budget {SECONDS} s)")  # fmt: skip
    peak, idle = max(one["peak"] for one in rounds), rounds[0]["idle"]
    print(f"  peak memory {peak:.0f} MiB, of which {idle:.0f} before it began   (budget {MEGABYTES:.0f} MiB)")
    waits.sort()
    print(
        f"  a neighbour's small write meanwhile ({len(waits)} of them, preview {disturbed['wall']:.2f} s): "
        f"median {statistics.median(waits):.1f} ms, "
        f"p95 {waits[int(len(waits) * 0.95)]:.1f} ms, max {waits[-1]:.1f} ms"
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
