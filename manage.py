#!/usr/bin/env python3
"""Command line of qualadmin. `demo` and `test` set themselves up on a bare Python 3.11."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qualadmin.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
