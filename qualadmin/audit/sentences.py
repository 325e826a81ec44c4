"""An entry as one line in words, made when it is read: the log itself holds no finished text.

Templates of the vocabulary may use {actor}, {target}, {job}, {outcome}, {outcome_words}, {changes},
{count_of_changes}, and {result}: what a change of `status` and `value` says a worker holds now. A name that is
not there gives a dash, never an error: old entries must stay readable.
"""

from typing import Any

from qualadmin.audit import vocabulary
from qualadmin.audit.models import AuditEntry

MISSING = "–"
OUTCOME_WORDS = {
    "started": "started",
    "ok": "done",
    "failed": "failed",
    "denied": "refused",
    "unknown": "not known yet",
}


class _Names(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return MISSING


def sentence(entry: AuditEntry) -> str:
    """The entry in words, plain text: whoever shows it as HTML must escape it."""
    template = vocabulary.find(entry.action).sentence if vocabulary.known(entry.action) else ""
    if not template:
        template = "{actor}: " + entry.action + " {target}, {outcome_words}"
    words = template.format_map(_Names(_names(entry)))
    return words.replace(" ,", ",").rstrip()  # where {result} had nothing to say


def actor_words(entry: AuditEntry) -> str:
    """The person, or for a task the person it acts for: somebody must be answerable."""
    if entry.obo_label:
        return entry.obo_label
    return "The service" if entry.actor_kind in {"task", "system", "scheduler"} else entry.actor_label


def change_words(changes: dict[str, list[Any]]) -> str:
    """`value 80 → 100, state planned → done`. A field without earlier value shows the new one only."""
    return ", ".join(_one_change(field, *pair) for field, pair in sorted(changes.items()))


def _one_change(field: str, before: Any, after: Any) -> str:
    name = field.replace("_", " ")
    if before is None:
        return f"{name} {_value(after)}"
    return f"{name} {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    return str(value)


def result_words(changes: dict[str, list[Any]]) -> str:
    """`granted, score 80 → 100` or `taken away`; empty if nothing is said about what is held."""
    status = changes.get("status", [None, None])[1]
    if status == "Revoked":
        return "taken away"
    if status != "Granted":
        return ""
    before, after = changes.get("value", [None, None])
    if after is None:
        return "granted"
    return f"granted, score {after}" if before in (None, after) else f"granted, score {before} → {after}"


def _names(entry: AuditEntry) -> dict[str, str]:
    changes = entry.changes
    return {
        "actor": actor_words(entry),
        "target": entry.target_label or entry.target_id or MISSING,
        "job": entry.job or MISSING,
        "outcome": entry.outcome,
        "outcome_words": OUTCOME_WORDS.get(entry.outcome, entry.outcome),
        "changes": change_words(changes),
        "result": result_words(changes),
        "count_of_changes": str(len(changes)),
    }
