"""Signs of life of the processes around the pages."""

import os
import socket

from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Target
from qualadmin.core.actor import Actor
from qualadmin.core.models import Heartbeat

from .texts import escaped


def record_heartbeat(*, name: str) -> None:
    """The process called `name` (60 characters at most) is alive now. Restarts are audited, beats are not."""
    Heartbeat.objects.update_or_create(
        name=name,
        defaults={"beat_at": timezone.now(), "host": socket.gethostname()[:120], "pid": os.getpid()},
    )


def record_worker_restarted(*, actor: Actor, name: str, cause: str, silent_seconds: int) -> None:
    """The supervisor is about to start the task cluster `name` again. `cause` says why in a few words."""
    with audit.transaction(actor.context) as tx:
        tx.record(
            "system.worker.restarted",
            target=Target("cluster", name[:60], name),
            changes={"cause": [None, cause], "silent_seconds": [None, silent_seconds]},
        )


def record_backup_finished(*, actor: Actor, entries: int, root: str, sha256: str, size: int) -> None:
    """A verified copy of the database lies where it was asked for: `entries` entries, `size` bytes."""
    with audit.transaction(actor.context) as tx:
        tx.record(
            "system.backup.finished",
            changes={
                "entries": [None, entries],
                "root": [None, root],
                "sha256": [None, sha256],
                "bytes": [None, size],
            },
        )


def record_backup_failed(*, actor: Actor, detail: str) -> None:
    """There is no new copy. `detail` is what the command said."""
    with audit.transaction(actor.context) as tx:
        tx.record("system.backup.failed", outcome="failed", payload={"detail": escaped(detail, 500)})
