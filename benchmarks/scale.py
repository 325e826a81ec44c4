"""Every page a person opens daily, at a million workers, beside Django's admin on the same tables.

    .venv/bin/python -m benchmarks.scale [--rows 1.0] [--rounds 20] [--only log] [--explain 100] [--keep FOLDER]

Builds 1,000,000 workers, 5,000,000 changes and 10,000,000 entries of the log, in the product's own transactions
with numbers, hashes and guards (`--workers`, `--changes`, `--entries`; `--rows 0.05` takes a twentieth of
each), then opens each page as granter, PI and manager through Django's test client. Prints queries and
milliseconds of server time (median, 95th percentile), and what Django's admin takes for the list that comes
nearest, a few times only: it counts whole tables. The full size takes half an hour to build; `--keep FOLDER`
keeps the SQLite file, and with `--again` the data set of the last run is measured once more. `benchmarks.copied`
takes it into PostgreSQL.

Ends with code 1 where a page takes 100 ms or more. Set QUALADMIN_TEST_DATABASE_URL for PostgreSQL (**its tables
are dropped**, save with `--again`); the default is a SQLite file.
"""

import argparse
import pickle
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.database import configure, prepare

if TYPE_CHECKING:
    from benchmarks.dataset import Scale
    from benchmarks.lab import Lab
    from benchmarks.pages import Visitor
    from benchmarks.pages_list import Case

SETTINGS: Final = "benchmarks.admin.settings"
MILLISECONDS: Final = 100.0
ADMIN_ROUNDS: Final = 3
WORKER_SEARCH: Final = "find a worker"
WORKER_PREFIX: Final = "workers that begin so"
#: Our page, and the list of the admin that comes nearest.
ADMIN: Final = {
    "dashboard": "",
    "jobs": "core/job/",
    "jobs, with failures": "core/job/?state__exact=finished",
    "job, result": "core/change/?job__id__exact={job}",
    "job, failed lines": "core/change/?job__id__exact={job}&state__exact=failed",
    "job, running": "core/change/?state__exact=sending",
    "types": "core/qualificationtype/",
    "type, scores and holders": "core/qualification/?type__id__exact={type}",
    "type, holders deep": "core/qualification/?type__id__exact={type}&p=1000",
    WORKER_SEARCH: "core/worker/?q={worker}",
    WORKER_PREFIX: "core/worker/?q={worker}",
    "worker, busy": "core/change/?worker__id__exact={busy}",
    "requests": "core/qualificationrequest/?state__exact=waiting",
    "log": "audit/auditentry/",
    "log, very deep": "audit/auditentry/?p=1000",
    "log, mturk.call.finished": "audit/auditentry/?action__exact=mturk.call.finished",
    "log, role.granted": "audit/auditentry/?action__exact=role.granted",
    "log, failed": "audit/auditentry/?outcome__exact=failed",
    "log, a person": "audit/auditentry/?q=Granter",
    "log, a job": "audit/auditentry/?job__exact={job}",
    "log, a busy worker": "",
    "log, a large type": "",
    "log, one day": "",
    "log, a study": "",
}  # fmt: skip


def main(given: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(given.keep or name)
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / "lab.pickle"
        if given.again:
            configure(folder, SETTINGS)
            lab: Lab = pickle.loads(kept.read_bytes())
        else:
            prepare(folder, SETTINGS)
            from benchmarks.dataset import build

            lab = build(scale_of(given))
            kept.write_bytes(pickle.dumps(lab))
        return measure(lab, given)


def scale_of(given: argparse.Namespace) -> "Scale":
    """Each change has two entries; sign-ins and readings make up the rest."""
    from benchmarks.dataset import Scale

    workers, changes, entries = (int(one * given.rows) for one in (given.workers, given.changes, given.entries))
    small = max(100, changes // 2_500)
    visits = max(1_000, entries - 2 * changes - 3 * small)
    running = min(4_000, workers // 4)
    return Scale(workers, changes, small, min(100_000, workers), visits, running, extra_holders=0)


def daily(lab: "Lab") -> Iterator["Case"]:
    """The pages, and the address of the same list in the admin."""
    from benchmarks.lab import worker_name
    from benchmarks.pages_list import Case, cases

    yield Case(WORKER_SEARCH, "/find/", post={"q": worker_name(777)})
    for role, person in lab.people.items():
        guard = {"guard_account": str(lab.account.pk), "guard_environment": lab.account.environment}
        post = {**guard, "guard_person": str(person.pk), "worker_id": worker_name(777)[:4]}
        yield Case(WORKER_PREFIX, "/workers/find/", (role,), post=post)
    for case in cases(lab, b"WorkerId\n" + worker_name(1).encode()):
        if case.name in ADMIN:
            yield case


def measure(lab: "Lab", given: argparse.Namespace) -> int:
    """Print a line for each page and role. Returns the exit code."""
    from django.conf import settings
    from django.db import connection

    from benchmarks.explain import explain
    from benchmarks.pages import Visitor

    settings.WHITENOISE_AUTOREFRESH = False
    visitors = {role: Visitor(role, person) for role, person in lab.people.items()}
    print(f"{connection.vendor}: {'page':<18} {'role':<8} queries  median    p95  | admin median   times")
    over = 0
    for case in daily(lab):
        if given.only not in case.name:
            continue
        admin = None if given.alone else admin_median(visitors["manager"], ADMIN[case.name], lab)
        for role in case.roles:
            cost = visitors[role].cost(case, given.rounds)
            over += cost.p95 >= MILLISECONDS
            beside = f"{admin:>12.0f} {admin / cost.median:>7.1f}" if admin is not None else f"{'none':>12}"
            print(
                f"{case.name:<30} {role:<8} {cost.queries:>5} {cost.median:>9.1f} {cost.p95:>6.1f}  | {beside}"
                f"{'  OVER' * (cost.p95 >= MILLISECONDS)}{f'  answer {cost.status}' * (cost.status >= 400)}",
                flush=True,
            )
            if given.explain and cost.p95 > given.explain:
                explain(lambda case=case, role=role: visitors[role].open(case))
    print(f"{over} over {MILLISECONDS:.0f} ms")
    return 1 if over else 0


def admin_median(visitor: "Visitor", path: str, lab: "Lab") -> float | None:
    """Milliseconds of the admin's list, or None where there is nothing like our page."""
    if not path:
        return None
    from benchmarks.lab import worker_name

    address = "/admin/" + path.format(
        job=lab.jobs[-1], type=lab.types[0].pk, busy=lab.busy, worker=worker_name(777)[:6]
    )
    took = []
    for _ in range(ADMIN_ROUNDS):
        began = time.perf_counter()
        response = visitor.client.get(address)
        took.append((time.perf_counter() - began) * 1000)
        if response.status_code == 302:
            return None  # no such page: the data set is too small for one so deep
        if response.status_code != 200:
            raise RuntimeError(f"{address}: {response.status_code}")
    return statistics.median(took)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1_000_000)
    parser.add_argument("--changes", type=int, default=5_000_000)
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--rows", type=float, default=1.0, help="this share of each")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--explain", type=float, default=0)
    parser.add_argument("--keep", default="")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--alone", action="store_true", help="without the admin, which takes most of the time")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
