"""The entries of the left navigation, as data: who sees them, and which key jumps there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.urls import NoReverseMatch, reverse

from qualadmin.core.permissions import Permission, allowed

if TYPE_CHECKING:
    from .http import Request


@dataclass(frozen=True, slots=True)
class Entry:
    """`section` is the first word of the URL names that belong to it: `job-list` and `job-detail` are `job`."""

    label: str
    icon: str
    url_name: str
    section: str
    permissions: tuple[Permission, ...]
    key: str = ""
    starts_group: bool = False


ENTRIES: Final = (
    Entry("Dashboard", "squares-2x2", "dashboard", "dashboard", (Permission.VIEW,), "d"),
    Entry("Types", "tag", "type-list", "type", (Permission.VIEW,), "t"),
    Entry("Grant", "user-plus", "grant", "grant", (Permission.GRANT,)),
    Entry("Bulk grant", "document-arrow-up", "bulk", "bulk", (Permission.GRANT,), "b"),
    Entry("Jobs", "queue-list", "job-list", "job", (Permission.VIEW,), "j"),
    Entry("Approvals", "hand-raised", "approval-list", "approval", (Permission.ERASE,), "p"),
    Entry("Requests", "inbox", "request-list", "request", (Permission.VIEW,), "r"),
    Entry("Differences", "arrows-right-left", "drift-list", "drift", (Permission.VIEW,)),
    Entry("Workers", "users", "worker-list", "worker", (Permission.VIEW,), "w"),
    Entry("Lists", "list-bullet", "list-list", "list", (Permission.VIEW,)),
    Entry("Rules", "arrow-path-rounded-square", "rule-list", "rule", (Permission.VIEW,)),
    Entry("Messages", "envelope", "message-list", "message", (Permission.VIEW,)),
    Entry("Expires soon", "clock", "end-list", "end", (Permission.VIEW,)),
    Entry("Studies", "academic-cap", "study-list", "study", (Permission.VIEW,), starts_group=True),
    Entry(
        "Audit log",
        "shield-check",
        "audit-list",
        "audit",
        (Permission.VIEW_AUDIT, Permission.VIEW_OWN_ENTRIES),
        "a",
    ),
    Entry(
        "Accounts",
        "building-library",
        "account-list",
        "account",
        (Permission.VIEW, Permission.MANAGE_ACCOUNTS),
        starts_group=True,
    ),
    Entry("People", "user-group", "person-list", "person", (Permission.MANAGE_PEOPLE,)),
    Entry("Service", "server-stack", "service", "service", (Permission.WATCH_SERVICE,)),
)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as this person sees it now."""

    entry: Entry
    url: str
    current: bool


def links_for(request: "Request") -> list[Link]:
    """What this person may open, in order. A view whose page belongs elsewhere says so in `request.section`."""
    match = request.resolver_match
    section = (match.url_name or "").partition("-")[0] if match else ""
    here = getattr(request, "section", section)
    return [
        Link(entry, url, entry.section == here)
        for entry in ENTRIES
        if any(allowed(request.actor, permission) for permission in entry.permissions)
        and (url := url_of(entry.url_name))
    ]


def url_of(name: str) -> str:
    """The address of a page without arguments, or "" where this installation has no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
