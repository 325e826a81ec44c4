"""`manage.py backup`: a verified copy of the whole database, taken while the service works."""

import getpass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from qualadmin.audit.types import AuditError
from qualadmin.backup import erasures
from qualadmin.backup.manifest import BackupError
from qualadmin.backup.taking import take
from qualadmin.core.actions.erasures import erased_workers
from qualadmin.core.actions.system import record_backup_failed, record_backup_finished
from qualadmin.core.actor import Actor


class Command(BaseCommand):
    """Run it by a timer. Exit code 0: there is a new, whole copy; 1: there is none."""

    help = "Copy the whole database into a file while the service works, verify the copy, and note its hash."
    # A database whose guards were taken away is worth a copy more than any other.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=Path, default=settings.BACKUP_DIR, metavar="DIR", help="folder of copies")
        parser.add_argument(
            "--keep", type=int, default=0, metavar="N", help="remove all but the N newest copies in the folder"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Take the copy and tell of it here and in the audit log."""
        actor = Actor(kind="cli", user_id=None, label=getpass.getuser())
        if options["keep"] < 0:
            raise CommandError("--keep must not be negative. No backup was taken.")
        try:
            taken = take(
                options["to"].absolute(),
                origin=settings.AUDIT_ORIGIN,
                version=settings.APP_VERSION,
                keep=options["keep"],
            )
        except BackupError as error:
            self._note_failure(actor, str(error))
            raise CommandError(f"{error} No backup was taken.") from None
        manifest = taken.manifest
        try:
            erasures.add(taken.file.with_name(erasures.NAME), erased_workers())
        except BackupError as error:
            raise CommandError(
                f"The backup is whole, but: {error} Restores go by it, so mend that first."
            ) from None
        self.stdout.write(
            f"{taken.file}: {manifest.bytes} bytes, {manifest.entries} audit entries, root {manifest.root[:16]}…, "
            f"SHA-256 {manifest.sha256}."
        )
        if taken.removed:
            self.stdout.write(f"{taken.removed} older copies were removed; {options['keep']} are kept.")
        try:
            record_backup_finished(
                actor=actor,
                entries=manifest.entries,
                root=manifest.root,
                sha256=manifest.sha256,
                size=manifest.bytes,
            )
        except (DatabaseError, AuditError) as error:
            raise CommandError(f"The backup is whole, but could not be noted in the audit log: {error}") from None

    def _note_failure(self, actor: Actor, detail: str) -> None:
        try:
            record_backup_failed(actor=actor, detail=detail)
        except (DatabaseError, AuditError) as error:
            self.stderr.write(f"This could not be noted in the audit log: {error}")
