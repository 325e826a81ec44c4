"""`python3 manage.py audit_verify`: recompute the audit log. Exit 0 good, 1 tampered, 2 incomplete, 3 usage."""

import getpass
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from qualadmin.audit.checkpoints import Evidence, Trust, evidence_of
from qualadmin.audit.findings import Finding, Report
from qualadmin.audit.notes import NoteFault, VerifyKey
from qualadmin.audit.types import Context, Who
from qualadmin.audit.verify import own_trust, verify
from qualadmin.offsite import Unreachable, open_place

USAGE = 3


def _trust(options: dict[str, Any], report: Report) -> Trust:
    """What was asked for on the command line. Ends with USAGE for files and keys that are none."""
    published = None
    try:
        keys = [VerifyKey.from_text(one) for one in options["key"]] or own_trust().keys
        evidence = [Evidence(one, Path(one).read_text(encoding="utf-8")) for one in options["checkpoint"]]
        if options["worm"]:
            published = evidence_of(open_place(_address(options["worm"])).notes())
    except Unreachable as error:
        report.add("unreachable", None, str(error))
    except (NoteFault, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(USAGE)
    return Trust(keys, evidence, published)


def _address(words: str) -> str:
    return words if words.startswith("s3://") else os.path.abspath(words)


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
        parser.add_argument("--checkpoint", nargs="+", default=[], metavar="FILE", help="notes kept elsewhere")
        parser.add_argument(
            "--key", nargs="+", default=[], metavar="VKEY", help="public keys you trust, oldest first"
        )
        parser.add_argument(
            "--worm", metavar="PLACE", help="folder or s3://bucket/prefix that has every checkpoint"
        )
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
        report = Report(notify=show)
        trust = _trust(options, report)
        verify(context, report, first=first, last=last, quick=options["quick"], trust=trust)
        self.stdout.write(json.dumps(report.as_json()) if options["json"] else report.summary())
        sys.exit(report.exit_code)
