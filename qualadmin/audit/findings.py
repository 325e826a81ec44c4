"""What a verification can find, and what the findings together mean."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# These mean that something is unfinished, not that the log was touched.
INCOMPLETE = frozenset(
    {
        "start_without_end",
        "not_noted",
        "unreachable",
        "checkpoint_unknown_key",
        "checkpoint_unpublished",
        "checkpoint_stale",
    }
)
CODES = INCOMPLETE | {
    "core_hash_mismatch",
    "column_mismatch",
    "gap",
    "duplicate_seq",
    "order_time",
    "stream_gap",
    "unknown_action",
    "not_canonical",
    "foreign_entry",
    "payload_mismatch",
    "payload_missing_unexplained",
    "payload_not_erased",
    "root_mismatch",
    "trigger_missing",
    "audited_row_without_entry",
    "unheaded_entry",
    "root_mismatch_at_size",
    "checkpoint_bad_signature",
    "checkpoint_outside_interval",
    "checkpoint_inconsistent",
    "checkpoint_missing_in_db",
    "truncated",
}
# A log broken from end to end has a finding for each entry; the report keeps the first ones and the counts.
KEPT = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `seq` is the entry, where it is about one."""

    code: str
    seq: int | None
    detail: str

    def __str__(self) -> str:
        place = "" if self.seq is None else f" #{self.seq}"
        return f"{self.code}{place}: {self.detail}"


@dataclass(slots=True)
class Report:
    """The outcome of one verification. Counts entries; `root` is the recomputed one, in hex."""

    notify: Callable[[Finding], None] = lambda _: None
    size: int = 0
    checked: int = 0
    faulty: int = 0
    root: str = ""
    quick: bool = False
    checkpoints: int = 0
    erased: int = 0  # texts that went by an erasure which the log tells of: explained, and no finding
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _last_faulty: int = -1

    def add(self, code: str, seq: int | None, detail: str) -> None:
        """Note a finding and pass it on at once, so that a long verification shows what it finds."""
        if code not in CODES:
            raise ValueError(f"{code} is not a finding.")
        finding = Finding(code, seq, detail)
        self.counts[code] += 1
        if len(self.findings) < KEPT:
            self.findings.append(finding)
        if seq is not None and seq != self._last_faulty and code not in INCOMPLETE:
            self.faulty += 1
            self._last_faulty = seq
        self.notify(finding)

    @property
    def exit_code(self) -> int:
        """0 all good, 1 tampering or corruption, 2 incomplete."""
        if self.counts.keys() - INCOMPLETE:
            return 1
        return 2 if self.counts else 0

    def summary(self) -> str:
        """One line for people."""
        checked = "numbers and hashes only" if self.quick else "everything"
        valid = max(0, self.checked - self.faulty)
        sealed = f", {self.checkpoints} checkpoints read" if self.checkpoints else ""
        erased = f", {self.erased} texts erased (explained)" if self.erased else ""
        line = f"{valid}/{self.checked} entries valid ({checked}), log of {self.size}{sealed}{erased}"
        if not self.counts:
            return line
        return line + "; " + ", ".join(f"{count} {code}" for code, count in sorted(self.counts.items()))

    def as_json(self) -> dict[str, Any]:
        """For programs. `findings` holds at most 1,000; `counts` counts all."""
        return {
            "exit_code": self.exit_code,
            "size": self.size,
            "root": self.root,
            "checked": self.checked,
            "quick": self.quick,
            "checkpoints": self.checkpoints,
            "erased": self.erased,
            "counts": dict(sorted(self.counts.items())),
            "findings": [{"code": f.code, "seq": f.seq, "detail": f.detail} for f in self.findings],
        }
