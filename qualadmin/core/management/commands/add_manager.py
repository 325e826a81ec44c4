"""`manage.py add_manager`: the first person of a new installation."""

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from qualadmin.core.actions.people import add_first_manager
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError


class Command(BaseCommand):
    """Adds one manager, who invites everybody else in the browser. Refused once there is a manager."""

    help = "Add the first manager of a new installation. The password is asked for, or read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user_name", help="what the manager signs in with")
        parser.add_argument("--full-name", required=True, help="as it stands in the audit log")
        parser.add_argument("--email", default="", help="may be left out")
        parser.add_argument("--reason", required=True, help="why, as it stands in the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the person and the role; exit code 1 with a sentence if that is refused."""
        who = getpass.getuser()
        try:
            add_first_manager(
                actor=Actor(kind="cli", user_id=None, label=who),
                username=options["user_name"],
                full_name=options["full_name"],
                email=options["email"],
                password=self._password(),
                reason=options["reason"],
            )
        except ActionError as error:
            raise CommandError(f"{error} Nobody was added.") from error
        self.stdout.write(f"{options['user_name']} can sign in now and will be asked to change the password.")

    def _password(self) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\n")
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise CommandError("The two passwords differ. Nobody was added.")
        return password
