"""`manage.py restore`: put a backup in place of the database. The service is read-only afterwards."""

import getpass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from qualadmin import service_lock
from qualadmin.audit import guards
from qualadmin.audit.findings import Finding, Report
from qualadmin.audit.types import Context, Who
from qualadmin.audit.verify import verify
from qualadmin.backup import erasures, sqlite
from qualadmin.backup.manifest import BackupError, Head, Manifest
from qualadmin.core.actions.compacting import compact
from qualadmin.core.actions.erasures import erased_workers, replay_erasures
from qualadmin.core.actions.restorations import mark_restored
from qualadmin.core.actor import Actor
from qualadmin.core.models import Heartbeat

BEAT_YOUNG: Final = timedelta(seconds=60)


class Command(BaseCommand):
    """Exit code 0: restored, and the log is unbroken. 1: refused, or the log is broken; the text says which."""

    help = "Put a backup in place of the database, which is kept aside. Two persons then open the service again."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="what `manage.py backup` took; its .json lies beside it")
        parser.add_argument("--reason", required=True, help="why, as it stands in the audit log")
        parser.add_argument("--yes", action="store_true", help="really do it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check everything that can be checked beforehand, then change places, then mark and verify."""
        file: Path = options["file"].absolute()
        try:
            manifest = self._checked(file)
            with service_lock.alone(Path(settings.VAR_DIR)):
                self._refuse_while_a_cluster_beats()
                if not options["yes"]:
                    raise CommandError(
                        f"{file} is whole: the database as it was at {manifest.taken_at}, with {manifest.entries} "
                        "audit entries. Nothing was changed. Say --yes to put it in place; the present database "
                        "is kept aside."
                    )
                self._restore(file, manifest, options["reason"])
        except (BackupError, service_lock.InUse) as error:
            raise CommandError(f"{error} The backup was not restored.") from None

    def _checked(self, file: Path) -> Manifest:
        manifest = Manifest.read(file)
        if manifest.database != connection.vendor:
            raise BackupError(
                f"{file} is a backup of {manifest.database}, but this service runs on {connection.vendor}."
            )
        if manifest.origin != settings.AUDIT_ORIGIN:
            raise BackupError(
                f"{file} belongs to the installation {manifest.origin}, not to {settings.AUDIT_ORIGIN}."
            )
        manifest.check_file(file)
        known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
        if newer := sorted(set(manifest.migrations) - known):
            raise BackupError(
                f"{file} was taken by version {manifest.version}, which is newer than this one "
                f"(it has {newer[0]}). Install that version first."
            )
        if connection.vendor == "sqlite":
            sqlite.check(file)
            if sqlite.head(file) != _head(manifest):
                raise BackupError(f"{file} does not hold what its description says.")
        else:
            from qualadmin.backup import postgres

            postgres.check(file)
        return manifest

    def _refuse_while_a_cluster_beats(self) -> None:
        """A cluster of another machine holds no lock of this one; its beat tells."""
        try:
            young = Heartbeat.objects.filter(beat_at__gt=timezone.now() - BEAT_YOUNG).values_list(
                "name", flat=True
            )
            name = young.first()
        except DatabaseError as error:
            self.stderr.write(f"The present database cannot be asked whether a cluster runs: {error}")
            name = None
        finally:
            connections.close_all()
        if name is not None:
            raise service_lock.InUse(
                f"The task cluster {name} was alive less than a minute ago. End it, and wait a minute."
            )

    def _restore(self, file: Path, manifest: Manifest, reason: str) -> None:
        mark = Path(settings.RESTORE_MARK)
        mark.write_text(f"{file}\n", encoding="utf-8")
        try:
            self._note_erasures(file)
            aside = self._put_in_place(file, manifest)
        except BackupError:
            mark.unlink()
            raise
        call_command("migrate", interactive=False, verbosity=0)
        lacking = guards.missing()
        if lacking:
            raise CommandError(f"Guards of the audit log could not be put in place: {', '.join(lacking[:5])}.")
        who = getpass.getuser()
        actor = Actor(kind="cli", user_id=None, label=who)
        # Before the mark goes: until then nothing starts.
        replayed = replay_erasures(actor=actor, workers=erasures.listed(settings.ERASURES_FILE))
        mark_restored(
            actor=actor,
            taken_at=manifest.moment,
            sha256=manifest.sha256,
            entries=manifest.entries,
            root=manifest.root,
            put_aside=aside,
            reason=reason,
        )
        compact()
        mark.unlink()
        self.stdout.write(f"Restored: the database as it was at {manifest.taken_at}.")
        if replayed:
            workers = "1 worker" if replayed == 1 else f"{replayed} workers"
            self.stdout.write(f"It had brought back {workers} who had been erased since. They were erased again.")
        if aside:
            self.stdout.write(f"The database that was there before is kept as {aside}.")
        self.stdout.write(
            "Start the service. It is read-only until it was compared with Amazon and a manager and a PI agreed."
        )
        self._verify(who)

    def _note_erasures(self, file: Path) -> None:
        """Bring together who was erased: by the list here, by that beside the backup, and by the present database.

        Raises BackupError where a list cannot be read or written: then nothing is put in place.
        """
        erased = set(erasures.listed(file.with_name(erasures.NAME)))
        try:
            erased |= set(erased_workers())
        except DatabaseError as error:
            self.stderr.write(f"The present database cannot be asked who was erased: {error}")
        finally:
            connections.close_all()
        erasures.add(settings.ERASURES_FILE, erased)

    def _put_in_place(self, file: Path, manifest: Manifest) -> str:
        """Returns where the present database is kept; empty if there was none."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        connections.close_all()
        if connection.vendor == "sqlite":
            present = Path(str(connection.settings_dict["NAME"]))
            aside = present.with_name(f"{present.name}.before-{stamp}")
            return str(aside) if sqlite.put_in_place(file, present, aside) else ""
        from qualadmin.backup import postgres

        parameters = connection.get_connection_params()
        name = f"{str(parameters['dbname'])[:38]}_before_{stamp}".lower()
        return name if postgres.put_in_place(file, parameters, name, _head(manifest)) else ""

    def _verify(self, who: str) -> None:
        def show(finding: Finding) -> None:
            self.stdout.write(str(finding))

        report = verify(Context(actor=Who("cli", who, who)), Report(notify=show))
        self.stdout.write(report.summary())
        if report.exit_code:
            raise CommandError("The backup was restored, but its audit log is not as it was written. See above.")


def _head(manifest: Manifest) -> Head:
    return Head(manifest.entries, manifest.root, manifest.migrations)
