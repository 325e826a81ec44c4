"""Entries of the audit log in words."""

from typing import Final

from django import template

from qualadmin.audit import sentences
from qualadmin.audit.models import AuditEntry

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


@register.filter
def words(name: str) -> str:
    """A name of the program as words: `file_name` gives `file name`."""
    return name.replace("_", " ")


@register.filter
def aws_term(key: str) -> str:
    """What a part of the evidence of a call is called."""
    return AWS_TERMS.get(key, words(key))
