"""Django's `migrate`, and the table of the shared cache with it: one command makes a database ready."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
from django.core.management.commands import migrate


class Command(migrate.Command):
    """Rate limits count in the cache; a forgotten `createcachetable` would fail the first sign-in."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then make the cache table where there is none."""
        Path(settings.VAR_DIR).mkdir(parents=True, exist_ok=True)
        super().handle(*args, **options)
        alias = "cache" if "cache" in settings.DATABASES else "default"
        if isinstance(caches["default"], DatabaseCache) and not options.get("check_unapplied"):
            call_command("createcachetable", database=alias, verbosity=options["verbosity"])
