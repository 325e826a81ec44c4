"""What was asked of Amazon, and what it answered."""

from .event import FAILED, OK, STARTED, UNKNOWN, WARNING, event

EVENTS = (
    event(
        "mturk.call.started",
        "{actor} asked Amazon: {target} {result}",
        outcomes=(STARTED,),
        changes="state value status request",
    ),
    event(
        "mturk.call.finished",
        "Amazon answered {actor}: {target} {result}, {outcome_words}",
        outcomes=(OK, FAILED),
        changes="state value status request",
        payload="detail",
    ),
    event(
        "mturk.call.unknown",
        "No clear answer from Amazon for {actor}: {target}",
        severity=WARNING,
        outcomes=(UNKNOWN,),
        changes="state",
        payload="detail",
    ),
    event(
        "mturk.call.put_back",
        "Amazon did not take the call of {actor}: {target}; it is sent again",
        outcomes=(FAILED,),
        changes="state cause",
        payload="detail",
    ),
    event(
        "mturk.call.reconciled",
        "Looked up at Amazon for {actor}: {target} {result}, {outcome_words}",
        outcomes=(OK, FAILED, UNKNOWN),
        changes="state value status found request",
        payload="detail",
    ),
    event(
        "mturk.call.late_result",
        "A late answer of Amazon for {actor}: {target}",
        severity=WARNING,
        outcomes=(OK, FAILED, UNKNOWN),
        changes="found",
        payload="detail",
    ),
    event(
        "mturk.drift.detected",
        "Changed outside qualadmin: {target} {result}",
        severity=WARNING,
        changes="status value",
    ),
    event("mturk.breaker.opened", "Calls to {target} are held back", severity=WARNING, changes="cause seconds"),
    event("mturk.breaker.closed", "Amazon answers again: calls to {target} go on"),
)
