"""What a bundle of the audit log costs: `python -m benchmarks.bundle [entries]` (default 100,000).

Fills a database of its own with entries as a drain writes them, exports everything as the manager does, and checks
the ZIP with verify.py in a process of its own. Prints CPU seconds and peak memory of both. Ends with code 1 above
5 s of CPU per 100,000 entries for the check, or above 150 MiB more than an idle process for the export.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from benchmarks.database import prepare

CHECK_SECONDS, EXPORT_MIB, FLUSH = 5.0, 150.0, 500


def main(number: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        fill(number)
        path = folder / "bundle.zip"
        idle, began = peak(resource.RUSAGE_SELF), time.process_time()
        export(path)
        export_cpu, export_peak = time.process_time() - began, peak(resource.RUSAGE_SELF)
        check_cpu, check_peak = check(path)
        size = path.stat().st_size
    per = check_cpu / number * 100_000
    print(f"{number:,} entries, a ZIP of {size / 2**20:.1f} MiB")
    print(f"  export  {export_cpu:6.1f} s CPU   peak {export_peak:6.1f} MiB (idle {idle:.1f})")
    print(f"  check   {check_cpu:6.1f} s CPU   peak {check_peak:6.1f} MiB")
    print(f"  check   {per:.1f} s per 100,000 (goal: {CHECK_SECONDS})")
    return int(per > CHECK_SECONDS or export_peak - idle > EXPORT_MIB)


def peak(who: int) -> float:
    """MiB that a process held at most."""
    return resource.getrusage(who).ru_maxrss / 1024


def fill(number: int) -> None:
    from qualadmin.audit import record as audit
    from qualadmin.audit.types import Context, Target, TaskInfo, Who

    context = Context(Who("task", "drain", "drain"), task=TaskInfo("t", "drain", "host", 1))
    person, target = Who("user", "7", "Ada"), Target("qtype", uuid4().hex, "Colour")
    workers = [uuid4() for _ in range(2_000)]
    changes = {"state": ["sending", "done"], "value": [None, 100], "status": [None, "Granted"]}
    for start in range(0, number, FLUSH):
        with audit.transaction(context) as tx:
            for place in range(start, min(start + FLUSH, number)):
                tx.record(
                    "mturk.call.finished",
                    target=target,
                    stream=f"study:s{place % 5}",
                    subject=workers[place % len(workers)],
                    job="a" * 36,
                    item=place,
                    on_behalf_of=person,
                    changes=changes,
                    aws={"env": "production", "request_id": uuid4().hex, "http": 200, "ms": 51},
                    payload={"detail": "as Amazon answered"} if place % 10 == 0 else None,
                )


def export(path: Path) -> None:
    from qualadmin.audit.bundle.writing import write_bundle
    from qualadmin.audit.models import AuditEntry
    from qualadmin.core.actor import Actor
    from qualadmin.core.permissions import Role, RoleGrant
    from qualadmin.web.audit_bundle import Asked, contents_of
    from qualadmin.web.audit_names import Names
    from qualadmin.web.audit_scope import streams_of

    actor = Actor("user", 1, "Ada Lovelace", roles=(RoleGrant(Role.MANAGER),))
    asked = Asked(actor, Names(actor, streams_of(actor)), "", {}, False, "2026-11-23T20:00:00+00:00")
    with path.open("wb+") as file:
        write_bundle(file, contents_of(asked, AuditEntry.objects.all()))


#: Runs verify.py and says what it took. Linux counts memory of the parent in a child's rusage, so not from there.
RUN = """
import resource, runpy, sys
try:
    runpy.run_path(sys.argv.pop(1), run_name="__main__")
except SystemExit as error:
    used = resource.getrusage(resource.RUSAGE_SELF)
    held = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
    print(error.code, used.ru_utime + used.ru_stime, int(held[0]) / 1024)
"""


def check(path: Path) -> tuple[float, float]:
    """CPU seconds and MiB."""
    from qualadmin.audit.bundle import verify

    command = [sys.executable, "-I", "-S", "-c", RUN, verify.__file__, str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    code, seconds, mib = done.stdout.splitlines()[-1].split()
    if code != "2":  # nobody signed, and nothing else is open
        sys.exit(done.stdout + done.stderr)
    return float(seconds), float(mib)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
