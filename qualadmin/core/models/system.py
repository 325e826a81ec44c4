"""Signs of life of the processes around the pages."""

from typing import ClassVar

from django.db import models


class Heartbeat(models.Model):
    """The last beat of one named process: the task cluster, the sweep."""

    unaudited_reason: ClassVar[str] = "Beats every few seconds; restarts are audited."

    name = models.CharField(max_length=64, primary_key=True)
    beat_at = models.DateTimeField()
    host = models.CharField(max_length=120, blank=True)
    pid = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name
