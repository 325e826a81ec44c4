"""Requests of workers."""

from .event import event

EVENTS = (
    event("request.seen", "Workers asked for {target}", changes="count"),
    event("request.closed", "Requests for {target} are no longer waiting", changes="count"),
    event("account.requests.asked", "{actor} asked Amazon which requests wait in {target}"),
    event(
        "request.selected",
        "{actor} selected requests of workers",
        changes="rows matching verb",
        payload="origin",
    ),
    event(
        "qtype.key.changed",
        "{actor} changed the lab’s own key for the answers of {target}",
        changes="sha256",
    ),
    event(
        "request.answers.forgotten",
        "Answers of workers to qualification tests were forgotten, some time after their requests ended",
        changes="count",
    ),
)
