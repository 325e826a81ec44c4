"""Erasing one worker: who asked, who agreed; what keeps it from being done; and by what the id is known again."""

import uuid
from typing import ClassVar, Self

from django.db import models

from qualadmin.audit.models import AuditedModel

from .people import Study, User
from .qualifications import Worker


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def waiting(self) -> Self:
        """Those that nobody decided on."""
        return self.filter(state=Erasure.State.ASKED)


class Erasure(AuditedModel):
    """The wish to erase one worker.

    asked ─→ done | declined (by a second person) | withdrawn (by who asked)
    """

    class State(models.TextChoices):
        ASKED = "asked", "Waits for a second person"
        DONE = "done", "Erased"
        DECLINED = "declined", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    #: when the free space of the database file, in which the bytes may still have been, was given back
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"compacted_at"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="erasures")
    state = models.CharField(max_length=9, choices=State.choices, default=State.ASKED)
    reason = models.TextField()
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    words = models.TextField(blank=True)  # to the person who asked
    compacted_at = models.DateTimeField(null=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["worker"], condition=models.Q(state="asked"), name="one_wish_to_erase_a_worker"
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done") | ~models.Q(decided_by=models.F("asked_by")),
                name="erased_by_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"erasure asked on {self.asked_at:%Y-%m-%d}: {self.get_state_display()}"


class ErasedId(models.Model):
    """The keyed hash of an erased id, so that Amazon's lists do not bring it back. Nothing points at it."""

    unaudited_reason: ClassVar[str] = (
        "Written with the erasure, whose entry must not lead to it: nobody shall tell which worker it was."
    )

    digest = models.CharField(max_length=64, primary_key=True)

    def __str__(self) -> str:
        return "an erased id"


class Hold(AuditedModel):
    """While it lasts nothing of the worker, or of the study, may go. Ended, never deleted."""

    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, null=True, related_name="holds")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="holds")
    reason = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(worker=None) ^ models.Q(study=None), name="hold_on_worker_or_study"
            ),
            models.UniqueConstraint(
                fields=["worker"], condition=models.Q(ended_at=None), name="one_hold_a_worker"
            ),
            models.UniqueConstraint(fields=["study"], condition=models.Q(ended_at=None), name="one_hold_a_study"),
        ]

    def __str__(self) -> str:
        return f"hold on a {'worker' if self.study_id is None else 'study'}"
