"""A made-up audited table, so that the log is tested without the domain."""

from typing import ClassVar

from django.db import models

from qualadmin.audit.models import AuditedModel


class Lamp(AuditedModel):
    """Changes of everything but `warmth` need an entry."""

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"warmth"})

    name = models.CharField(max_length=20, unique=True)
    lit = models.BooleanField(default=False)
    colour = models.CharField(max_length=40, default="white")
    warmth = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Strict(AuditedModel):
    """Every change needs an entry."""

    name = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.name
