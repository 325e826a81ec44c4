"""Rules that keep a type in step with lists."""

from .event import FAILED, NOTICE, WARNING, event

EVENTS = (
    event(
        "rule.created",
        "{actor} wrote down the rule {target}",
        changes="type lists days score leavers takes_in study environment",
        payload="reason",
    ),
    event("rule.started", "{actor} started the rule {target}", severity=WARNING, changes="state began_below"),
    event("rule.paused", "The rule {target} was paused by {actor}", severity=NOTICE, changes="state cause"),
    event("rule.resumed", "{actor} resumed the rule {target}", severity=NOTICE, changes="state owner"),
    event("rule.ended", "{actor} ended the rule {target}", severity=NOTICE, changes="state"),
    event(
        "rule.run.held",
        "A run of the rule {target} would take away from many, and waits for a person",
        severity=WARNING,
        changes="revokes holders",
    ),
    event(
        "rule.run.failed",
        "A run of the rule {target} could not be made",
        severity=WARNING,
        outcomes=(FAILED,),
        payload="detail",
    ),
    event("rule.run.cleared", "What kept the rule {target} from running is over", changes="held trouble"),
)
