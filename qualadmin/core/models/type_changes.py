"""What is asked of Amazon about a type that exists, and tests that somebody is still writing."""

import uuid
from typing import ClassVar

from django.db import models

from qualadmin.audit.models import AuditedModel

from .accounts import RequesterAccount
from .people import User
from .qualifications import QualificationType


class TypeChange(AuditedModel):
    """One update or deletion of a type, from the wish to what became of it.

    asked ─→ done                Amazon did it
          ├→ accepted ─→ done    a deletion: begun at Amazon, until it no longer knows the type
          └→ refused             Amazon said no, or the type had changed there; nothing was done
    """

    class Kind(models.TextChoices):
        UPDATE = "update", "Change"
        DELETE = "delete", "Deletion"

    class State(models.TextChoices):
        ASKED = "asked", "Being sent"
        ACCEPTED = "accepted", "Begun at Amazon"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    OPEN: ClassVar[tuple[str, ...]] = ("asked", "accepted")
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"lease_until", "checks"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    type = models.ForeignKey(
        QualificationType, on_delete=models.PROTECT, related_name="type_changes", db_index=False
    )
    kind = models.CharField(max_length=6, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    before = models.JSONField(default=dict)  # the fields that change, as they were known when it was asked for
    after = models.JSONField(default=dict)
    failure = models.TextField(blank=True)  # for people
    detail = models.TextField(blank=True)  # Amazon's own words
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    checks = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["type"],
                condition=models.Q(state__in=["asked", "accepted"]),
                name="one_type_change_in_hand",
            )
        ]
        indexes = [
            models.Index(fields=["type", "-created_at"], name="type_change_newest"),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state__in=["asked", "accepted"]),
                name="type_change_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.type}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class DraftedTest(models.Model):
    """A qualification test that somebody is writing. It becomes part of a type that is created or changed."""

    unaudited_reason: ClassVar[str] = (
        "Working data of one person. The entry that asks Amazon for the test holds its digest."
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="+")
    type = models.ForeignKey(QualificationType, on_delete=models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    question_form = models.TextField(blank=True)
    answer_key = models.TextField(blank=True)
    duration_seconds = models.BigIntegerField(default=3_600)
    answers = models.JSONField(default=dict)  # of the page that creates a type, kept while the test is written

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["updated_at"], name="drafted_test_age")]

    def __str__(self) -> str:
        return f"test written by {self.created_by}"
