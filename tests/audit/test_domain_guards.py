"""Every audited table of the installed apps is guarded, whatever it is called."""

import pytest
from django.apps import apps
from django.db import connection

from qualadmin.audit import guards
from qualadmin.audit.models import AuditedModel
from tests.audit.damage import refused, sql

pytestmark = pytest.mark.django_db
MODELS = [model for model in apps.get_models() if issubclass(model, AuditedModel)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_audited_table_has_its_guards(model: type[AuditedModel]) -> None:
    table = model._meta.db_table
    assert table in {guard.table for guard in guards.wanted(connection)}
    assert not [name for name in guards.missing() if table in name]


@pytest.mark.parametrize("label", ["core.User", "core.RequesterAccount", "core.Study", "core.RoleAssignment"])
def test_t_a10_to_a16_rows_of_the_domain_are_guarded(
    label: str, cast: object, study: object, production_account: object
) -> None:
    model = apps.get_model(label)
    row = model._default_manager.all()[:1].get()
    table = model._meta.db_table
    refused(lambda: sql(f"DELETE FROM {table}"))
    refused(lambda: row.delete())
    refused(lambda: model._default_manager.filter(pk=row.pk).update(audit_id=row.audit_id, **_other(row)))


def _other(row: AuditedModel) -> dict[str, object]:
    """One audited column with another value."""
    for field in row._meta.concrete_fields:
        if field.name in {"audit", *row.unaudited_fields} or field.primary_key:
            continue
        if field.get_internal_type() == "BooleanField":
            return {field.name: not getattr(row, field.attname)}
        if field.get_internal_type() in {"CharField", "TextField", "SlugField", "EmailField"}:
            return {field.name: "other"}
    raise AssertionError(f"{row._meta.label} has no column this test can change")
