"""The service's numbers in Prometheus' text format (version 0.0.4), which is small enough to be written here."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from qualadmin.core.vitals import AccountVitals, Vitals

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Labels = dict[str, str]
Sample = tuple[Labels, float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One family: its samples with their labels. Names of counters end in `_total`."""

    name: str
    help: str
    samples: list[Sample] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return "counter" if self.name.endswith("_total") else "gauge"

    def lines(self) -> Iterator[str]:
        yield f"# HELP qualadmin_{self.name} {self.help}"
        yield f"# TYPE qualadmin_{self.name} {self.kind}"
        for labels, value in self.samples:
            yield f"qualadmin_{self.name}{_braces(labels)} {value:.15g}"


def exposition(vitals: Vitals) -> str:
    """The whole answer of `/metrics`. Ages are seconds; there is no sample of what never happened."""
    families = (*_of_sending(vitals), *_of_accounts(vitals.sending.accounts), *_of_keeping(vitals))
    return "\n".join(line for one in families for line in one.lines()) + "\n"


def _of_sending(vitals: Vitals) -> Iterator[Metric]:
    sending, keeping, now = vitals.sending, vitals.keeping, vitals.sending.now
    yield Metric(
        "changes",
        "Changes that have not ended, or that need a person; each state is counted to 100000.",
        [({"state": state}, number) for state, number in keeping.changes.items()],
    )
    yield Metric(
        "jobs",
        "Jobs that have not ended, counted to 1000 in all.",
        [({"state": state}, number) for state, number in vitals.jobs.items()],
    )
    yield Metric(
        "queue_messages",
        "Messages for the task clusters, counted to 10000. No sample: Redis does not answer.",
        [] if vitals.messages is None else [({}, vitals.messages)],
    )
    yield Metric(
        "oldest_due_seconds",
        "How long the oldest change that may be sent has been due. A long job is due until it ends.",
        [({}, sending.oldest_due.total_seconds())],
    )
    yield Metric(
        "left_lying_seconds",
        "How long no task cluster has looked at changes that are due.",
        [({}, sending.left_lying.total_seconds())],
    )
    overdue = max(0.0, (now - keeping.lease_until).total_seconds()) if keeping.lease_until else 0.0
    yield Metric(
        "oldest_lease_overdue_seconds",
        "How long ago the oldest lease of a call in hand ran out. 0 while all are in time.",
        [({}, overdue)],
    )
    yield Metric(
        "cluster_beat_seconds",
        "Seconds since the last beat of each task cluster.",
        [({"cluster": one.name}, _age(one.beat_at, now)) for one in sending.clusters],
    )
    yield Metric("read_only", "1 while a restored database waits to be opened again.", [({}, sending.read_only)])


def _of_accounts(accounts: Iterable[AccountVitals]) -> Iterator[Metric]:
    """Labelled by the account's short name, as in the streams of the audit log."""
    rate = Metric("rate_per_second", "Calls a second that the account may make now, as learned from Amazon.")
    breaker = Metric("breaker_open", "1 while nothing is sent because Amazon gave no clear answers.")
    paused = Metric("account_paused", "1 while the account waits for a manager to resume it.")
    calls = Metric(
        "calls_total", "Calls that changed or looked up what one worker holds, by what came of them, since ever."
    )
    throttled = Metric("throttled_calls_total", "Calls that Amazon found too fast. They are sent again.")
    for one in accounts:
        labels = {"account": one.account.slug, "environment": one.account.environment}
        if one.rate is not None:
            rate.samples.append((labels, one.rate))
        breaker.samples.append((labels, one.breaker != "closed"))
        paused.samples.append((labels, bool(one.account.paused_reason)))
        calls.samples.extend(_calls(labels, one.calls))
        slow = sum(number for name, number in one.calls.items() if name.endswith(".throttled"))
        throttled.samples.append((labels, slow))
    return iter((rate, breaker, paused, calls, throttled))


def _calls(labels: Labels, calls: dict[str, int]) -> Iterator[Sample]:
    for name, number in sorted(calls.items()):
        operation, _, outcome = name.partition(".")
        yield {**labels, "operation": operation, "outcome": outcome}, number


def _of_keeping(vitals: Vitals) -> Iterator[Metric]:
    keeping, disk, now = vitals.keeping, vitals.disk, vitals.sending.now
    yield Metric("audit_entries", "Entries of the audit log.", [({}, keeping.entries)])
    yield Metric(
        "audit_refused_total",
        "Changes undone on this machine because the database refused their audit entries.",
        [({}, keeping.refused.count)],
    )
    sealed: list[Sample] = [] if keeping.sealed_size is None else [({}, keeping.sealed_size)]
    yield Metric("audit_checkpoint_entries", "Entries under the newest checkpoint.", sealed)
    for name, moment, text in (
        ("audit_checkpoint_age_seconds", keeping.sealed_at, "Seconds since the newest checkpoint was signed."),
        ("audit_published_age_seconds", keeping.published_at, "Seconds since a checkpoint was last published."),
        ("backup_age_seconds", keeping.backup_at, "Seconds since the last whole backup."),
        (
            "audit_verified_age_seconds",
            keeping.verified.at if keeping.verified else None,
            "Seconds since the last verification of the log.",
        ),
    ):
        yield Metric(name, text, [({}, _age(moment, now))] if moment else [])
    good: list[Sample] = [({}, keeping.verified.outcome == "ok")] if keeping.verified else []
    yield Metric("audit_verified_good", "1 if the last verification found nothing, else 0.", good)
    yield Metric("disk_free_bytes", "Free bytes of the disk of this machine's state folder.", [({}, disk.free)])
    yield Metric("disk_size_bytes", "Its size.", [({}, disk.total)])


def _age(moment: datetime, now: datetime) -> float:
    return max(0.0, round((now - moment).total_seconds(), 3))


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
