from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "qualadmin.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the vocabulary, without which nothing can be recorded, and the system checks."""
        from . import checks, events  # noqa: F401
