"""What the clock rings for the log's sake: the nightly verification, and the newest checkpoint by mail."""

import logging
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from qualadmin.audit.findings import Report
from qualadmin.audit.intervals import known_intervals
from qualadmin.audit.keys import read_public_keys
from qualadmin.audit.models import AuditCheckpoint, AuditEntry
from qualadmin.audit.record import record_now
from qualadmin.audit.types import Context, Target
from qualadmin.audit.verify import verify
from qualadmin.core.permissions import Role
from qualadmin.tasks.notices import send

log = logging.getLogger(__name__)

MAIL_EVERY: Final = timedelta(days=7)
FINDINGS_MAILED: Final = 20
BY_MAIL: Final = "mail to the PIs"


def verify_log() -> None:
    """Task, every night: recompute the whole log. Managers get a mail about anything that is not as it was."""
    report = verify(Context.system("nightly verification"), Report())
    if report.exit_code == 0:
        return
    log.critical("The nightly verification of the audit log found something: %s", report.summary())
    lines = "\n".join(str(one) for one in report.findings[:FINDINGS_MAILED])
    how = "All of it: python3 manage.py audit_verify"
    send(Role.MANAGER, "The audit log is not as it should be", f"{report.summary()}\n\n{lines}\n\n{how}")


def mail_checkpoint() -> None:
    """Task, every day: once a week the newest checkpoint goes to the PIs, whose mail nobody can change."""
    newest = AuditCheckpoint.objects.order_by("-size").first()
    sent = AuditEntry.objects.filter(
        action="audit.checkpoint.published", target_type="mail", recorded_at__gt=timezone.now() - MAIL_EVERY
    )
    if newest is None or sent.exists():
        return
    recipients = send(Role.PI, f"Checkpoint of the audit log, {newest.size} entries", mail_text(newest))
    if recipients:
        record_now(
            Context.system("mail"),
            "audit.checkpoint.published",
            target=Target("mail", str(newest.size), f"Checkpoint of {newest.size} entries"),
            changes={"place": [None, BY_MAIL], "recipients": [None, recipients]},
        )


def mail_text(checkpoint: AuditCheckpoint) -> str:
    """What a PI needs to hold the log to it later: the note as it is, and the keys."""
    known = known_intervals(read_public_keys(settings.AUDIT_PUBLIC_KEYS_PATH))
    keys = "\n".join(f"{one.key}\n  {one}" for one in known)
    return (
        "Keep this mail. With it you can show later whether an entry of the audit log was changed or removed\n"
        f"that was there on {checkpoint.sealed_at:%-d %B %Y at %H:%M} UTC.\n\n"
        "To check: save the lines between the rulers as a file, and run on the server\n"
        "  python3 manage.py audit_verify --checkpoint FILE --key 'KEY'\n"
        "Or, for an export with proof: python3 verify.py EXPORT.zip --older FILE --key 'KEY'\n"
        "Use the key you noted when this service was set up. It should be among those below. Where it was\n"
        "replaced, give all of them, oldest first.\n\n"
        f"---------- checkpoint ----------\n{checkpoint.note}--------------------------------\n\nKeys:\n{keys}\n"
    )
