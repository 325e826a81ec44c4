"""`manage.py audit_seal`: sign the log and publish it. Exit 0 good, 1 refused, 2 a place is behind, 3 usage."""

import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, close_old_connections

from qualadmin.audit.keys import read_public_keys
from qualadmin.audit.seal import resume
from qualadmin.audit.seal_state import AlreadySealing, only_sealer
from qualadmin.audit.types import AuditError
from qualadmin.offsite import Place, open_place
from qualadmin.tasks.sealer import REFUSED, Sealing
from qualadmin.tasks.watch import EVERY_SECONDS, look_around

USAGE: Final = 3
LOOK_SECONDS: Final = 5.0


class Command(BaseCommand):
    help = "Sign checkpoints of the audit log every 15 minutes and when a job ends, and publish them."
    requires_system_checks: list[str] = []  # missing guards are written into the checkpoint, not a reason to stop

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one checkpoint now, then end")
        parser.add_argument(
            "--resume-from", metavar="NOTE", help="file with the newest published note, if the memory is lost"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        places = _places()
        stopping = threading.Event()
        try:
            with only_sealer(settings.AUDIT_STATE_PATH):
                if options["resume_from"]:
                    self._resume(Path(options["resume_from"]))
                if options["once"]:
                    sys.exit(Sealing(places).round(force=True))
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, lambda *_: stopping.set())
                sys.exit(self._watch(Sealing(places), stopping))
        except (AuditError, AlreadySealing) as error:
            raise CommandError(str(error), returncode=REFUSED) from None

    def _watch(self, sealing: Sealing, stopping: threading.Event) -> int:
        """Round after round until asked to stop. A refusal ends nothing: the next round says it again."""
        verdict, looked = 0, time.monotonic()
        while not stopping.is_set():
            try:
                close_old_connections()
                verdict = sealing.round()
                if time.monotonic() - looked >= EVERY_SECONDS:
                    looked = time.monotonic()
                    look_around()  # for the case that the task cluster, which does this too, is dead
            except DatabaseError as error:
                self.stderr.write(f"The database does not answer: {error}")
            stopping.wait(LOOK_SECONDS)
        return verdict

    def _resume(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}", returncode=USAGE) from None
        found = resume(settings.AUDIT_STATE_PATH, read_public_keys(settings.AUDIT_PUBLIC_KEYS_PATH), text)
        self.stdout.write(f"The log up to entry {found.size - 1} is the one the note was signed for.")


def _places() -> list[Place]:
    try:
        return [open_place(words) for words in settings.AUDIT_PLACES]
    except ValueError as error:
        raise CommandError(f"QUALADMIN_AUDIT_PLACES: {error}.", returncode=USAGE) from None
