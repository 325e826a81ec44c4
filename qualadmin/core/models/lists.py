"""Lists of workers that follow their sources: files, pasted ids, holders of types, HITs, other lists."""

import uuid
from typing import ClassVar, Self

from django.db import models

from qualadmin.audit.models import AuditedModel
from qualadmin.core.actor import Actor
from qualadmin.core.permissions import Permission, allowed

from .accounts import RequesterAccount, in_accounts_of
from .people import Study, User
from .qualifications import QualificationType, Worker


class WorkerListQuerySet(models.QuerySet["WorkerList"]):
    def visible_to(self, actor: Actor) -> Self:
        """Lists of the accounts in scope. A PI who is nothing else sees those of own studies and without one."""
        rows = in_accounts_of(self, actor)
        if allowed(actor, Permission.GRANT) or allowed(actor, Permission.SYNC) or not actor.study_ids:
            return rows
        return rows.filter(models.Q(study__in=actor.study_ids) | models.Q(study=None))

    def current(self) -> Self:
        return self.filter(archived_at=None)


class WorkerList(AuditedModel):
    """Workers of one account, put together from sources. A worker is in it through one of them at least."""

    #: taken down by whoever read the sources last
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"members", "read_at"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="lists")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="lists")
    name = models.CharField(max_length=120)
    note = models.TextField(blank=True)  # what it is for
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)
    members = models.PositiveIntegerField(default=0)  # different workers when it was last read
    read_at = models.DateTimeField(null=True)

    objects = WorkerListQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "name"], condition=models.Q(archived_at=None), name="list_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def stream(self) -> str:
        """The study's stream where there is one, else the account's."""
        return self.study.stream if self.study else self.account.stream


def nothing() -> list[str]:
    """An empty list; in ListSource that word is a column."""
    return []


class ListSource(AuditedModel):
    """Where workers of a list come from. Dropped, never deleted: its workers leave, the row stays."""

    class Kind(models.TextChoices):
        FILE = "file", "File"
        PASTE = "paste", "Pasted IDs"
        HOLDERS = "holders", "Holders of a type"
        LIST = "list", "Another list"
        HITS = "hits", "Workers of HITs"

    #: read anew whenever the list is read; the others stay as they came
    FOLLOWED: ClassVar[tuple[str, ...]] = ("holders", "list", "hits")
    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"members", "read_at"})

    id = models.BigAutoField(primary_key=True)
    list = models.ForeignKey(WorkerList, on_delete=models.PROTECT, related_name="sources")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    label = models.CharField(max_length=200)  # the file's name, or what it is in words
    type = models.ForeignKey(QualificationType, on_delete=models.PROTECT, null=True, related_name="+")
    other = models.ForeignKey(WorkerList, on_delete=models.PROTECT, null=True, related_name="used_by")
    file_sha256 = models.CharField(max_length=64, blank=True)
    hit_ids = models.JSONField(default=nothing)  # sorted, each once; see HitReading.source
    statuses = models.JSONField(default=nothing)  # which assignments count: Submitted, Approved, Rejected
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)
    dropped_at = models.DateTimeField(null=True)
    members = models.PositiveIntegerField(default=0)
    read_at = models.DateTimeField(null=True)  # null: it was never read to its end

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["list", "type"], condition=models.Q(dropped_at=None), name="holders_once_a_list"
            ),
            models.UniqueConstraint(
                fields=["list", "other"], condition=models.Q(dropped_at=None), name="list_once_a_list"
            ),
            models.CheckConstraint(
                condition=~models.Q(list=models.F("other")) | models.Q(other=None), name="list_not_its_own_source"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Membership(models.Model):
    """One worker in one list through one source."""

    unaudited_reason: ClassVar[str] = (
        "It follows from the sources, whose coming and going is in the log; readings say how many came and left."
    )

    id = models.BigAutoField(primary_key=True)
    list = models.ForeignKey(WorkerList, on_delete=models.PROTECT, related_name="+", db_index=False)
    source = models.ForeignKey(ListSource, on_delete=models.PROTECT, related_name="memberships", db_index=False)
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="memberships")
    since = models.DateTimeField()  # in the list through this source
    at = models.DateTimeField(null=True)  # took part, as far as the source knows

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["source", "worker"], name="member_once_a_source")]
        indexes = [
            models.Index(fields=["list", "worker", "id"], name="member_of_list"),
            models.Index(fields=["list", "id"], name="member_page"),
        ]

    def __str__(self) -> str:
        return f"member {self.pk}"
