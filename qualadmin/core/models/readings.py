"""Long lists of Amazon's that are read page by page: how far a reading is, so that another task can go on."""

from typing import ClassVar

from django.db import models

from .qualifications import QualificationType


class Progress(models.Model):
    """The columns of a row that a task reads for. Whoever holds the lease reads on; when it ran out, anybody may.

    `token` is Amazon's, of the page that comes next. Such tokens may expire: then the list is begun again.
    """

    token = models.CharField(max_length=300, blank=True)
    calls = models.PositiveIntegerField(default=0)  # pages read so far
    tries = models.PositiveSmallIntegerField(default=0)  # without an answer, one after another
    restarts = models.PositiveSmallIntegerField(default=0)  # of this list, since a token was refused
    due_at = models.DateTimeField(null=True, blank=True)  # not before this time
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_by = models.CharField(max_length=80, blank=True)
    failure = models.TextField(blank=True)  # in words, once it was given up

    class Meta:
        abstract = True


class HolderReading(Progress):
    """The reading of who holds a type, granted and revoked: the one under way, or nothing (`as_of` empty)."""

    unaudited_reason: ClassVar[str] = "How far a reading is. What it finds becomes entries, row by row."

    class Phase(models.TextChoices):
        GRANTED = "Granted", "Those who hold it"
        REVOKED = "Revoked", "Those from whom it was taken"
        UNLISTED = "unlisted", "Those of ours whom no list named, one by one"

    type = models.OneToOneField(
        QualificationType, on_delete=models.PROTECT, primary_key=True, related_name="holder_reading"
    )
    as_of = models.DateTimeField(null=True)  # when it was begun; what changed here later is newer
    read_at = models.DateTimeField(null=True)  # when something last came
    phase = models.CharField(max_length=8, choices=Phase.choices, default=Phase.GRANTED)
    counts = models.JSONField(default=dict)  # what it came to so far; see actions/holders.py
    asked = models.PositiveIntegerField(default=0)  # workers asked about one by one

    class Meta:
        indexes = [
            models.Index(fields=["as_of"], condition=models.Q(as_of__isnull=False), name="holder_reading_open")
        ]

    def __str__(self) -> str:
        return f"holders of {self.type}"

    @property
    def is_open(self) -> bool:
        """Whether it is under way."""
        return self.as_of is not None
