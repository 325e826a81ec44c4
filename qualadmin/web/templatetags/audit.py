"""Entries of the audit log in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from qualadmin.audit import sentences
from qualadmin.audit.models import AuditEntry
from qualadmin.web.addresses import address_of

from .ui import time_tag

register = template.Library()

AWS_TERMS: Final = {
    "account": "AWS account",
    "env": "Environment",
    "op": "Operation",
    "request_id": "Request ID",
    "http": "HTTP status",
    "code": "Amazon’s code",
    "turk_code": "Turk code",
    "sdk_attempts": "Tries of the library",
    "ms": "Milliseconds",
}


@register.filter
def sentence(entry: AuditEntry) -> str:
    """The entry as one sentence; escaped like any text."""
    return sentences.sentence(entry)


@register.simple_tag
def entry_link(entry: AuditEntry) -> SafeString:
    """The time of an entry, linked to its page."""
    local = timezone.localtime(entry.recorded_at)
    named = f", entry {entry.seq}"
    time = time_tag(local, f"{local:%H:%M:%S}", named)
    url = address_of("audit-detail", entry.seq)
    return SafeString(f'<a id="entry-{entry.seq}" href="{url}">{time}<span class="sr">{named}</span></a>')


@register.filter
def utc(moment: datetime) -> str:
    """A time for a file that is read anywhere: `2026-11-23 20:15:00`, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


@register.filter
def named(names: Mapping[tuple[UUID, str], str], entry: AuditEntry) -> str:
    """What `names` calls the worker of the entry in its study or account; nothing for nobody."""
    return names.get((entry.subject, entry.stream), "") if entry.subject else ""


@register.filter
def words(name: str) -> str:
    """A name of the program as words: `file_name` gives `file name`."""
    return name.replace("_", " ")


@register.filter
def aws_term(key: str) -> str:
    """What a part of the evidence of a call is called."""
    return AWS_TERMS.get(key, words(key))
