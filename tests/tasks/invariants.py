"""What must hold whatever went wrong: effects, entries, counters and the log itself."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

from qualadmin.audit import canonical
from qualadmin.audit.findings import Report
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from qualadmin.core.models import Change, Job, Qualification
from qualadmin.emulator.testing import Emulator

CHANGING = (
    "AssociateQualificationWithWorker",
    "DisassociateQualificationFromWorker",
    "AcceptQualificationRequest",
    "RejectQualificationRequest",
)
ENDS = ("mturk.call.finished", "mturk.call.put_back", "mturk.call.unknown")


def calls_by_worker(emulator: Emulator) -> dict[str, list[dict[str, Any]]]:
    """The calls that change something, as Amazon's side saw them."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for call in emulator.calls():
        if call["operation"] in CHANGING:
            found[call["worker_id"]].append(call)
    return found


def assert_every_worker_granted_once(emulator: Emulator, job: Job, ids: list[str], score: int = 100) -> None:
    """By the emulator's own call log, and by our own rows and counters."""
    calls = calls_by_worker(emulator)
    assert {worker: sum(call["applied"] for call in calls[worker]) for worker in ids} == dict.fromkeys(ids, 1)
    assert set(calls) == set(ids)
    job.refresh_from_db()
    assert (job.state, job.planned, job.done, job.total) == (Job.State.FINISHED, 0, len(ids), len(ids))
    assert set(job.changes.values_list("state", flat=True)) == {Change.State.DONE}
    held = Qualification.objects.filter(type__in=job.changes.values("type"), status="Granted", value=score)
    assert set(held.values_list("worker__worker_id", flat=True)) == set(ids)
    assert AuditEntry.objects.filter(job=str(job.pk), action="job.finished").count() == 1


def assert_log_tells_everything(emulator: Emulator) -> None:
    """No call without an earlier entry, an end to every start, and a log nothing is wrong with."""
    starts = starts_of_calls()
    ended = Counter(_attempt(entry) for entry in AuditEntry.objects.filter(action__in=ENDS))
    assert set(ended) == set(starts), "an end without a start, or a start without an end"
    assert set(ended.values()) <= {1}
    _assert_entry_before_call(emulator, starts)
    report = verify(Context.system("tests"), Report())
    assert report.findings == []


def starts_of_calls() -> dict[tuple[int, int], AuditEntry]:
    """The entries of calls that were about to leave, by change and attempt."""
    starts: dict[tuple[int, int], AuditEntry] = {}
    for entry in AuditEntry.objects.filter(action="mturk.call.started").order_by("seq"):
        key = _attempt(entry)
        assert key not in starts, "one attempt was started twice"
        starts[key] = entry
    return starts


def _attempt(entry: AuditEntry) -> tuple[int, int]:
    content = canonical.decode(bytes(entry.core))
    return int(content["item"]), int(content["attempt"])


def _assert_entry_before_call(emulator: Emulator, starts: dict[tuple[int, int], AuditEntry]) -> None:
    worker_of = dict(Change.objects.values_list("pk", "worker__worker_id"))
    times: dict[str, list[datetime]] = defaultdict(list)
    for (item, _), entry in sorted(starts.items()):
        times[worker_of[item] or ""].append(entry.recorded_at)
    for worker, calls in calls_by_worker(emulator).items():
        began = sorted(times[worker])
        assert len(calls) <= len(began), "a call without an entry"
        for call, entry_at in zip(calls, began, strict=False):
            assert entry_at <= datetime.fromtimestamp(call["at"], UTC), "the call was earlier than its entry"
