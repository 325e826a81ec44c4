from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "qualadmin.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks and the vocabulary: without it nothing could be recorded."""
        from . import checks, events  # noqa: F401
