"""What programs bring along: access tokens, and keys by which a call sent again is known again."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from qualadmin.audit.models import AuditedModel
from qualadmin.core.permissions import Scope

from .accounts import RequesterAccount
from .people import User


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def live(self) -> Self:
        """Those that can still be used, as far as they themselves tell."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class AccessToken(AuditedModel):
    """A token of one person. The token itself is kept nowhere, only a keyed hash of it.

    Revoked, never deleted. It never reaches further than its person: roles are read at each use.
    """

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"last_used_at"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)  # what it is for, in the person's words
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)  # how the token begins: enough to tell two apart
    scopes = models.CharField(max_length=40)  # of `Scope`, with blanks between
    account = models.ForeignKey(
        RequesterAccount, on_delete=models.PROTECT, null=True, related_name="+"
    )  # null: all accounts of the person
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)  # to the minute

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def scope_set(self) -> frozenset[Scope]:
        return frozenset(Scope(word) for word in self.scopes.split())

    @property
    def shown_as(self) -> str:
        """How people tell two apart."""
        return f"{self.hint}…"

    @property
    def may(self) -> str:
        """What it may do, in words."""
        return self.scopes

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class RepeatKey(models.Model):
    """A key a program gave one call, and its answer: sent again, the call gets that answer and does nothing."""

    unaudited_reason: ClassVar[str] = "Written with the job it stands for, whose entry says what was done."

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    content = models.CharField(max_length=64)  # SHA-256 of what was asked
    answer = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return f"key of {self.user}"
