"""Keeps the cache table in its own SQLite file, and everything else out of that file."""

from typing import Any

CACHE_APP = "django_cache"  # the app label Django gives the table of its DatabaseCache


class CacheRouter:
    """Used only when settings.DATABASES has the alias `cache`."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        """The alias a query reads from."""
        return "cache" if model._meta.app_label == CACHE_APP else None

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        """The alias a query writes to."""
        return self.db_for_read(model, **hints)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """The cache table goes into the alias `cache`, and nothing else does."""
        return (db == "cache") == (app_label == CACHE_APP)
