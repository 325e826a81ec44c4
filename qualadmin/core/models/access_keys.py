"""What programs bring along that speak Amazon's own protocol: access keys; and what they ask of Amazon."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from qualadmin.audit.models import AuditedModel

from .accounts import RequesterAccount
from .people import Study, User


class AccessKeyQuerySet(models.QuerySet["AccessKey"]):
    def live(self) -> Self:
        """Those that can still be used, as far as they themselves tell."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class AccessKey(AuditedModel):
    """An access key of one person for one account. Its secret is kept nowhere: it is worked out from the key id.

    Revoked, never deleted. It never reaches further than its person: roles are read at each use.
    """

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"last_used_at"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="access_keys")
    name = models.CharField(max_length=80)  # what it is for, in the person's words
    key_id = models.CharField(max_length=20, unique=True)  # no secret: it travels with each call
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="+")
    may_change = models.BooleanField(default=False)  # otherwise it reads
    # what changes are for, where the call itself does not say
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)  # to the minute

    objects = AccessKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_as(self) -> str:
        """How people tell two apart."""
        return self.key_id

    @property
    def may(self) -> str:
        """What it may do, in words."""
        return "read, change" if self.may_change else "read"

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class RelayedCall(models.Model):
    """A question of a program to Amazon, and Amazon's answer: there for the seconds until it is handed over.

    waiting ─claim→ asked ─→ answered (and deleted by whoever waited)
    """

    unaudited_reason: ClassVar[str] = "Working data of seconds. That somebody asked is an entry of the log."

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        ASKED = "asked", "Asked"
        ANSWERED = "answered", "Answered"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="+")
    operation = models.CharField(max_length=60)  # Amazon's name
    parameters = models.JSONField()  # hold worker ids, so the row does not stay
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="waiting"), name="relay_waiting"),
        ]

    def __str__(self) -> str:
        return self.operation
