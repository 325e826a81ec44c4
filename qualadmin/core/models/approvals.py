"""What waits for a second person, what was decided, and the mails about it."""

from typing import ClassVar

from django.db import models

from qualadmin.audit.models import AuditedModel

from .jobs import Job
from .messages import Message
from .people import Study, User


class Approval(AuditedModel):
    """Why a job waits for a second person, and what became of it. Jobs that need nobody's approval have none.

    undecided ─→ granted | declined (by a PI of the study) | withdrawn (by who asked)
    """

    class Decision(models.TextChoices):
        GRANTED = "granted", "Approved"
        DECLINED = "declined", "Sent back"
        WITHDRAWN = "withdrawn", "Withdrawn"

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="approval")
    # qualadmin.core.actions.thresholds.Reason as plain values, as they were when the job was confirmed
    reasons = models.JSONField(default=list)
    asked_at = models.DateTimeField(auto_now_add=True)
    decision = models.CharField(max_length=9, choices=Decision.choices, blank=True)  # empty: undecided
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    words = models.TextField(blank=True)  # to the person who asked

    class Meta:
        ordering = ["asked_at"]

    def __str__(self) -> str:
        return f"{self.job}: {self.get_decision_display() or 'waits for approval'}"


class Letter(models.Model):
    """A mail to one of our people about a job, a message to workers, or a month of a study. It holds no worker and
    no title, only what kind of news there is.

    waiting ─claim→ sending ─→ sent | waiting (tried again later) | failed
    """

    unaudited_reason: ClassVar[str] = "It only tells somebody what is in the log already, and can be sent again."

    class State(models.TextChoices):
        WAITING = "waiting", "On its way"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Not sent"

    class Kind(models.TextChoices):
        ASKED = "asked", "Approval is asked for"
        GRANTED = "granted", "Approved"
        DECLINED = "declined", "Sent back"
        MONTH = "month", "The month of a study is over"

    # what it is about: one of these, or a month of a study
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="letters")
    message = models.ForeignKey(Message, on_delete=models.PROTECT, null=True, related_name="letters")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="+")
    month = models.CharField(max_length=7, blank=True)  # 2026-10
    to = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=200, blank=True)  # why it was not sent, in plain words
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()  # not before this time; while being sent: until when it is in somebody's hands
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(state__in=["waiting", "sending"]), name="letter_due"
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["study", "month", "to"],
                condition=models.Q(kind="month"),
                name="one_letter_a_month",  # however often the task runs
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, to {self.to}"
