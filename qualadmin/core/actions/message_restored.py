"""Messages after a restore: Amazon may have mailed what the backup takes for unsent, and cannot be asked."""

from typing import Final

from django.utils import timezone

from qualadmin.audit.record import Transaction
from qualadmin.core.models import Message, MessageRecipient

from .messages import message_target, recount
from .rows import move

OPEN: Final = (Message.State.DRAFT, Message.State.WAITING, Message.State.RUNNING)
RESTORED: Final = (
    "The database was restored from a backup. The worker may have been mailed after it was taken; Amazon cannot "
    "be asked. This message is not sent to the worker again."
)
State = MessageRecipient.State


def stop_after_restore(tx: Transaction) -> None:
    """Stop every message that the backup held open: sent again, it could reach workers twice."""
    now = timezone.now()
    rows = Message.objects.select_related("account", "study").filter(state__in=OPEN).order_by("pk")
    for message in rows.select_for_update(of=("self",), no_key=True):
        still_open = MessageRecipient.objects.filter(message=message, state__in=MessageRecipient.OPEN)
        entry = tx.record(
            "message.stopped",
            target=message_target(message),
            stream=message.stream,
            changes={
                "state": [message.state, str(Message.State.STOPPED)],
                "cause": [None, "restored from a backup"],
                "unknown": [None, still_open.count()],
            },
        )
        still_open.update(
            state=State.UNKNOWN,
            code="restored",
            failure=RESTORED,
            lease_until=None,
            finished_at=now,
            audit_id=entry,
        )
        move(Message.objects.filter(pk=message.pk), entry=entry, state=Message.State.STOPPED, finished_at=now)
        recount(message.pk)
