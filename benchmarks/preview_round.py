"""What benchmarks/preview.py starts in processes of their own: a preview and its job, or a writing neighbour."""

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.database import configure

PAUSE = 0.005  # seconds between two writes of the neighbour


class Stopwatch:
    """Seconds on the wall and of CPU by stage."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}

    def around(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return work(*args, **kwargs)
            finally:
                for kind, spent in (("wall", time.perf_counter() - wall), ("cpu", time.process_time() - cpu)):
                    self.found[f"{stage}.{kind}"] = self.found.get(f"{stage}.{kind}", 0.0) + spent

        return timed


def run(folder: Path) -> dict[str, float]:
    """One preview from bytes to stored rows; then the job, until it could be sent."""
    from qualadmin.core.actions import previews
    from qualadmin.core.actions.jobs import confirm_preview
    from qualadmin.core.models import Preview, QualificationType, User
    from qualadmin.core.reading import Plan
    from qualadmin.tasks.prepare import prepare

    watch = Stopwatch()
    for stage, name in (("parse", "lines_of"), ("compare and store", "keep_rows")):
        setattr(previews, name, watch.around(stage, getattr(previews, name)))
    actor = User.objects.get(username="granter").as_actor()
    chosen = QualificationType.objects.select_related("account").get(name="Wave 000")
    content = (folder / "list.csv").read_bytes()
    idle = peak()

    def whole() -> Preview:
        preview = watch.around("start_preview", previews.start_preview)(
            actor=actor, account=chosen.account, source=Preview.Source.FILE, content=content, file_name="list.csv"
        )
        target = "Wave 000" if b"UPDATE-" in content[:400] else ""
        watch.around("plan_preview", previews.plan_preview)(
            actor=actor,
            preview=preview,
            plan=Plan(types={target: str(chosen.pk)}),
            wishes=previews.Wishes(score=100),
        )
        assert sum(preview.counts.get(group, 0) for group in ("new", "score")) > 0, preview.counts
        return preview

    preview = watch.around("total", whole)()
    highest = peak()
    job = watch.around("confirm", confirm_preview)(
        actor=actor, preview_id=preview.pk, rows_sha256=preview.rows_sha256
    )
    while job.state == "preparing":
        watch.around("prepare", prepare)(str(job.pk))
        job.refresh_from_db()
    assert job.planned == job.total, (job.state, job.planned, job.total)
    return {
        **watch.found,
        "wall": watch.found["total.wall"],
        "cpu": watch.found["total.cpu"],
        "idle": idle,
        "peak": highest,
        "peak with job": peak(),
    }


def peak() -> float:
    """The most memory this process ever had, in MiB."""
    # Not getrusage: a process begins with the peak of the one that started it.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def write() -> list[float]:
    """Small audited writes until a line comes in: the milliseconds each took."""
    from qualadmin.audit import record as audit
    from qualadmin.audit.types import Context

    context = Context.system("neighbour")
    audit.record_now(context, "auth.logout")
    print("ready", flush=True)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    waits = []
    while not stop.is_set():
        began = time.perf_counter()
        audit.record_now(context, "auth.logout")
        waits.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE)
    return waits


if __name__ == "__main__":
    configure(Path(sys.argv[2]))
    print(json.dumps(run(Path(sys.argv[2])) if sys.argv[1] == "run" else write()))
