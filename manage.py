#!/usr/bin/env python3
"""Command line of qualadmin. `demo`, `test` and `emulator` set themselves up on a bare Python 3.11."""

import os
import sys
from importlib.util import find_spec

from qualadmin import bootstrap

# Commands that touch nobody's data need no settings of a real installation.
DEBUG_COMMANDS = {"emulator", "help", "--help", "version", "--version", "makemigrations", "runserver"}
USAGE = """\
qualadmin: see the README. Often used:
  python3 manage.py demo          everything at once, with made-up data and no contact to Amazon
  python3 manage.py test          the tests (arguments go to pytest)
  python3 manage.py emulator      Amazon's side alone, for any boto3 program
  python3 manage.py help          all commands
"""


def main(argv: list[str]) -> int:
    """Run one command; the exit code."""
    command = argv[1] if len(argv) > 1 else ""
    if not command:
        sys.stdout.write(USAGE)
        return 2
    if command in bootstrap.SELF_SERVICE:
        bootstrap.ensure(bootstrap.lock_for(command))
    elif find_spec("django") is None:
        bootstrap.use_existing(command)
    if command == "demo":
        from qualadmin.tasks.demo import main as demo

        return demo(argv[2:])
    if command in {"test", "lint", "lock"}:
        from qualadmin import development

        return development.COMMANDS[command](argv[2:])
    return django_command(argv, command)


def django_command(argv: list[str], command: str) -> int:
    """Any other command is Django's or one of `qualadmin/core/management/commands`."""
    from qualadmin.env import ConfigurationError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualadmin.settings")
    if command in DEBUG_COMMANDS:
        os.environ.setdefault("QUALADMIN_MODE", "debug")
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(argv)
    except ConfigurationError as error:
        sys.stderr.write(error.text() + "\n")
        return 3  # also what makes gunicorn stop instead of starting its workers over and over
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
