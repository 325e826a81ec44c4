"""`manage.py audit_keygen`: make the key that signs the audit log, or with --rotate replace it."""

import getpass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from qualadmin.audit.keys import read_signing_keys, write_signing_keys
from qualadmin.audit.notes import SigningKey
from qualadmin.audit.rotation import tell
from qualadmin.audit.seal import begin
from qualadmin.audit.seal_state import only_sealer
from qualadmin.audit.types import AuditError, Context, Who
from qualadmin.core.killpoints import reached


class Command(BaseCommand):
    help = "Make the sealer's key and print its public half, which PIs keep."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rotate", action="store_true", help="replace the key; the next checkpoint has both")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with only_sealer(settings.AUDIT_STATE_PATH):
                key = rotate() if options["rotate"] else make()
        except AuditError as error:
            raise CommandError(f"{error} Nothing was changed.") from None
        self.stdout.write(str(key.public))
        self.stderr.write("This is the public key. Give it to the PIs; the private key stays in its file.")


def make() -> SigningKey:
    """The first key of this log, and the memory of a sealer that signed nothing yet. Raises AuditError."""
    key = SigningKey.generate(settings.AUDIT_ORIGIN)
    if not settings.AUDIT_KEY_PATH.exists():
        begin(settings.AUDIT_STATE_PATH)
    write_signing_keys(settings.AUDIT_KEY_PATH, [key], new=True)
    reached("key_kept")
    tell(_context(), [key.public])
    return key


def rotate() -> SigningKey:
    """The next key. Asked again before it has signed, it completes what was begun. Raises AuditError."""
    keys = read_signing_keys(settings.AUDIT_KEY_PATH)
    if len(keys) == 1:
        keys.append(SigningKey.generate(settings.AUDIT_ORIGIN))
        write_signing_keys(settings.AUDIT_KEY_PATH, keys)
        reached("key_kept")
    tell(_context(), [key.public for key in keys])
    return keys[-1]


def _context() -> Context:
    person = getpass.getuser()
    return Context(actor=Who("cli", person, person))
