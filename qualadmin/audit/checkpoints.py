"""Holding the log to its checkpoints: those it keeps itself, and those kept where its owner cannot reach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from qualadmin.audit.findings import Report
from qualadmin.audit.intervals import announced_turns, intervals_of
from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from qualadmin.audit.notes import Checkpoint, Note, NoteFault, VerifyKey

STALE_AFTER = timedelta(minutes=30)  # two intervals of the sealer


@dataclass(frozen=True, slots=True)
class Evidence:
    """A note from outside the database. `source` is the file or key it was read from."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Trust:
    """What a verification holds the log to. `published` are notes of a place that should have every checkpoint."""

    keys: Sequence[VerifyKey] = ()
    evidence: Sequence[Evidence] = ()
    published: Sequence[Evidence] | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    source: str
    stored: bool
    checkpoint: Checkpoint
    signers: tuple[VerifyKey, ...]


@dataclass
class Examination:
    """The notes of one verification. `sizes` are those at which the walk must give the root."""

    trust: Trust
    report: Report
    using: str
    sizes: frozenset[int] = frozenset()
    _notes: list[_Read] = field(default_factory=list)
    _newest: AuditCheckpoint | None = None

    def read(self) -> None:
        """Read and check every note by itself: form, origin, signature. Adds findings."""
        for row in AuditCheckpoint.objects.using(self.using).order_by("size").iterator(chunk_size=1000):
            self._newest = row
            one = self._read("the database", row.note, stored=True)
            if one and (one.checkpoint.size, one.checkpoint.root) != (row.size, bytes(row.root)):
                self.report.add(
                    "column_mismatch", None, f"the stored checkpoint of {row.size} is not what its note says"
                )
        for evidence in (*self.trust.evidence, *(self.trust.published or ())):
            self._read(evidence.source, evidence.text, stored=False)
        self._check_intervals()
        self.sizes = frozenset(one.checkpoint.size for one in self._notes)
        self.report.checkpoints = len(self._notes)

    def compare(self, size: int, roots: Mapping[int, bytes]) -> None:
        """Hold a log of `size` entries with these roots to what was read. Adds findings."""
        seen: dict[int, _Read] = {}
        stored = {one.checkpoint.size for one in self._notes if one.stored}
        missing: set[int] = set()
        for one in self._notes:
            said = one.checkpoint
            first = seen.setdefault(said.size, one)
            if first.checkpoint.root != said.root:
                detail = f"at size {said.size} {one.source} and {first.source} have notes with different roots"
                self.report.add("checkpoint_inconsistent", None, detail)
            if said.size > size:
                detail = f"{one.source} has a checkpoint of {said.size} entries, and there are {size}"
                self.report.add("truncated", None, detail)
            elif roots.get(said.size) != said.root:
                detail = f"at size {said.size} the entries do not give the root that {one.source} has"
                self.report.add("root_mismatch_at_size", None, detail)
            if said.size not in stored | missing:
                missing.add(said.size)
                detail = f"the checkpoint of {said.size} entries from {one.source} is not in the database"
                self.report.add("checkpoint_missing_in_db", None, detail)
        self._check_published()
        self._check_age(size)

    def _read(self, source: str, text: str, *, stored: bool) -> _Read | None:
        try:
            note = Note.from_text(text)
            checkpoint = Checkpoint.from_text(note.text)
            signers = note.signers(self.trust.keys)
        except NoteFault as fault:
            self.report.add("checkpoint_bad_signature", None, f"a note from {source}: {fault}")
            return None
        if checkpoint.origin != settings.AUDIT_ORIGIN:
            self.report.add("foreign_entry", None, f"a note from {source} is of the log {checkpoint.origin}")
            return None
        if not signers:
            detail = f"the note of {checkpoint.size} entries from {source} is by no key that was given"
            self.report.add("checkpoint_unknown_key", None, detail)
        one = _Read(source, stored, checkpoint, tuple(signers))
        self._notes.append(one)
        return one

    def _check_intervals(self) -> None:
        """A key signs nothing after the checkpoint at which the next took over, and that one nothing before."""
        if len(self.trust.keys) < 2:
            return
        signed = [(one.checkpoint.size, one.signers) for one in self._notes]
        intervals = intervals_of(self.trust.keys, signed, announced_turns(self.using))
        for one in self._notes:
            own = [interval for interval in intervals if interval.key in one.signers]
            if own and not any(interval.holds(one.checkpoint.size) for interval in own):
                detail = (
                    f"the note of {one.checkpoint.size} entries from {one.source} is by the key "
                    f"{own[0].key.id.hex()}, which was valid {own[0]}"
                )
                self.report.add("checkpoint_outside_interval", None, detail)

    def _check_published(self) -> None:
        if self.trust.published is None:
            return
        there = {one.source for one in self.trust.published}
        sizes = {one.checkpoint.size for one in self._notes if one.source in there}
        recent = timezone.now() - STALE_AFTER
        due = AuditCheckpoint.objects.using(self.using).filter(sealed_at__lt=recent).values_list("size", flat=True)
        for size in sorted(set(due) - sizes):
            self.report.add(
                "checkpoint_unpublished", None, f"the checkpoint of {size} entries is not published there"
            )

    def _check_age(self, size: int) -> None:
        """Entries that no checkpoint covers for too long; only where the log is sealed at all."""
        if self._newest is None and not self.trust.keys:
            return
        sealed = self._newest.size if self._newest else 0
        oldest = (
            AuditEntry.objects.using(self.using)
            .filter(seq__gte=sealed, seq__lt=size, recorded_at__lt=timezone.now() - STALE_AFTER)
            .exclude(action__startswith="audit.checkpoint.")
            .order_by("seq")
            .first()
        )
        if oldest is not None:
            detail = "it and what follows is under no checkpoint for over 30 minutes: does the sealer run?"
            self.report.add("checkpoint_stale", oldest.seq, detail)


def evidence_of(notes: Iterable[tuple[str, str]]) -> list[Evidence]:
    """Pairs of name and text, as places give them."""
    return [Evidence(source, text) for source, text in notes]
