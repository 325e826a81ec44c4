"""`python3 manage.py audit_verify`: recompute the audit log. Exit 0 good, 1 tampered, 2 incomplete, 3 usage."""

import getpass
import json
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from qualadmin.audit.findings import Finding, Report
from qualadmin.audit.types import Context, Who
from qualadmin.audit.verify import verify

USAGE = 3


class Command(BaseCommand):
    help = "Recompute the audit log and report everything that is not as it was written."
    # The checks refuse to run without guards; saying which are missing is part of this command's work.
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)

        def refuse(message: str) -> NoReturn:
            parser.print_usage(sys.stderr)
            parser.exit(USAGE, f"{message}\n")

        parser.error = refuse  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=int, default=0, metavar="SEQ", help="first entry")
        parser.add_argument("--to", dest="last", type=int, metavar="SEQ", help="last entry")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
        parser.add_argument("--quick", action="store_true", help="numbers, hashes and guards only")

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = options["first"], options["last"]
        if first < 0 or (last is not None and last < first):
            self.stderr.write("--from must not be negative, --to not below --from.")
            sys.exit(USAGE)

        def show(finding: Finding) -> None:
            if not options["json"]:
                self.stdout.write(str(finding))

        person = getpass.getuser()
        context = Context(actor=Who("cli", person, person))
        report = verify(context, Report(notify=show), first=first, last=last, quick=options["quick"])
        self.stdout.write(json.dumps(report.as_json()) if options["json"] else report.summary())
        sys.exit(report.exit_code)
