"""Entries as the audit pages show them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qualadmin.audit import vocabulary
from qualadmin.audit.models import AuditEntry
from qualadmin.audit.sentences import OUTCOME_WORDS, change_words, sentence
from qualadmin.core.models import Worker

UNINTERESTING = frozenset({"rows_sha256", "sha256", "streams"})  # long, and on the entry's own page
IN_THE_SENTENCE = frozenset({"state", "status", "value"})  # of calls to Amazon


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the log. `actor` did it, `on_behalf_of` is the person a task acted for, "" if nobody else."""

    entry: AuditEntry
    sentence: str
    changes: str
    outcome: str
    actor: str
    on_behalf_of: str
    stream: str
    worker: Worker | None


def lines_of(
    entries: Sequence[AuditEntry], workers: Mapping[uuid.UUID | None, Worker], streams: Mapping[str, str]
) -> list[Line]:
    """Rows for the list. `streams` names streams for people."""
    return [
        Line(
            entry=entry,
            sentence=sentence(entry),
            changes=_further_changes(entry),
            outcome=outcome_word(entry),
            actor=actor_name(entry),
            on_behalf_of=entry.obo_label if entry.obo_label and entry.obo_label != entry.actor_label else "",
            stream=streams.get(entry.stream, entry.stream),
            worker=workers.get(entry.subject) if entry.subject else None,
        )
        for entry in entries
    ]


def _further_changes(entry: AuditEntry) -> str:
    """What the sentence does not say already."""
    if vocabulary.known(entry.action) and "{changes}" in vocabulary.find(entry.action).sentence:
        return ""
    left_out = _left_out(entry)
    return change_words({key: pair for key, pair in entry.changes.items() if key not in left_out})


def _left_out(entry: AuditEntry) -> frozenset[str]:
    said = entry.action.startswith("mturk.") and "status" in entry.changes
    return UNINTERESTING | IN_THE_SENTENCE if said else UNINTERESTING


def outcome_word(entry: AuditEntry) -> str:
    """`Done`, `Failed`, …"""
    return OUTCOME_WORDS.get(entry.outcome, entry.outcome).capitalize()


def actor_name(entry: AuditEntry) -> str:
    """A person by name; parts of the program as what they are."""
    if entry.actor_kind in {"task", "system", "scheduler"}:
        return f"the service ({entry.actor_label.replace('_', ' ')})"
    return entry.actor_label


def rows_of(entry: AuditEntry) -> list[tuple[str, Any, Any]]:
    """Field, before, after: words for people, None where there was nothing."""
    return [
        (name.replace("_", " "), _shown(before), _shown(after))
        for name, (before, after) in sorted(entry.changes.items())
    ]


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    return value if value != "" else None
