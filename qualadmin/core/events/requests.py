"""Requests of workers."""

from .event import event

EVENTS = (
    event("request.seen", "Workers asked for {target}", changes="count"),
    event("request.closed", "Requests for {target} are no longer waiting", changes="count"),
)
