"""`manage.py demo`, for `manage.py help`. manage.py itself starts the demo without waiting for Django."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from qualadmin.tasks.demo import main


class Command(BaseCommand):
    """See qualadmin/tasks/demo.py."""

    help = "Run everything at once with made-up data; nothing talks to Amazon."

    def run_from_argv(self, argv: list[str]) -> None:
        """Hand the options over as they are; `demo` reads them itself."""
        raise SystemExit(main(argv[2:]))

    def add_arguments(self, parser: CommandParser) -> None:
        """For call_command."""
        parser.add_argument("arguments", nargs="*")

    def handle(self, *args: Any, **options: Any) -> None:
        """For call_command."""
        raise SystemExit(main(list(options["arguments"])))
