"""Messages to workers: one text, many recipients, each mailed once at most."""

import uuid
from typing import ClassVar, Self

from django.db import models

from qualadmin.audit.models import AuditedModel
from qualadmin.core.actor import Actor
from qualadmin.core.permissions import Permission, allowed

from .accounts import RequesterAccount, in_accounts_of
from .people import Study, User
from .qualifications import Worker


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, actor: Actor) -> Self:
        """Messages of the accounts in scope. A PI who is nothing else sees those of own studies, and those
        without one."""
        rows = in_accounts_of(self, actor)
        if allowed(actor, Permission.GRANT) or allowed(actor, Permission.SYNC) or not actor.study_ids:
            return rows
        return rows.filter(models.Q(study__in=actor.study_ids) | models.Q(study=None))


class Message(AuditedModel):
    """One e-mail that Amazon sends to workers for us, from the draft to what became of it for each of them.

    draft ─→ running | approval ─→ running        confirmed by who wrote it; in production a PI approves
      │          │        └→ declined | recalled
      │          └─→ finished | stopped
      └→ discarded
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        WAITING = "approval", "Waits for approval"
        RUNNING = "running", "Being sent"
        FINISHED = "finished", "Finished"
        STOPPED = "stopped", "Stopped"
        DECLINED = "declined", "Sent back"
        WITHDRAWN = "recalled", "Withdrawn"
        DISCARDED = "discarded", "Discarded"

    class Decision(models.TextChoices):
        GRANTED = "granted", "Approved"
        DECLINED = "declined", "Sent back"
        WITHDRAWN = "withdrawn", "Withdrawn"

    #: recounted in each transaction that moves recipients; the last two say when the next call may be tried
    unaudited_fields: ClassVar[frozenset[str]] = frozenset(
        {"planned", "done", "failed", "unknown", "cancelled", "tries", "resume_at"}
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(
        RequesterAccount, on_delete=models.PROTECT, related_name="messages", db_index=False
    )
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="messages")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    origin = models.CharField(max_length=400)  # where the recipients come from, in words
    notes = models.JSONField(default=list)  # what was noticed while they were found: sentences
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # the second person, where there had to be one
    decision = models.CharField(max_length=9, choices=Decision.choices, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    words = models.TextField(blank=True)  # of the second person, to who wrote it
    total = models.PositiveIntegerField(default=0)
    planned = models.PositiveIntegerField(default=0)  # still open: planned or being sent
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)  # calls in a row that did not leave
    resume_at = models.DateTimeField(null=True)  # not before this time

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        indexes = [
            models.Index(fields=["account", "-created_at"], name="message_newest"),
            models.Index(
                fields=["state", "confirmed_at"],
                condition=models.Q(state__in=["approval", "running"]),
                name="message_open",
            ),
        ]

    def __str__(self) -> str:
        return self.subject or "message without a subject"

    @property
    def stream(self) -> str:
        """The study's stream where there is one, else the account's."""
        return self.study.stream if self.study else self.account.stream


class MessageRecipient(AuditedModel):
    """One worker of a message. A worker who was mailed, or may have been, is never mailed this message again.

    planned ─claim→ sending ─→ done | failed | unknown       planned → cancelled
       └──────────────┘  the call did not leave              failed → planned   only where Amazon may think again
    """

    class State(models.TextChoices):
        PLANNED = "planned", "Queued"
        SENDING = "sending", "Being sent"
        DONE = "done", "Mailed"
        FAILED = "failed", "Not mailed"
        UNKNOWN = "unknown", "Not known"
        CANCELLED = "cancelled", "Given up"

    OPEN: ClassVar[tuple[str, ...]] = ("planned", "sending")
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"lease_until"})

    id = models.BigAutoField(primary_key=True)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="recipients", db_index=False)
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="messages")
    n = models.PositiveIntegerField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLANNED)
    code = models.CharField(max_length=40, blank=True)
    failure = models.TextField(blank=True)  # Amazon's reason, or ours
    call = models.UUIDField(null=True)  # the last call that named the worker: up to a hundred share one
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    aws_request_id = models.CharField(max_length=64, blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["message", "worker"], name="worker_once_a_message")]
        indexes = [
            models.Index(fields=["message", "n"], name="recipient_order"),
            models.Index(fields=["message", "state", "n"], name="recipient_of_state"),
            models.Index(fields=["lease_until"], condition=models.Q(state="sending"), name="recipient_in_hand"),
            # What searches of the log for mails to workers begin with.
            models.Index(fields=["audit"], condition=models.Q(state="done"), name="recipient_mailed"),
        ]

    def __str__(self) -> str:
        return f"recipient {self.n}"
