from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "qualadmin.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the vocabulary, without which nothing can be recorded, the gate before it, and the checks."""
        from qualadmin.audit.record import add_gate

        from . import checks, events  # noqa: F401
        from .actions.restorations import refuse_while_read_only

        add_gate(refuse_while_read_only)
