from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class AuditConfig(AppConfig):
    name = "qualadmin.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from qualadmin.audit import checks, migrating

        checks.register_all()
        pre_migrate.connect(_before, sender=self)
        post_migrate.connect(_after, sender=self)
        self.migrating: Any = migrating


def _before(sender: AuditConfig, **signal: Any) -> None:
    sender.migrating.before(signal["using"], signal.get("plan", ()))


def _after(sender: AuditConfig, **signal: Any) -> None:
    sender.migrating.after(signal["using"], signal.get("plan", ()))
