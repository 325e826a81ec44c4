"""Every benchmark with short settings, one after the other, and a table of how each ended.

    .venv/bin/python -m benchmarks.all [--size 20000]

Takes about five minutes. Ends with code 1 if one of them broke a budget. Set QUALADMIN_TEST_DATABASE_URL for
PostgreSQL; the default is a SQLite file for each.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=20_000)
    url = os.environ.get("QUALADMIN_TEST_DATABASE_URL")
    size = str(parser.parse_args().size)
    benchmarks = {
        "what an entry costs": ["audit_flush", *([url] if url else [])],
        "checking the log": ["audit_verify", size],
        "what entries cost a drain": ["entries", "--rows", "500", "--rounds", "2"],
        "drain": ["drain", "--rows", "1000", "--latency", "50", "--rounds", "1"],
        "preview": ["preview", "--rounds", "1"],
        "preview, Amazon's file": ["preview", "--rounds", "1", "--kind", "workers"],
        "emulator": ["emulator", "--calls", "5000", "--grants", "100000", "--types", "2000", "--requests", "5000"],
        "rule": ["rule", "--workers", size, "--rounds", "1"],
        "pages": ["pages", "--size", size, "--rounds", "5"],
    }
    ended = {name: run(command) for name, command in benchmarks.items()}
    print(f"\n{'benchmark':<24} {'seconds':>8}  ended")
    for name, (code, seconds) in ended.items():
        print(f"{name:<24} {seconds:>8.0f}  {'well' if code == 0 else f'with code {code}: see above'}")
    return max(code != 0 for code, _ in ended.values())


def run(command: list[str]) -> tuple[int, float]:
    print(f"\n--- {' '.join(command)}", flush=True)
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", f"benchmarks.{command[0]}", *command[1:]], cwd=ROOT, check=False)
    return done.returncode, time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
