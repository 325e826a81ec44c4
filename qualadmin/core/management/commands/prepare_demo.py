"""`manage.py prepare_demo`: the demo's tables and data. It may run any number of times."""

import io
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Migrates, seeds from the emulator at EMULATOR_URL, and notes who can sign in."""

    help = "Make the tables and the made-up data of the demo."
    requires_system_checks: list[str] = []  # they ask for the tables this command makes

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse anything but a demo: it makes people whose passwords are public."""
        if settings.MODE != "demo":
            raise CommandError("This is only for the demo: QUALADMIN_MODE is not demo. Nothing was changed.")
        from qualadmin.tasks.seed import seed_demo

        call_command("migrate", verbosity=0, interactive=False)
        if not settings.AUDIT_KEY_PATH.exists():
            call_command("audit_keygen", stdout=io.StringIO(), stderr=io.StringIO())
        (Path(settings.VAR_DIR) / "checkpoints").mkdir(exist_ok=True)
        people = [{"name": one.name, "password": one.password, "role": one.role} for one in seed_demo()]
        path = Path(settings.VAR_DIR) / "sign-ins.json"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(people, file)
