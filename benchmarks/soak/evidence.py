"""Gathers what the verdict of a soak needs: from the emulator, from our rows and from the log."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, Final

from benchmarks.soak.people import Pair, People
from benchmarks.soak.verdict import (
    Did,
    calls_before_entries,
    wrong_counters,
    wrong_effects,
    wrong_end,
    wrong_mails,
)
from qualadmin.audit.findings import Report
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from qualadmin.core.models import Change, Job
from qualadmin.emulator.testing import Emulator
from tests.tasks.invariants import CHANGING, assert_log_tells_everything, starts_of_calls

COUNTERS: Final = ("planned", "done", "failed", "skipped", "cancelled", "needs_person")


class Evidence:
    """Looks at everything anew each time; only the emulator's calls are kept, since they only grow."""

    def __init__(self, emulator: Emulator, people: People) -> None:
        self._emulator, self._people = emulator, people
        self._types = {one.mturk_id: one.pk for one in people.types}
        self._calls: list[dict[str, Any]] = []

    @property
    def effects(self) -> int:
        """How often something changed at Amazon."""
        return sum(call["applied"] for call in self._calls)

    def faults(self, *, ended: bool) -> list[str]:
        """Everything that does not hold, each with its worker. `ended`: nothing is under way any more."""
        self._read_calls()
        early = list(self._early_calls())  # of the calls so far: their entries are all there
        changes = self._changes()
        self._read_calls()  # what was done by then has happened by now
        found = [*early, *self._wrong_pairs(changes, ended=ended), *self._wrong_log(ended=ended)]
        if ended:
            found += self._wrong_jobs()
        return found

    def _read_calls(self) -> None:
        since = self._calls[-1]["sequence"] if self._calls else 0
        self._calls += self._emulator.calls(since)

    def _changing(self) -> dict[Pair, list[dict[str, Any]]]:
        found: dict[Pair, list[dict[str, Any]]] = defaultdict(list)
        for call in self._calls:
            if call["operation"] in CHANGING:
                found[self._types[call["qualification_type_id"]], call["worker_id"]].append(call)
        return found

    def _early_calls(self) -> Iterable[str]:
        pairs: dict[int, Pair] = {
            pk: (type_id, worker)
            for pk, type_id, worker in Change.objects.values_list("pk", "type", "worker__worker_id")
        }
        starts: dict[Pair, list[float]] = defaultdict(list)
        calls = self._changing()
        for (item, _), entry in starts_of_calls().items():
            starts[pairs[item]].append(entry.recorded_at.timestamp())
        for pair, seen in calls.items():
            for words in calls_before_entries(sorted(starts[pair]), [call["at"] for call in seen]):
                yield f"{pair[1]}: {words}"

    def _changes(self) -> dict[Pair, list[Did]]:
        """By pair, in the order in which they were sent last; what was not sent yet comes at the end."""
        rows = list(
            Change.objects.exclude(job=None)
            .order_by("pk")
            .values_list(
                "pk", "job", "type", "worker__worker_id", "value", "state", "verb", "job__notify",
                "job__revoke_reason",
            )
        )  # fmt: skip
        sent = last_starts()
        never = 1 + max(sent.values(), default=0)
        found: dict[Pair, list[Did]] = defaultdict(list)
        for _, job, type_id, worker, value, state, verb, notify, reason in sorted(
            rows, key=lambda row: (sent.get(row[0], never), row[0])
        ):
            mails = bool(reason) if verb == "revoke" else notify
            found[type_id, worker].append(Did(job, value, state, mails))
        return found

    def _wrong_pairs(self, changes: dict[Pair, list[Did]], *, ended: bool) -> Iterable[str]:
        calls = self._changing()
        mails = Counter((self._types[mail["type_id"]], mail["worker_id"]) for mail in self._emulator.outbox())
        held = {pk: self._emulator.grant_map(mturk_id) for mturk_id, pk in self._types.items()}
        for pair in sorted({*calls, *changes, *mails}, key=str):
            did = changes.get(pair, [])
            effects = [call["value"] for call in calls.get(pair, []) if call["applied"]]
            wrong = wrong_effects(did, effects) + wrong_mails(did, mails[pair])
            if ended:
                asked = [(wish.job, wish.value) for wish in self._people.asked.get(pair, [])]
                wrong += wrong_end(asked, did, held[pair[0]].get(pair[1]))
            for words in wrong:
                yield f"{pair[1]} of {pair[0]}: {words}"

    def _wrong_log(self, *, ended: bool) -> Iterable[str]:
        report = Report()
        verify(Context.system("soak"), report)
        yield from (str(finding) for finding in report.findings)
        strangers = Change.objects.filter(job=None).count()
        if strangers:
            yield f"{strangers} changes were taken for somebody else's, and nobody else was there"
        if ended:
            try:
                assert_log_tells_everything(self._emulator)
            except AssertionError as error:
                yield f"the log: {error}"

    def _wrong_jobs(self) -> Iterable[str]:
        states: dict[uuid.UUID, Counter[str]] = defaultdict(Counter)
        for job, state in Change.objects.exclude(job=None).values_list("job", "state"):
            states[job][state] += 1
        for job in Job.objects.all():
            counters = {name: getattr(job, name) for name in COUNTERS}
            for words in wrong_counters(counters, states[job.pk]):
                yield f"job {job.pk}: {words}"
            if job.state in (*Job.ALIVE, Job.State.PREPARING):
                yield f"job {job.pk}: is {job.state}, though nothing of it is open"


def last_starts() -> dict[int, int]:
    """By change: the number of the newest entry that says it is being sent."""
    found: dict[int, int] = {}
    for (item, _), entry in starts_of_calls().items():
        found[item] = max(found.get(item, 0), entry.seq)
    return found
