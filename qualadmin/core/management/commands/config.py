"""`manage.py config`: the settings in force, secrets masked."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from qualadmin.env import Environment, masked


class Command(BaseCommand):
    """One line a setting: name, value, where it comes from, what it is for."""

    help = "Show every setting in force. Secrets and passwords are never shown."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the readings of settings.py in their order."""
        environment: Environment = settings.ENV
        for reading in environment.readings.values():
            source = "set" if reading.given else "default"
            self.stdout.write(f"{reading.name}={masked(reading)}\n    {source}; {reading.about}")
        for name in settings.UNKNOWN_SETTINGS:
            self.stdout.write(self.style.WARNING(f"{name} is set, but no setting has this name: misspelt?"))
