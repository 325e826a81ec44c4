"""HITs of an account, and the workers who did them, as copied from Amazon for somebody who asked."""

import re
import uuid
from typing import ClassVar

from django.db import models

from .accounts import RequesterAccount
from .lists import ListSource
from .people import User
from .readings import Progress

HIT_ID = re.compile(r"[A-Z0-9]{1,64}")


class HitList(Progress):
    """The reading of an account's list of HITs: the one under way, or the last one.

    `began_at` is empty while it only waits; `finished_at` is when the last whole list was begun.
    """

    unaudited_reason: ClassVar[str] = "How far a copy of Amazon's list is. Nothing here is changed by it."

    account = models.OneToOneField(
        RequesterAccount, on_delete=models.PROTECT, primary_key=True, related_name="hit_list"
    )
    asked_at = models.DateTimeField(null=True)
    began_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)  # as of when the copy is whole

    def __str__(self) -> str:
        return f"HITs of {self.account}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still waits for it."""
        return self.asked_at is not None


class Hit(models.Model):
    """A HIT as Amazon last listed it: only to choose from."""

    unaudited_reason: ClassVar[str] = "A copy of Amazon's list, to choose from. Nothing is decided by it."

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="hits", db_index=False)
    hit_id = models.CharField("HIT ID", max_length=64)
    title = models.CharField(max_length=255)
    status = models.CharField(max_length=20)  # Amazon's word: Assignable, Reviewable, Disposed …
    created_at = models.DateTimeField()  # at Amazon
    max_assignments = models.PositiveIntegerField(default=0)
    available = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)  # decided
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "hit_id"], name="hit_once_per_account")]
        indexes = [models.Index(fields=["account", "created_at", "id"], name="hit_list_order")]

    def __str__(self) -> str:
        return self.title

    @property
    def submitted(self) -> int:
        """Assignments that were handed in or decided. Amazon does not tell it directly."""
        return max(0, self.max_assignments - self.available - self.pending)


class HitReading(Progress):
    """Somebody, or a worker list, wants to know who did these HITs.

    waiting ─→ done | failed          `place` is the HIT that is being read, counted from 0
    """

    unaudited_reason: ClassVar[str] = (
        "Working data, forgotten after some days, or with the source of a list that goes by it. The entries of "
        "the asking and of what it came to are in the log."
    )

    class State(models.TextChoices):
        WAITING = "waiting", "Being read"
        DONE = "done", "Read"
        FAILED = "failed", "Could not be read"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")  # null: by the clock
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    source = models.ForeignKey(  # of a worker list: its newest answer is what the list holds
        ListSource, on_delete=models.PROTECT, null=True, related_name="readings", db_index=False
    )
    hit_ids = models.JSONField()  # in the order asked for, each once
    statuses = models.JSONField()  # which assignments count: Submitted, Approved, Rejected
    place = models.PositiveIntegerField(default=0)
    unread = models.JSONField(default=list)  # [HIT id, why in words] of those that Amazon did not give
    workers = models.PositiveIntegerField(default=0)  # different ones, once it is done
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["asked_at"], condition=models.Q(state="waiting"), name="hit_reading_waiting"),
            models.Index(fields=["asked_at"], name="hit_reading_age"),
            models.Index(
                fields=["source", "asked_at"],
                condition=models.Q(source__isnull=False),
                name="hit_reading_source",
            ),
        ]

    def __str__(self) -> str:
        return f"workers of {len(self.hit_ids)} HITs"


class HitWork(models.Model):
    """What one worker handed in for one HIT of a reading."""

    unaudited_reason: ClassVar[str] = HitReading.unaudited_reason

    id = models.BigAutoField(primary_key=True)
    reading = models.ForeignKey(HitReading, on_delete=models.CASCADE, related_name="work", db_index=False)
    assignment_id = models.CharField(max_length=64)
    hit_id = models.CharField(max_length=64)
    worker_id = models.CharField(max_length=64)
    status = models.CharField(max_length=9)  # Submitted, Approved, Rejected
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reading", "assignment_id"], name="work_once_per_reading")]
        indexes = [models.Index(fields=["reading", "worker_id", "submitted_at"], name="work_by_worker")]

    def __str__(self) -> str:
        return self.assignment_id
