"""What pages cost in a lab after years of use.

    .venv/bin/python -m benchmarks.pages [--size 100000] [--rounds 20] [--only log] [--explain 50] [--keep FOLDER]

Fills a database (100,000 workers, qualifications, changes and requests, 200,000 audit entries), then opens every
list, at its usual and at its greatest length, and every main page as granter, PI and manager through Django's test
client: queries, milliseconds of server time (median and 95th percentile over the rounds), milliseconds of CPU,
kilobytes.

Ends with code 1 where a page asks more than 12 queries, skips rows (OFFSET), counts a whole table, or takes 100 ms
or more. A page that seems too slow is measured again, twice at most, and the best counts: what the neighbours of
this machine cost comes and goes. `--explain MS` prints how the database went about the queries of pages that took
longer than that. Set QUALADMIN_TEST_DATABASE_URL for PostgreSQL (its tables are dropped); the default is a SQLite
file.
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.database import prepare

if TYPE_CHECKING:
    from benchmarks.lab import Lab
    from benchmarks.pages_list import Case
    from qualadmin.core.models import User

QUERIES, MILLISECONDS = 12, 100.0  # budgets
TRIES = 3


@dataclass
class Cost:
    """What one page cost one role."""

    page: str
    role: str
    status: int
    queries: int
    kilobytes: float
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.wall)

    @property
    def p95(self) -> float:
        return sorted(self.wall)[max(0, math.ceil(len(self.wall) * 0.95) - 1)]

    def line(self) -> str:
        faults = f"  {', '.join(self.faults)}" if self.faults else ""
        return (
            f"{self.page:<28} {self.role:<8} {self.queries:>3} {self.median:>7.1f} {self.p95:>7.1f} "
            f"{statistics.median(self.cpu):>7.1f} {self.kilobytes:>6.0f}{faults}"
        )


class Visitor:
    """Somebody with a browser who has signed in."""

    def __init__(self, role: str, person: "User") -> None:
        from django.test import Client

        self.role = role
        self.client = Client(raise_request_exception=False, SERVER_NAME="localhost")
        self.client.force_login(person)
        self.client.get("/")  # the first click stamps the session

    def open(self, case: "Case") -> Any:
        headers = {"HX-Request": "true"} if case.fragment else {}
        if case.post is not None:
            return self.client.post(case.path, case.post, headers=headers)
        return self.client.get(case.path, headers=headers)

    def cost(self, case: "Case", rounds: int) -> Cost:
        """Open the page once to look at its queries, then `rounds` times to take its time."""
        from tests.web.queries import watched

        self.open(case)  # fills what is kept between requests
        self._forget(case)
        with watched() as queries:
            response = self.open(case)
        cost = Cost(case.name, self.role, response.status_code, queries.number, len(response.content) / 1024)
        cost.faults += ["OFFSET"] * bool(queries.offsets) + ["counts all"] * bool(queries.full_counts)
        if cost.queries > QUERIES:
            cost.faults.append(f"more than {QUERIES} queries")
        if response.status_code != 200:
            cost.faults.append(f"answer {response.status_code}")
        for _ in range(TRIES):
            wall, cpu = self._times(case, rounds)
            if not cost.wall or max(wall) < max(cost.wall):
                cost.wall, cost.cpu = wall, cpu
            if cost.p95 < MILLISECONDS:
                break
        else:
            cost.faults.append(f"{MILLISECONDS:.0f} ms or more")
        return cost

    def _forget(self, case: "Case") -> None:
        if case.cold:
            from django.core.cache import caches

            caches["process"].clear()

    def _times(self, case: "Case", rounds: int) -> tuple[list[float], list[float]]:
        walls, cpus = [], []
        for _ in range(rounds):
            self._forget(case)
            wall, cpu = time.perf_counter(), time.process_time()
            self.open(case)
            walls.append((time.perf_counter() - wall) * 1000)
            cpus.append((time.process_time() - cpu) * 1000)
        return walls, cpus


def main(given: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(given.keep or name)
        folder.mkdir(parents=True, exist_ok=True)
        prepare(folder)
        from benchmarks.dataset import Scale, build
        from benchmarks.lists import scores

        lab = build(Scale.of(given.size))
        return measure(lab, scores(10_000, given.size), given)


def measure(lab: "Lab", content: bytes, given: argparse.Namespace) -> int:
    """Print a line for each page and role. Returns the exit code."""
    from django.conf import settings
    from django.db import connection

    from benchmarks.explain import explain
    from benchmarks.pages_list import cases
    from qualadmin.core.models import User

    settings.WHITENOISE_AUTOREFRESH = False  # a test run looks for static files at each request; real use does not
    # Besides those with a part in the history: somebody who has done nothing but sign in.
    people = {**lab.people, "viewer": User.objects.get(username="person7")}
    visitors = {role: Visitor(role, person) for role, person in people.items()}
    print(f"{connection.vendor}: {'page':<16} {'role':<8} queries  median     p95     CPU     KB")
    costs = []
    for case in cases(lab, content):
        if given.only not in case.name:
            continue
        for role in case.roles:
            cost = visitors[role].cost(case, given.rounds)
            costs.append(cost)
            print(cost.line(), flush=True)
            if given.explain and cost.p95 > given.explain:
                explain(lambda case=case, role=role: visitors[role].open(case))
    broken = [one for one in costs if one.faults]
    slowest = max(costs, key=lambda one: one.p95)
    print(
        f"{len(costs)} pages, {len(broken)} over budget; most queries {max(one.queries for one in costs)}, "
        f"slowest p95 {slowest.p95:.0f} ms ({slowest.page}, {slowest.role}), "
        f"median of medians {statistics.median(one.median for one in costs):.0f} ms"
    )
    return 1 if broken else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--explain", type=float, default=0)
    parser.add_argument("--keep", default="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
