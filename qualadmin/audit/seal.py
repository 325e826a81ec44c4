"""Signing checkpoints of the log. Run in a process of its own: the key and the memory are not the database's.

Each checkpoint ends with its own `audit.checkpoint.prepared` entry. What was signed before is never signed
differently: the tree goes on from the sealer's own memory, whatever the database says today.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from qualadmin.audit import guards, notes
from qualadmin.audit.findings import INCOMPLETE, Report
from qualadmin.audit.flush import lock_head
from qualadmin.audit.intervals import known_intervals
from qualadmin.audit.models import AuditCheckpoint, AuditHead, AuditStream
from qualadmin.audit.notes import Checkpoint, Note, NoteFault, SigningKey, VerifyKey
from qualadmin.audit.record import transaction
from qualadmin.audit.seal_state import SealState, StateLost, read_state
from qualadmin.audit.tree import Frontier
from qualadmin.audit.types import AuditError, Context
from qualadmin.audit.walk import Walk

# A newer program may write what this one does not know yet; that is no reason to leave the log unsigned.
HARMLESS = INCOMPLETE | {"unknown_action"}
FINDINGS_TOLD = 5


class LogRewritten(AuditError):
    """The log is not the one that was signed before, or its newest entries are damaged. Nothing was signed."""


def seal(
    context: Context,
    path: Path,
    keys: Sequence[SigningKey],
    *,
    using: str = DEFAULT_DB_ALIAS,
    reached: Callable[[str], None] = lambda _: None,
) -> AuditCheckpoint:
    """Read what is new, sign it, remember it, store it. `path` is the state file; the caller holds its lock.

    Raises LogRewritten or StateLost, and then nothing was signed. `reached` is told each step, for tests.
    """
    state = read_state(path)
    _check_names(state.origin, keys)
    connection = connections[using]
    _store_again(state, using)
    walk = _Reading(connection, state)
    walk.check_against_head()
    reached("checked")
    walk.read_to(_prepare(context, connection) + 1)
    reached("prepared")
    checkpoint = Checkpoint(state.origin, walk.tree.size, walk.tree.root())
    note = notes.sign(checkpoint, keys)
    reached("signed")
    state = SealState(state.origin, walk.tree, walk.streams, walk.last_time, note)
    state.write(path)
    reached("remembered")
    stored = _store(checkpoint, note, using)
    reached("stored")
    return stored


def resume(path: Path, trusted: Sequence[VerifyKey], text: str, *, using: str = DEFAULT_DB_ALIAS) -> Checkpoint:
    """Make a lost memory anew from the newest published note, after reading the log up to there.

    Raises StateLost if the note does not do, LogRewritten if the log is not the one it speaks of.
    """
    try:
        note = Note.from_text(text)
        signed = note.signers(trusted)
        checkpoint = Checkpoint.from_text(note.text)
    except NoteFault as fault:
        raise StateLost(f"The note is not believed: {fault} Nothing was changed.") from None
    if not signed or checkpoint.origin != settings.AUDIT_ORIGIN:
        raise StateLost("The note is not signed by a key of this log. Nothing was changed.")
    if not any(one.holds(checkpoint.size) for one in known_intervals(trusted, using) if one.key in signed):
        raise StateLost("The note is signed by a key that was replaced before. Nothing was changed.")
    newest = AuditCheckpoint.objects.using(using).order_by("-size").first()
    if newest is not None and newest.size > checkpoint.size:
        raise StateLost(
            f"The note is of {checkpoint.size} entries, but a checkpoint of {newest.size} is known. "
            "Nothing was changed. Give the newest note."
        )
    walk = _Reading(connections[using], SealState(checkpoint.origin, Frontier()))
    walk.read_to(checkpoint.size)
    if walk.tree.root() != checkpoint.root:
        raise LogRewritten(f"The first {checkpoint.size} entries are not those the note was signed for.")
    SealState(checkpoint.origin, walk.tree, walk.streams, walk.last_time, text).write(path)
    return checkpoint


def begin(path: Path, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """The memory of a sealer that never signed. Raises StateLost if somebody signed this log before."""
    if path.exists():
        return
    if AuditCheckpoint.objects.using(using).exists():
        raise StateLost(
            "This log was signed before, so a new key cannot start from nothing. Put back the key, or replace it "
            "with --rotate; if the sealer's memory is lost: manage.py audit_seal --once --resume-from NOTE"
        )
    SealState(settings.AUDIT_ORIGIN, Frontier()).write(path)


class _Reading:
    """The log read on from a state."""

    def __init__(self, connection: BaseDatabaseWrapper, state: SealState) -> None:
        self.connection = connection
        self.report = Report()
        self.signed = state.tree.size
        self.walk = Walk(
            connection, self.report, tree=state.tree, streams=state.streams, last_time=state.last_time
        )

    @property
    def tree(self) -> Frontier:
        return self.walk.tree

    @property
    def streams(self) -> dict[str, int]:
        return self.walk.streams

    @property
    def last_time(self) -> str:
        return self.walk.last_time

    def check_against_head(self) -> None:
        """Read up to the head; its tree must be the one that grows from what was signed. Raises LogRewritten."""
        head = AuditHead.objects.using(self.connection.alias).first()
        if head is None or head.size < self.signed:
            there = 0 if head is None else head.size
            raise LogRewritten(f"truncated: {self.signed} entries were signed and only {there} are left.")
        self.read_to(head.size)
        if bytes(head.frontier) != self.walk.tree.to_bytes():
            raise LogRewritten(
                f"root_mismatch: the log of {head.size} entries does not grow from the {self.signed} signed ones."
            )

    def read_to(self, size: int) -> None:
        """Read the entries below `size`. Raises LogRewritten for what does not fit."""
        self.walk.run(size)
        wrong = [one for one in self.report.findings if one.code not in HARMLESS]
        if wrong:
            more = f" and {len(wrong) - FINDINGS_TOLD} more" if len(wrong) > FINDINGS_TOLD else ""
            raise LogRewritten("; ".join(str(one) for one in wrong[:FINDINGS_TOLD]) + more)


def _check_names(origin: str, keys: Sequence[SigningKey]) -> None:
    for name in (origin, *(key.name for key in keys)):
        if name != settings.AUDIT_ORIGIN:
            raise StateLost(
                f"Key and memory of the sealer are for the log {name}, but this is {settings.AUDIT_ORIGIN}. "
                "Nothing was signed. Put QUALADMIN_AUDIT_ORIGIN back."
            )


def _store_again(state: SealState, using: str) -> None:
    """What a crash left between memory and table. Raises StateLost or LogRewritten if the table knows better."""
    newest = AuditCheckpoint.objects.using(using).order_by("-size").first()
    if newest is not None and newest.size > state.tree.size:
        raise StateLost(
            f"The sealer's memory ends at {state.tree.size} entries, but a checkpoint of {newest.size} was "
            "signed: it is an old copy. Nothing was signed. Start once with --resume-from and the newest note."
        )
    if newest is not None and newest.size == state.tree.size:
        if bytes(newest.root) != state.tree.root():
            raise LogRewritten(
                f"checkpoint_inconsistent: the stored checkpoint of {newest.size} was not signed here."
            )
        return
    head = AuditHead.objects.using(using).first()
    if state.note and head is not None and head.size >= state.tree.size:
        _store(Checkpoint(state.origin, state.tree.size, state.tree.root()), state.note, using)


def _store(checkpoint: Checkpoint, note: str, using: str) -> AuditCheckpoint:
    return AuditCheckpoint.objects.using(using).create(
        size=checkpoint.size, root=checkpoint.root, note=note, sealed_at=timezone.now()
    )


def _prepare(context: Context, connection: BaseDatabaseWrapper) -> int:
    """Write down how many entries each stream has with this one. Returns its number."""
    missing = len(guards.missing(connection.alias))
    with transaction(context, durable=True, using=connection.alias) as tx:
        lock_head(connection)  # from here on nobody else counts a stream on
        counts = dict(AuditStream.objects.using(connection.alias).values_list("name", "size"))
        counts["system"] = counts.get("system", 0) + 1
        streams = [[name, counts[name]] for name in sorted(counts)]
        changes: dict[str, list[object]] = {"streams": [None, streams], "guards_missing": [None, missing]}
        entry_id = tx.record("audit.checkpoint.prepared", changes=changes)
    return tx.seq_of(entry_id)
