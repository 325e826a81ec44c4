"""Workers."""

from .event import WARNING, event

EVENTS = (
    event("worker.searched", "{actor} looked up a worker", changes="found"),
    event(
        "worker.revealed",
        "{actor} asked whose a pseudonym is, and gave a reason",
        severity=WARNING,
        changes="found",
        payload="reason",
    ),
    event("worker.check.requested", "{actor} asked Amazon about one worker: {target}"),
    event("worker.tag.added", "{actor} tagged a worker", payload="tag"),
    event("worker.tag.removed", "{actor} took a tag off a worker", payload="tag"),
    event("worker.note.added", "{actor} wrote a note about a worker", payload="note"),
)
