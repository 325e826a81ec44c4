"""People of the lab and their roles."""

from .event import NOTICE, WARNING, event

EVENTS = (
    event(
        "user.invited",
        "{actor} added {target}",
        severity=NOTICE,
        changes="username full_name email",
        payload="reason",
    ),
    event("user.updated", "{actor} changed {target}", severity=NOTICE, changes="full_name email"),
    event("user.deactivated", "{actor} closed the access of {target}", severity=NOTICE, changes="is_active"),
    event("user.activated", "{actor} opened the access of {target} again", severity=NOTICE, changes="is_active"),
    event("role.granted", "{actor} gave a role to {target}", severity=WARNING, changes="role account production"),
    event(
        "role.revoked",
        "{actor} took a role from {target}",
        severity=WARNING,
        changes="role account production",
    ),
)
