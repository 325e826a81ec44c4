"""Which key was valid for checkpoints of which sizes.

A key's time ends with the first checkpoint that it signed beside its successor, whose time begins with the same
one. Where that checkpoint is not at hand, the entry `audit.key.rotated` turns the keys: whatever holds the entry
is no longer the old key's alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db import DEFAULT_DB_ALIAS

from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from qualadmin.audit.notes import Note, NoteFault, VerifyKey

TWO_SIGNATURES = "\n— [^\n]+\n— "  # as a database finds them in a note


@dataclass(frozen=True, slots=True)
class Interval:
    """The sizes a key may sign, both ends included. `last` is None for the key of today."""

    key: VerifyKey
    first: int = 0
    last: int | None = None

    def holds(self, size: int) -> bool:
        """Whether the key may sign a checkpoint of this size."""
        return self.first <= size and (self.last is None or size <= self.last)

    def __str__(self) -> str:
        if self.last is None:
            return f"for checkpoints of {self.first} entries and more"
        return f"for checkpoints of {self.first} to {self.last} entries"


def intervals_of(
    keys: Sequence[VerifyKey],
    signed: Iterable[tuple[int, Collection[VerifyKey]]],
    announced: Mapping[tuple[str, str], int],
) -> list[Interval]:
    """One for each key; `keys` oldest first. `signed` are sizes of notes with those of the keys that signed them.

    `announced` gives the number of the entry that names an old and a new key as its successor.
    """
    both: dict[int, int] = {}
    for size, signers in signed:
        for place, (old, new) in enumerate(pairwise(keys)):
            if old in signers and new in signers:
                both[place] = min(size, both.get(place, size))
    ends: list[int | None] = []
    begins = [0]
    for place, (old, new) in enumerate(pairwise(keys)):
        told = announced.get((str(old), str(new)))
        ends.append(both.get(place, told))
        begins.append(both.get(place, 0 if told is None else told + 1))
    return [Interval(*one) for one in zip(keys, begins, [*ends, None], strict=False)]


def announced_turns(using: str = DEFAULT_DB_ALIAS) -> dict[tuple[str, str], int]:
    """The first entry for each pair of keys, old and new."""
    turns: dict[tuple[str, str], int] = {}
    for entry in AuditEntry.objects.using(using).filter(action="audit.key.rotated").order_by("seq"):
        old, new = entry.changes["vkey"]
        turns.setdefault((str(old), str(new)), entry.seq)
    return turns


def known_intervals(keys: Sequence[VerifyKey], using: str = DEFAULT_DB_ALIAS) -> list[Interval]:
    """As the checkpoints and entries of this database say."""
    if len(keys) < 2:
        return [Interval(key) for key in keys]
    rows = AuditCheckpoint.objects.using(using).filter(note__regex=TWO_SIGNATURES).values_list("size", "note")
    return intervals_of(keys, [(size, signers_of(text, keys)) for size, text in rows], announced_turns(using))


def signers_of(text: str, keys: Sequence[VerifyKey]) -> list[VerifyKey]:
    """Those of the keys that signed the note; none for what is no note or is wrongly signed."""
    try:
        return Note.from_text(text).signers(keys)
    except NoteFault:
        return []
