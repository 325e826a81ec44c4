"""`manage.py run_worker`: the task cluster under its watchdog. This is what a service manager starts."""

import fcntl
import logging
import os
import signal
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from qualadmin import schema, service_lock
from qualadmin.tasks.schedules import ensure_schedules
from qualadmin.tasks.worker import ClusterWatch

logger = logging.getLogger(__name__)


def tell_service_manager(state: str) -> None:
    """systemd's notification protocol (`Type=notify`): one datagram to the socket it names, if it does."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)


class Command(BaseCommand):
    """Foreground program; SIGTERM or Ctrl-C ends it within two minutes, a second one at once."""

    requires_system_checks: list[str] = []  # done in `handle`, with the database
    help = "Run the task cluster, watched: it is started again when it dies or falls silent."

    def handle(self, *args: Any, **options: Any) -> None:
        """Hold the lock of this state folder and watch until asked to stop."""
        try:
            service_lock.hold(Path(settings.VAR_DIR))
        except service_lock.InUse as error:
            raise CommandError(f"{error} No task cluster was started.") from None
        try:
            schema.require()
            self.check(databases=["default"])  # the guards of the audit log among them
        except schema.NotReady as error:
            raise CommandError(f"{error}\nNo task cluster was started.") from None
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}. No task cluster was started.") from None
        with (Path(settings.VAR_DIR) / f"cluster-{settings.CLUSTER_NAME}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError(
                    f"A task cluster named {settings.CLUSTER_NAME} already runs here. Stop it first, or give "
                    "this one another QUALADMIN_CLUSTER_NAME (on SQLite there should be only one)."
                ) from None
            ensure_schedules()
            watch = ClusterWatch(on_first_beat=self._ready)
            signal.signal(signal.SIGTERM, watch.ask_to_stop)
            signal.signal(signal.SIGINT, watch.ask_to_stop)
            watch.run()

    def _ready(self) -> None:
        tell_service_manager("READY=1\nSTATUS=The cluster's heart beats.")
        logger.info("The task cluster %s works: its heart beats.", settings.CLUSTER_NAME)
