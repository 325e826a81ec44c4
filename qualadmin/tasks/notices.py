"""Mail to everybody of a role, at once. What cannot be sent is told in the log of the process, and lost."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage

from qualadmin.core.models import RoleAssignment
from qualadmin.core.permissions import Role

log = logging.getLogger(__name__)


def addresses_of(role: Role) -> list[str]:
    """E-mail addresses of the active people who have this role anywhere."""
    held = RoleAssignment.objects.current().filter(role=role, user__is_active=True).exclude(user__email="")
    return sorted(set(held.values_list("user__email", flat=True)))


def send(role: Role, subject: str, body: str) -> int:
    """Mail everybody of that role, each apart. Returns to how many it was handed over; 0 without mail settings."""
    if not settings.EMAIL_ON:
        return 0
    sent = 0
    for address in addresses_of(role):
        message = EmailMessage(
            f"[{settings.AUDIT_ORIGIN}] {subject}", body, settings.DEFAULT_FROM_EMAIL, [address]
        )
        try:
            sent += message.send()
        except (OSError, SMTPException) as error:
            log.error("A mail could not be sent (%s).", type(error).__name__)
    return sent
