"""Which rules of the oversight page are muted, where and why."""

from django.db import models

from qualadmin.audit.models import AuditedModel

from .people import Study, User


class Mute(AuditedModel):
    """A rule that raises no question for a study, or (study empty) for all. Ended, never deleted."""

    rule = models.CharField(max_length=20)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "study"], condition=models.Q(ended_at=None), name="muted_once_a_study"
            ),
            models.UniqueConstraint(
                fields=["rule"], condition=models.Q(ended_at=None, study=None), name="muted_once_for_all"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} for {self.study or 'all studies'}"
