from django.apps import AppConfig


class AuditTestConfig(AppConfig):
    name = "tests.audit.testapp"
    label = "audittest"
    default_auto_field = "django.db.models.BigAutoField"
