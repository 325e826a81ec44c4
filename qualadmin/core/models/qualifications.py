"""Qualification types, workers, and who holds what, as last seen at Amazon."""

import re
import secrets
import uuid
from functools import cache
from typing import ClassVar, Self

from django.core.validators import RegexValidator
from django.db import connection, models

from qualadmin.audit.models import AuditedModel
from qualadmin.audit.prepared import prepared
from qualadmin.core.actor import Actor
from qualadmin.core.permissions import sees_account
from qualadmin.core.pseudonyms import pseudonym

from .accounts import RequesterAccount, in_accounts_of
from .byte_order import Compared, Ordered
from .loading import Loader

WORKER_ID = re.compile(r"A[A-Z0-9]{1,63}")
INTEGER_MIN, INTEGER_MAX = -(2**31), 2**31 - 1  # Amazon's Integer is 32 bits wide


class QualificationTypeQuerySet(models.QuerySet["QualificationType"]):
    def visible_to(self, actor: Actor) -> Self:
        return in_accounts_of(self, actor)

    def known_as(self, mturk_id: str, actor: Actor) -> "list[QualificationType]":
        """The types of that id in the open accounts that some role of the person reaches, with their accounts."""
        asked, types, accounts = _known_as()
        with prepared(connection) as cursor:
            cursor.execute(asked, [mturk_id])
            rows = cursor.fetchall()
        found = []
        for values in rows:
            one = types.load(values[: types.width])
            one.account = accounts.load(values[types.width :])
            if sees_account(actor, str(one.account_id)):
                found.append(one)
        return found

    def grantable(self) -> Self:
        """Types that Amazon knows and that can be given to workers."""
        return self.filter(state=QualificationType.State.LIVE)


@cache
def _known_as() -> "tuple[str, Loader[QualificationType], Loader[RequesterAccount]]":
    types, accounts = Loader(QualificationType, "t"), Loader(RequesterAccount, "a")
    asked = (
        f"SELECT {types.columns}, {accounts.columns} FROM core_qualificationtype t "  # noqa: S608
        "JOIN core_requesteraccount a ON a.id = t.account_id WHERE t.mturk_id = %s AND a.archived_at IS NULL"
    )
    return asked, types, accounts


class QualificationType(AuditedModel):
    """A qualification type of one account.

    requested ─→ live            Amazon created it (or it was imported)
              └→ refused         Amazon said no; nothing exists there
    live ─→ deleting ─→ gone     deleted here; Amazon takes up to two days (or refuses: live again)
    live ─→ gone                 no longer found at Amazon

    `name` is what workers read; `lab_name` is for the lab's own people and is never sent to Amazon.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", "Being created"
        LIVE = "live", "At Amazon"
        DELETING = "deleting", "Being deleted"
        REFUSED = "refused", "Refused by Amazon"
        GONE = "gone", "No longer at Amazon"

    class Status(models.TextChoices):
        ACTIVE = "Active", "Active"
        INACTIVE = "Inactive", "Inactive"

    unaudited_fields: ClassVar[frozenset[str]] = frozenset(
        {
            *("holders_synced_at", "sync_asked_at", "lease_until", "checks"),
            *("hits_asked_at", "hits_seen_at", "hits", "hits_failure"),
        }
    )
    #: States in which Amazon keeps the name from a second type.
    NAMED: ClassVar[tuple[str, ...]] = ("requested", "live", "deleting")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="types", db_index=False)
    mturk_id = models.CharField(max_length=64, null=True, blank=True)
    name = models.CharField(max_length=200)
    lab_name = models.CharField(max_length=200, blank=True)
    description = models.TextField(max_length=2000)
    keywords = models.CharField(max_length=1000, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.REQUESTED)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    auto_granted = models.BooleanField(default=False)
    auto_granted_value = models.IntegerField(null=True, blank=True)
    retry_delay_seconds = models.BigIntegerField(null=True, blank=True)
    has_test = models.BooleanField(default=False)
    test_digest = models.CharField(max_length=64, blank=True)  # of the row in QualificationTest
    is_requestable = models.BooleanField(default=True)
    default_score = models.IntegerField(default=100)
    min_score = models.IntegerField(default=0)
    max_score = models.IntegerField(default=100)
    failure = models.TextField(blank=True)  # for people
    failure_detail = models.TextField(blank=True)  # Amazon's own words
    created_by = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    creation_time = models.DateTimeField("created at Amazon", null=True, blank=True)
    holders_synced_at = models.DateTimeField(null=True, blank=True)
    sync_asked_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)  # when Amazon took the order to delete
    hits_asked_at = models.DateTimeField(null=True, blank=True)
    hits_seen_at = models.DateTimeField(null=True, blank=True)
    hits = models.JSONField(null=True, blank=True)  # HITs that require it, by Amazon's status
    hits_failure = models.TextField(blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    checks = models.PositiveSmallIntegerField(default=0)

    objects = QualificationTypeQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "mturk_id"], name="type_once_per_account"
            ),  # NULLs are distinct: several may wait for their id
            models.UniqueConstraint(
                fields=["account", "name"],
                condition=models.Q(state__in=["requested", "live", "deleting"]),
                name="type_name_once_per_account",  # Amazon refuses a second type of the same name
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def known_as(self) -> str:
        """The name for the lab's own people: theirs first, where there is one, then the public one."""
        return f"{self.lab_name} ({self.name})" if self.lab_name else self.name


class QualificationTest(AuditedModel):
    """The test of a type, as Amazon holds it. A row of its own: the documents have up to 64 KB each."""

    type = models.OneToOneField(QualificationType, on_delete=models.PROTECT, primary_key=True, related_name="test")
    question_form = models.TextField()
    answer_key = models.TextField(blank=True)  # without one, each request waits for a person
    duration_seconds = models.BigIntegerField()

    def __str__(self) -> str:
        return f"test of {self.type}"


class WorkerQuerySet(models.QuerySet["Worker"]):
    def with_prefix(self, prefix: str) -> Self:
        """Workers whose id begins with `prefix`; a range, since SQLite's LIKE never uses the index."""
        return self.filter(
            Compared("worker_id", ">=", prefix), Compared("worker_id", "<", prefix + "\x7f")
        ).order_by(Ordered("worker_id"))


def new_salt() -> bytes:
    return secrets.token_bytes(32)


class Worker(AuditedModel):
    """A worker on MTurk. The worker id stands here and nowhere else; everything points at the uuid."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    worker_id = models.CharField(
        "worker ID", max_length=64, unique=True, null=True, validators=[RegexValidator(WORKER_ID)]
    )
    salt = models.BinaryField(max_length=32, default=new_salt)  # commitment in the log: SHA-256 over salt and id
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True)  # from then on there is neither id nor salt

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["worker_id"]
        indexes = [
            models.Index(
                fields=["erased_at"], condition=models.Q(erased_at__isnull=False), name="worker_erased"
            )  # few: who was it?
        ]

    def __str__(self) -> str:
        return f"worker {self.id}"

    def pseudonym_in(self, stream: str) -> str:
        """What people without the right to worker ids see, in one study or account. It tells nothing of the id."""
        return pseudonym(self.id, stream)


class Qualification(AuditedModel):
    """What Amazon holds for one type and worker, as last seen."""

    class Status(models.TextChoices):
        GRANTED = "Granted", "Granted"
        REVOKED = "Revoked", "Taken away"

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"checked_at"})

    id = models.BigAutoField(primary_key=True)
    type = models.ForeignKey(
        QualificationType, on_delete=models.PROTECT, related_name="qualifications", db_index=False
    )
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="qualifications")
    status = models.CharField(max_length=7, choices=Status.choices)
    value = models.IntegerField(null=True)  # null: revoked before its score was ever seen
    grant_time = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField()
    # from then on it may be taken away: as asked by whoever made it what it is now (the change of the same entry)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # also the index of the drain's upsert and of "what does this worker hold"
            models.UniqueConstraint(fields=["type", "worker"], name="one_qualification_per_worker"),
        ]
        indexes = [
            models.Index(fields=["type", "status", "value"], name="qualification_histogram"),
            models.Index(fields=["type", "id"], name="qualification_holders"),  # holders, keyset by id
            models.Index(
                fields=["expires_at", "id"],
                condition=models.Q(expires_at__isnull=False),
                name="qualification_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} {self.value}"


class QualificationRequest(AuditedModel):
    """A worker's own request for a qualification, as last seen at Amazon. What was answered stands in requests.py.

    waiting ─→ accepted | rejected      by an answer of ours (a change that names the request)
        └←───→ closed                   no longer listed: answered elsewhere, or its type was deleted
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"
        CLOSED = "closed", "No longer waiting"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mturk_id = models.CharField(max_length=255)
    type = models.ForeignKey(QualificationType, on_delete=models.PROTECT, related_name="requests", db_index=False)
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="requests")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    submitted_at = models.DateTimeField()
    seen_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["submitted_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["type", "mturk_id"], name="request_once")]
        indexes = [
            models.Index(
                fields=["type", "worker"],
                condition=models.Q(state="waiting"),
                name="request_waiting",  # does this worker wait for this type?
            ),
            models.Index(fields=["state", "submitted_at"], name="request_oldest"),
            models.Index(fields=["state", "type", "submitted_at"], name="request_of_type"),
        ]

    def __str__(self) -> str:
        return f"request for {self.type}"


class WorkerNote(AuditedModel):
    """A note somebody of the lab wrote about a worker. Personal data."""

    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"note by {self.author}"


class WorkerTag(AuditedModel):
    """A short word by which the lab sorts workers. Personal data. Taken off, the row stays."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="tags")
    author = models.ForeignKey("core.User", on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["text", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["worker", "text"], condition=models.Q(removed_at=None), name="tag_once_a_worker"
            )
        ]

    def __str__(self) -> str:
        return f"tag by {self.author}"
