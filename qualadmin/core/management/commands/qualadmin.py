"""`manage.py qualadmin WORD …`: grants, revokes and looks as a person, with the same rights, checks and log."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from qualadmin.cli.arguments import add_words
from qualadmin.cli.printing import standard
from qualadmin.cli.running import run


class Command(BaseCommand):
    """Exit codes are in docs/command-line.md."""

    help = (
        "Grant, revoke and look, as the person named. Words: grant, revoke, types, workers, jobs, requests, audit."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_words(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Ends with the exit code."""
        sys.exit(run(options, standard(as_json=options["json"])))
