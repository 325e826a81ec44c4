"""Trying what must be refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db import transaction as database

from qualadmin.audit.models import AuditCheckpoint, AuditEntry, AuditHead, AuditPayload, AuditStream
from tests.audit.testapp.models import Lamp, Strict


def sql(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(parameters))


def refused(change: Callable[[], object]) -> None:
    """The change raises, and nothing that was there before is different."""
    before = snapshot()
    with pytest.raises(IntegrityError), database.atomic():
        change()
    assert snapshot() == before


def snapshot() -> list[list[dict[str, Any]]]:
    tables = (Lamp, Strict, AuditEntry, AuditHead, AuditStream, AuditPayload, AuditCheckpoint)
    return [list(table.objects.order_by("pk").values()) for table in tables]
