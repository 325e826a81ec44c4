"""What Amazon has otherwise than qualadmin had it, until somebody took it over or put it right."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from qualadmin.audit.models import AuditedModel

from .accounts import RequesterAccount
from .people import User
from .qualifications import Qualification, QualificationType, Worker


def still_so() -> Q:
    """What a difference must meet to stand: nobody decided, and what the worker holds is still what was found.

    That is exact, by entries: a job that changed it since left its own entry at the qualification.
    """
    found = Qualification.objects.filter(
        type=OuterRef("type"), worker=OuterRef("worker"), audit=OuterRef("seen_entry")
    )
    return Q(closed_at=None) & (Q(worker=None) | Q(Exists(found)))


class DriftQuerySet(models.QuerySet["Drift"]):
    def standing(self) -> Self:
        """Those that are still so."""
        return self.filter(still_so())


class Drift(AuditedModel):
    """A difference between what qualadmin had last and what Amazon said: granted, changed or revoked elsewhere.

    open ─→ taken over           somebody accepts it as the truth, and says why
         ├→ put right            a job restored what we had
         ├→ changed since        a job made something else of it
         └→ back                 Amazon has it again as we had it
    The last three are found by looking (`closed_as`): what they tell stands in the entries of the changes.
    """

    class Kind(models.TextChoices):
        GRANTED = "granted", "Granted outside"
        SCORE = "score", "Score changed outside"
        REVOKED = "revoked", "Taken away outside"
        MISSING = "missing", "Missing at Amazon"
        NEW_TYPE = "new_type", "Unknown type"
        GONE_TYPE = "gone", "Type gone at Amazon"

    class Closed(models.TextChoices):
        TAKEN_OVER = "taken", "Taken over"
        PUT_RIGHT = "right", "Put right"
        CHANGED = "since", "Changed since"
        BACK = "back", "As before again"

    OF_TYPES: ClassVar[tuple[str, ...]] = (Kind.NEW_TYPE, Kind.GONE_TYPE)

    # read off the entries of what came later, so that closing needs none of its own
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"closed_at", "closed_as"})

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="drift")
    type = models.ForeignKey(QualificationType, on_delete=models.PROTECT, related_name="drift")
    worker = models.ForeignKey(
        Worker, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )  # null: the type itself
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # what qualadmin had, and the entry that made it so; empty: nothing
    held_status = models.CharField(max_length=7, choices=Qualification.Status.choices, blank=True)
    held_value = models.IntegerField(null=True)
    held_entry = models.UUIDField(null=True)
    # what Amazon said, when that was seen last, and the entry that tells it
    seen_status = models.CharField(max_length=7, choices=Qualification.Status.choices, blank=True)
    seen_value = models.IntegerField(null=True)
    seen_at = models.DateTimeField()
    seen_entry = models.UUIDField(default=uuid.uuid4)
    found_at = models.DateTimeField()  # when it was seen first
    times = models.PositiveIntegerField(default=1)  # how often it was changed elsewhere meanwhile
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)
    closed_as = models.CharField(max_length=5, choices=Closed.choices, blank=True)

    objects = DriftQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["type", "worker"],
                condition=Q(closed_at=None, worker__isnull=False),
                name="one_open_drift_per_worker",
            ),
            models.UniqueConstraint(
                fields=["type"], condition=Q(closed_at=None, worker=None), name="one_open_drift_per_type"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "id"], condition=Q(closed_at=None), name="drift_open"),
            models.Index(fields=["account", "id"], condition=Q(closed_at__isnull=False), name="drift_closed"),
            models.Index(fields=["worker", "id"], name="drift_of_worker"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.type}"

    @property
    def held(self) -> tuple[str, int | None]:
        """What qualadmin had: status and score, the score only where it was granted."""
        granted = self.held_status == Qualification.Status.GRANTED
        return self.held_status, self.held_value if granted else None
