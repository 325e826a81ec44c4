"""`python -m tests.tasks.watched [SECONDS]`: run_worker with a watchdog that loses patience in seconds.

SECONDS between two sweeps it rings for: 2.
"""

import os
import sys


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django

    django.setup()
    from django.core.management import call_command

    from qualadmin.tasks import worker

    worker.RING_SECONDS = 1.0  # type: ignore[misc]
    worker.SILENT_SECONDS = 8.0  # type: ignore[misc]
    worker.SWEEP_SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0  # type: ignore[misc]
    call_command("run_worker")


if __name__ == "__main__":
    sys.exit(main())
