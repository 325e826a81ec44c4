"""Tables of the log. Only flush.py writes them; guards in the database refuse everybody else."""

from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from qualadmin.audit import canonical
from qualadmin.audit.tree import Frontier


def answered_by(person_id: str) -> Q:
    """Entries somebody answers for: own acts, and what the task cluster did for them.

    One comparison, so that one index holds them in the order of the log: of two, joined by "or", databases read
    the whole log for a person who did little.
    """
    return Q(Exact(Coalesce("obo_id", "actor_id"), person_id)) & (Q(actor_kind="user") | Q(obo_id__isnull=False))


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Reading. Pages go by `seq`, newest first, so no page is slower than another."""

    def newest(self) -> "AuditQuerySet":
        """Newest first."""
        return self.order_by("-seq")

    def before(self, seq: int | None) -> "AuditQuerySet":
        """The page after the entry `seq` when reading newest first; None starts at the newest."""
        return self.newest() if seq is None else self.filter(seq__lt=seq).newest()


class AuditEntry(models.Model):
    """One fact. `core` is what is hashed; every other column but `leaf` is a copy of a part of it."""

    unaudited_reason: ClassVar[str] = "It is the log itself; its own guards protect it."

    seq = models.BigIntegerField(primary_key=True)
    id = models.UUIDField(unique=True)
    stream = models.CharField(max_length=80)
    stream_seq = models.BigIntegerField()
    recorded_at = models.DateTimeField()
    occurred_at = models.DateTimeField(null=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, null=True)
    actor_label = models.CharField(max_length=200)
    obo_id = models.CharField(max_length=64, null=True)
    obo_label = models.CharField(max_length=200, null=True)
    action = models.CharField(max_length=64)
    outcome = models.CharField(max_length=8)
    severity = models.CharField(max_length=8)
    target_type = models.CharField(max_length=32, null=True)
    target_id = models.CharField(max_length=64, null=True)
    target_label = models.CharField(max_length=200, null=True)
    subject = models.UUIDField(null=True)
    parent = models.BigIntegerField(null=True)
    job = models.CharField(max_length=64, null=True)
    request_id = models.CharField(max_length=64, null=True)
    ip = models.CharField(max_length=45, null=True)
    aws_request_id = models.CharField(max_length=100, null=True)
    core = models.BinaryField()
    leaf = models.BinaryField(max_length=32)

    objects = AuditQuerySet.as_manager()

    class Meta:
        db_table = "audit_entry"
        constraints = [models.UniqueConstraint(fields=["stream", "stream_seq"], name="audit_stream_seq")]
        indexes = [
            models.Index(fields=["stream", "seq"], name="audit_stream_log"),  # for who reads some streams
            models.Index(fields=["action", "seq"], name="audit_action"),
            models.Index(fields=["outcome", "seq"], name="audit_outcome"),
            models.Index(fields=["actor_id", "seq"], name="audit_actor"),
            # For `answered_by`.
            models.Index(Coalesce("obo_id", "actor_id"), "seq", name="audit_person"),
            models.Index(Coalesce("obo_id", "actor_id"), "action", "seq", name="audit_person_action"),
            models.Index(Coalesce("obo_id", "actor_id"), "outcome", "seq", name="audit_person_outcome"),
            models.Index(fields=["target_type", "target_id", "seq"], name="audit_target"),
            models.Index(fields=["recorded_at"], name="audit_recorded"),
            # Most entries have none of these, so the index holds only those that have.
            models.Index(fields=["subject", "seq"], name="audit_subject", condition=Q(subject__isnull=False)),
            models.Index(fields=["job", "seq"], name="audit_job", condition=Q(job__isnull=False)),
            models.Index(fields=["parent"], name="audit_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["request_id"], name="audit_request", condition=Q(request_id__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"#{self.seq} {self.action} {self.outcome}"

    @cached_property
    def content(self) -> dict[str, Any]:
        """The hashed content as Python values, not to be changed; a line of the log asks for it several times.

        Whether it is in canonical form is for verification: that costs a list of entries as much as reading them.
        """
        return canonical.read(bytes(self.core))

    @property
    def changes(self) -> dict[str, list[Any]]:
        """Field name to [before, after]; empty if the entry changes nothing."""
        return self.content["changes"] or {}


class AuditHead(models.Model):
    """The one row that says how long the log is. Whoever appends locks it."""

    unaudited_reason: ClassVar[str] = "It moves with every entry and can be computed from them."

    id = models.SmallIntegerField(primary_key=True, default=1)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField(default=b"")
    # Microseconds since 1970: compared and stored exactly on every database.
    recorded_us = models.BigIntegerField(default=0)

    class Meta:
        db_table = "audit_head"

    def tree(self) -> Frontier:
        """The Merkle tree of all entries. Raises ValueError if the row is damaged."""
        return Frontier.from_bytes(self.size, bytes(self.frontier))


class AuditStream(models.Model):
    """How many entries a stream has, so that a reader of one stream sees when something is withheld."""

    unaudited_reason: ClassVar[str] = "It moves with every entry and can be computed from them."

    name = models.CharField(max_length=80, primary_key=True)
    size = models.BigIntegerField()

    class Meta:
        db_table = "audit_stream"


class AuditPayload(models.Model):
    """The part of an entry that may have to be erased one day. The core holds only a salted hash of it."""

    unaudited_reason: ClassVar[str] = "It is part of an entry, which commits to it."

    seq = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField(max_length=32)
    body = models.BinaryField()

    class Meta:
        db_table = "audit_payload"

    @property
    def content(self) -> dict[str, Any]:
        """The payload as Python values."""
        return canonical.decode(bytes(self.body))


class AuditErasure(models.Model):
    """Says of one entry that its payload was erased, and which entry tells of it. Only erasure.py adds them.

    For the guard of the payloads; who verifies the log goes by the entries alone.
    """

    unaudited_reason: ClassVar[str] = "It comes with the entry it names; its own guards protect it."

    seq = models.BigIntegerField(primary_key=True)  # the entry whose payload went
    entry = models.ForeignKey(AuditEntry, to_field="id", on_delete=models.DO_NOTHING, related_name="+")

    class Meta:
        db_table = "audit_erasure"

    def __str__(self) -> str:
        return f"payload of {self.seq} erased"


class AuditCheckpoint(models.Model):
    """A signed statement of how long the log was and what its root was. Only seal.py adds them."""

    unaudited_reason: ClassVar[str] = (
        "It is a statement about the log; its own guards and its signature protect it."
    )

    # The key: the database itself refuses a second checkpoint of one size.
    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    sealed_at = models.DateTimeField()

    class Meta:
        db_table = "audit_checkpoint"

    def __str__(self) -> str:
        return f"checkpoint of {self.size}"


class AuditedModel(models.Model):
    """A row that the database lets nobody change without a new audit entry.

    Write the row with the id that `record` returned, before the transaction ends:
    `Model.objects.filter(...).update(..., audit_id=entry_id)`. Rows are never deleted.
    """

    # Columns that may change without an entry: leases, due times, progress counters.
    unaudited_fields: ClassVar[frozenset[str]] = frozenset()

    audit = models.ForeignKey(
        AuditEntry,
        to_field="id",
        on_delete=models.DO_NOTHING,
        related_name="+",
        # SQLite gets an index from guards.py, PostgreSQL needs none: entries are never deleted.
        db_index=False,
    )
    audit_id: UUID

    class Meta:
        abstract = True
