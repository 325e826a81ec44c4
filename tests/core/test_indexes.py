"""An index that another one begins with is written at each change and read by nobody."""

import pytest
from django.apps import apps
from django.db import connection, models


def _beginnings(model: type[models.Model]) -> set[str]:
    """Fields with which an index or constraint without condition begins."""
    found = {fields[0] for fields in model._meta.unique_together}
    found |= {one.fields[0].lstrip("-") for one in model._meta.indexes if one.fields and one.condition is None}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and constraint.condition is None:
            found.add(constraint.fields[0])
    return found


def test_no_foreign_key_has_an_index_that_another_index_begins_with() -> None:
    twice = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("core").get_models()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and field.db_index and field.name in _beginnings(model)
    ]
    assert twice == [], "db_index=False"


@pytest.mark.django_db
def test_the_migrated_database_has_the_indexes_of_the_models_and_no_others() -> None:
    """Those of foreign keys. That to the audit entry belongs to the guards."""
    faults = []
    for model in apps.get_app_config("core").get_models():
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, model._meta.db_table)
        plain = [one["columns"] for one in found.values() if one["index"] and not one["unique"]]
        single = {columns[0] for columns in plain if len(columns) == 1}
        for field in model._meta.local_fields:
            if isinstance(field, models.ForeignKey) and not field.unique and field.name != "audit":
                named = any(one.fields == [field.name] for one in model._meta.indexes)
                if (field.column in single) != (field.db_index or named):
                    faults.append(f"{model.__name__}.{field.name}")
    assert faults == []
