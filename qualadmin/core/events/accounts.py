"""Requester accounts."""

from .event import CRITICAL, FAILED, OK, WARNING, event

EVENTS = (
    event(
        "account.created",
        "{actor} added the account {target}",
        severity=WARNING,
        changes="name environment profile_name role_arn external_id aws_account_id",
    ),
    event(
        "account.updated",
        "{actor} changed the account {target}",
        severity=WARNING,
        changes="name profile_name role_arn external_id aws_account_id reason_required programs_read_all",
    ),
    event("account.archived", "{actor} archived the account {target}", severity=WARNING, changes="archived"),
    event("account.enabled", "{actor} switched {target} on", severity=WARNING, changes="is_enabled"),
    event("account.disabled", "{actor} switched {target} off", severity=WARNING, changes="is_enabled"),
    event(
        "account.paused",
        "{target} was paused by {actor}",
        severity=CRITICAL,
        changes="paused",
        payload="detail",
    ),
    event("account.resumed", "{actor} resumed {target}", severity=WARNING, changes="paused"),
    event("account.test.requested", "{actor} asked for a connection test of {target}"),
    event(
        "account.test.finished",
        "Amazon answered the connection test of {target}",
        outcomes=(OK, FAILED),
        changes="balance",
        payload="detail",
    ),
)
