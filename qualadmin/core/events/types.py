"""Qualification types."""

from .event import FAILED, NOTICE, OK, STARTED, UNKNOWN, WARNING, event

EVENTS = (
    event(
        "qtype.create.requested",
        "{actor} asked Amazon to create the type {target}",
        severity=NOTICE,
        outcomes=(STARTED,),
        changes="name status auto_granted auto_granted_value retry_delay_seconds test_digest",
        payload="description keywords lab_name",
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
        payload="lab_name",
    ),
    event(
        "qtype.change.requested",
        "{actor} asked Amazon to change the type {target}",
        severity=NOTICE,
        outcomes=(STARTED,),
        changes="status auto_granted auto_granted_value retry_delay_seconds has_test test_digest",
        payload="description",
    ),
    event(
        "qtype.change.finished",
        "Amazon answered: change of the type {target}",
        severity=NOTICE,
        outcomes=(OK, FAILED, UNKNOWN),
        changes="status auto_granted auto_granted_value retry_delay_seconds has_test test_digest",
        payload="description detail",
    ),
    event(
        "qtype.delete.requested",
        "{actor} asked Amazon to delete the type {target}",
        severity=WARNING,
        outcomes=(STARTED,),
        changes="state",
    ),
    event(
        "qtype.delete.accepted",
        "Amazon began to delete the type {target}",
        severity=NOTICE,
        outcomes=(OK, UNKNOWN),
        payload="detail",
    ),
    event(
        "qtype.delete.finished",
        "Amazon answered: deletion of the type {target}",
        severity=NOTICE,
        outcomes=(OK, FAILED),
        changes="state",
        payload="detail",
    ),
    event("qtype.hits.requested", "{actor} asked Amazon which HITs require {target}"),
    event(
        "qtype.seen_changed",
        "{target} differs at Amazon and was brought up to date",
        severity=NOTICE,
        changes="status description keywords state auto_granted auto_granted_value retry_delay_seconds has_test"
        " test_digest",
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
