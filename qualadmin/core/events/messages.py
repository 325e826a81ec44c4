"""Messages to workers: written, confirmed, approved, and what became of them for each worker."""

from .event import FAILED, NOTICE, OK, STARTED, UNKNOWN, WARNING, event

EVENTS = (
    event(
        "message.drafted",
        "{actor} began {target}",
        changes="recipients met",
        payload="origin",
    ),
    event("message.written", "{actor} wrote the text of {target}", changes="study", payload="subject text"),
    event("message.discarded", "{actor} discarded {target}", changes="state"),
    event(
        "message.confirmed",
        "{actor} confirmed {target}",
        severity=NOTICE,
        changes="state recipients study",
        payload="subject text origin",
    ),
    event(
        "message.approval.granted",
        "{actor} approved {target}",
        severity=NOTICE,
        changes="state",
        payload="words",
    ),
    event(
        "message.approval.declined",
        "{actor} sent {target} back",
        severity=NOTICE,
        changes="state given_up",
        payload="words",
    ),
    event("message.approval.withdrawn", "{actor} withdrew {target}", severity=NOTICE, changes="state given_up"),
    event(
        "message.stopped",
        "{actor} stopped {target}",
        severity=WARNING,
        changes="state cause given_up unknown",
    ),
    event("message.retried", "{actor} had {target} sent again to whom it had failed", changes="count"),
    event("message.finished", "Finished: {target}", changes="state done failed unknown cancelled"),
    event("message.exported", "{actor} downloaded the results of {target}", severity=NOTICE, changes="rows"),
    event(
        "message.mail.started",
        "{actor} asked Amazon to mail a worker: {target}",
        outcomes=(STARTED,),
        changes="call",
    ),
    event(
        "message.mail.finished",
        "Amazon answered {actor}: a worker of {target}, {outcome_words}",
        outcomes=(OK, FAILED),
        changes="call code",
        payload="detail",
    ),
    event(
        "message.mail.unknown",
        "No clear answer from Amazon: a worker of {target} may have been mailed",
        severity=WARNING,
        outcomes=(UNKNOWN,),
        changes="call cause",
        payload="detail",
    ),
    event(
        "message.mail.put_back",
        "Amazon did not take the call of {actor}: {target}; it is sent again",
        outcomes=(FAILED,),
        changes="call cause",
        payload="detail",
    ),
)
