"""System checks of the audit log."""

import sys
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DEFAULT_DB_ALIAS, OperationalError
from django.db.models import Model

from qualadmin.audit import guards
from qualadmin.audit.models import AuditedModel

PACKAGE = __name__.partition(".")[0]


def register_all() -> None:
    """Called once when the app is ready."""
    register(check_guards, Tags.database)
    register(check_models, Tags.models)


def check_guards(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """audit.E001: a guard is missing. Silent for `migrate`, which is what puts guards back."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or sys.argv[1:2] == ["migrate"]:
        return []
    try:
        lacking = guards.missing(DEFAULT_DB_ALIAS)
    except OperationalError as error:
        return [Error(f"The guards of the audit log could not be checked: {error}", id="audit.E001")]
    if not lacking:
        return []
    return [
        Error(
            f"{len(lacking)} guards of the audit log are missing or different: {', '.join(lacking[:5])}",
            hint="Find out who changed the database, then put them back with: python3 manage.py migrate",
            id="audit.E001",
        )
    ]


def check_models(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """audit.E002: one of our models is neither audited nor says why not."""
    chosen = apps.get_app_configs() if app_configs is None else app_configs
    return [
        error
        for config in chosen
        if config.name.partition(".")[0] == PACKAGE
        for model in config.get_models(include_auto_created=True)
        for error in check_model(model)
    ]


def check_model(model: type[Model]) -> list[CheckMessage]:
    """The findings about one model."""
    if model._meta.proxy:
        return []
    if issubclass(model, AuditedModel):
        unknown = model.unaudited_fields - {field.name for field in model._meta.concrete_fields}
        wrong = unknown | (model.unaudited_fields & {"audit", model._meta.pk.name})
        if not wrong:
            return []
        names = ", ".join(sorted(wrong))
        return [Error(f"unaudited_fields names what it cannot: {names}.", obj=model, id="audit.E003")]
    if str(getattr(model, "unaudited_reason", "")).strip():
        return []
    return [
        Error(
            "Changes of this model would leave no trace in the audit log.",
            hint="Inherit from AuditedModel, or give the model an unaudited_reason.",
            obj=model,
            id="audit.E002",
        )
    ]
