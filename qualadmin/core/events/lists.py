"""Lists of workers and their sources."""

from .event import NOTICE, event

EVENTS = (
    event("workerlist.created", "{actor} made the list {target}", changes="name study", payload="note"),
    event("workerlist.updated", "{actor} changed the list {target}", changes="name study", payload="note"),
    event("workerlist.archived", "{actor} put the list {target} away", severity=NOTICE, changes="members"),
    event(
        "workerlist.source.added",
        "{actor} added a source to the list {target}",
        severity=NOTICE,
        changes="source kind rows left_out sha256 type other taken_on hits statuses",
        payload="label hit_ids",
    ),
    event(
        "workerlist.source.dropped",
        "{actor} dropped a source of the list {target}",
        severity=NOTICE,
        changes="source kind members",
        payload="label",
    ),
    event(
        "workerlist.workers.met",
        "Workers of the list {target} were met for the first time",
        changes="source workers",
    ),
    event("workerlist.read", "The sources of the list {target} were read", changes="added removed members"),
)
