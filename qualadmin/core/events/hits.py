"""HITs: whose work they were is asked of Amazon."""

from .event import FAILED, NOTICE, OK, event

EVENTS = (
    event("hits.list.requested", "{actor} asked Amazon for the HITs of {target}"),
    event(
        "hits.workers.requested",
        "{actor} asked Amazon who did HITs of {target}",
        changes="reading hits statuses source",
        payload="hit_ids",
    ),
    event(
        "hits.workers.read",
        "Amazon said who did HITs of {target}",
        outcomes=(OK, FAILED),
        changes="reading hits workers assignments unread source",
        payload="detail",
    ),
    event(
        "hits.workers.selected",
        "{actor} took the workers who did HITs of {target} for a new list",
        severity=NOTICE,
        changes="reading sha256 rows verb",
        payload="origin",
    ),
)
