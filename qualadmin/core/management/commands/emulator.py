"""python3 manage.py emulator: Amazon's side of the wire, in the foreground."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand

from qualadmin.emulator.server.run import add_arguments, run


class Command(BaseCommand):
    help = "Runs the Mechanical Turk emulator. Prints READY and its address, ends with Ctrl-C."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(run(options))
