"""Entries of the audit log in words."""

from django import template

from qualadmin.audit import sentences
from qualadmin.audit.models import AuditEntry

register = template.Library()


@register.filter
def sentence(entry: AuditEntry) -> str:
    """The entry as one sentence; escaped like any text."""
    return sentences.sentence(entry)


@register.filter
def words(name: str) -> str:
    """A name of the program as words: `file_name` gives `file name`."""
    return name.replace("_", " ")
