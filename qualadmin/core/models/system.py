"""The service as a whole: signs of life of its processes, and whether it was restored from a backup."""

from typing import ClassVar, Self

from django.db import models

from qualadmin.audit.models import AuditedModel

from .people import User


class Heartbeat(models.Model):
    """The last beat of one named process: the task cluster, the sweep."""

    unaudited_reason: ClassVar[str] = "Beats every few seconds; restarts are audited."

    name = models.CharField(max_length=64, primary_key=True)
    beat_at = models.DateTimeField()
    host = models.CharField(max_length=120, blank=True)
    pid = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Alarm(models.Model):
    """Something that needs a person, and whether the managers had a mail about it: one for each happening."""

    unaudited_reason: ClassVar[str] = "It says who was told; what happened is in the log or in other rows."

    key = models.CharField(max_length=120, primary_key=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # when it was last found to be so
    told_at = models.DateTimeField(null=True)
    try_at = models.DateTimeField()  # no mail before this time: one is being sent, or could not be

    def __str__(self) -> str:
        return self.key


class RestorationQuerySet(models.QuerySet["Restoration"]):
    def standing(self) -> Self:
        """The one that keeps the service read-only, if there is one."""
        return self.filter(ended_at=None)


class Restoration(AuditedModel):
    """A backup was put in place of the database. Until `ended_at` the service is read-only.

    Two persons, a manager and a PI, end it; `entries` and `root` are those of the audit log of the backup.
    """

    taken_at = models.DateTimeField()  # the moment the backup shows
    restored_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)
    entries = models.BigIntegerField()
    root = models.CharField(max_length=64)
    manager = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    manager_at = models.DateTimeField(null=True)
    pi = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    pi_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = RestorationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(manager=None) | models.Q(pi=None) | ~models.Q(manager=models.F("pi")),
                name="opened_by_two_persons",
            ),
        ]

    def __str__(self) -> str:
        return f"restored from a backup of {self.taken_at:%Y-%m-%d %H:%M}"
