"""Qualification types."""

from .event import FAILED, NOTICE, OK, STARTED, UNKNOWN, event

EVENTS = (
    event(
        "qtype.create.requested",
        "{actor} asked Amazon to create the type {target}",
        severity=NOTICE,
        outcomes=(STARTED,),
        changes="name status auto_granted auto_granted_value retry_delay_seconds",
        payload="description keywords",
    ),
    event(
        "qtype.create.finished",
        "Amazon answered: type {target}",
        severity=NOTICE,
        outcomes=(OK, FAILED, UNKNOWN),
        changes="state mturk_id",
        payload="detail",
    ),
    event(
        "qtype.imported",
        "{actor} imported the type {target} from Amazon",
        severity=NOTICE,
        changes="mturk_id status",
    ),
    event(
        "qtype.updated",
        "{actor} changed the settings of {target}",
        severity=NOTICE,
        changes="default_score min_score max_score",
    ),
    event(
        "qtype.seen_changed",
        "{target} differs at Amazon and was brought up to date",
        severity=NOTICE,
        changes="status description keywords state auto_granted auto_granted_value retry_delay_seconds has_test",
    ),
    event("qtype.sync.requested", "{actor} asked Amazon who holds {target}"),
    event("account.sync.requested", "{actor} asked Amazon for the types and requests of {target}"),
    event(
        "qtype.synced",
        "Amazon's list of holders of {target} was compared",
        outcomes=(OK, FAILED),
        changes="holders differences",
        payload="detail",
    ),
)
