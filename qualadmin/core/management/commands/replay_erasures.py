"""`manage.py replay_erasures`: erase again whom a database that was put back by hand has brought back."""

import getpass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from qualadmin.backup import erasures
from qualadmin.backup.manifest import BackupError
from qualadmin.core.actions.compacting import compact
from qualadmin.core.actions.erasures import replay_erasures
from qualadmin.core.actor import Actor


class Command(BaseCommand):
    """`manage.py restore` does it by itself. Exit code 0: nobody on the list is in the database any more."""

    help = "Erase again the workers on the list of erasures who are in the database, for example after a copy."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the list, erase, give back the free space."""
        try:
            workers = erasures.listed(settings.ERASURES_FILE)
        except BackupError as error:
            raise CommandError(str(error)) from None
        count = replay_erasures(actor=Actor(kind="cli", user_id=None, label=getpass.getuser()), workers=workers)
        self.stdout.write(f"{len(workers)} workers are on the list. {count} of them were erased again.")
        try:
            compact()
        except OperationalError as error:
            raise CommandError(
                f"They are erased, but free space of the database was not given back: {error}. "
                "End the service and run this again."
            ) from None
