"""What somebody is about to do: the file, how it was read, and line by line what would happen."""

import uuid
from typing import ClassVar, Final

from django.db import models

from .accounts import RequesterAccount
from .people import Study, User
from .qualifications import QualificationRequest, QualificationType, Worker


class Verb(models.TextChoices):
    GRANT = "grant", "Grant"
    REVOKE = "revoke", "Take away"
    ACCEPT = "accept", "Accept the request"
    REJECT = "reject", "Reject the request"


GIVES: Final = (Verb.GRANT, Verb.ACCEPT)  # afterwards the worker holds the type with the score asked for
ANSWERS: Final = (Verb.ACCEPT, Verb.REJECT)  # to a worker's own request
OF_LISTS: Final = (Verb.GRANT, Verb.REVOKE)  # what lists of workers ask for


class Preview(models.Model):
    """One check page: made from a form, pasted text, a file or rows of a list; confirmed into a job, or discarded.

    uploaded ─→ ready ─→ confirmed
        └─────────┴────→ discarded
    """

    unaudited_reason: ClassVar[str] = (
        "Working data of one person. The entry of the upload holds the file's digest, "
        "the entry of the job the digest of the lines that were shown."
    )

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Columns to be matched"
        READY = "ready", "Ready to confirm"
        CONFIRMED = "confirmed", "Confirmed"
        DISCARDED = "discarded", "Discarded"

    class Source(models.TextChoices):
        FORM = "form", "Form"
        PASTE = "paste", "Pasted list"
        FILE = "file", "File"
        LIST = "list", "Selected on a list"
        UNDO = "undo", "Undo of a job"
        API = "api", "Program"
        INBOX = "inbox", "Answer to a request"
        DRIFT = "drift", "Put right"
        RULE = "rule", "Rule"
        ENDS = "ends", "End of a grant"

    #: worked out by us, not read from what somebody gave: there are no columns to match
    PLANNED: ClassVar[tuple[str, ...]] = ("undo", "drift", "rule", "ends")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="+")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="previews")
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.UPLOADED)
    source = models.CharField(max_length=5, choices=Source.choices)
    file_name = models.CharField(max_length=120, blank=True)
    origin = models.CharField(max_length=400, blank=True)  # which rows of which list, in words
    file_size = models.PositiveIntegerField(default=0)  # bytes
    file_sha256 = models.CharField(max_length=64, blank=True)
    content = models.BinaryField(null=True)  # the bytes as they came; emptied when confirmed or discarded
    options = models.JSONField(default=dict)  # how to read it: columns, statuses, corrections accepted
    undoes = models.ForeignKey("core.Job", on_delete=models.PROTECT, null=True, related_name="+")
    # how long what is granted is held: through a day, or so many days after the day of the grant
    hold_until = models.DateField(null=True)
    hold_days = models.PositiveSmallIntegerField(null=True)
    rule = models.ForeignKey("core.ListRule", on_delete=models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=6, choices=Verb.choices, default=Verb.GRANT)
    type = models.ForeignKey(QualificationType, on_delete=models.PROTECT, null=True, related_name="+")
    score = models.IntegerField(null=True)  # for lines that bring none
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)  # for the audit log
    notify = models.BooleanField(default=False)  # e-mail the workers
    # the worker reads this about what is taken away or rejected; empty: silently
    revoke_reason = models.TextField(blank=True)
    counts = models.JSONField(default=dict)  # lines per group
    notes = models.JSONField(default=list)  # what was noticed while reading: sentences
    rows_sha256 = models.CharField(max_length=64, blank=True)
    emptying = models.BooleanField(default=False)  # discarded, and some of its rows are still to be deleted

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["created_at"], condition=models.Q(emptying=True), name="preview_emptying")]

    def __str__(self) -> str:
        return self.file_name or self.origin or self.get_source_display()


class PreviewRow(models.Model):
    """One line of a preview."""

    unaudited_reason: ClassVar[str] = Preview.unaudited_reason

    class Group(models.TextChoices):
        NEW = "new", "New"
        SCORE = "score", "Score changes"
        SAME = "same", "Already so"
        REVOKE = "revoke", "Taken away"
        REJECT = "reject", "Rejected"
        PROBLEM = "problem", "Cannot be done"
        LEFT = "left", "Changed since"  # only where a job is undone

    id = models.BigAutoField(primary_key=True)
    preview = models.ForeignKey(Preview, on_delete=models.CASCADE, related_name="rows", db_index=False)
    n = models.PositiveIntegerField()  # order on the page
    line = models.PositiveIntegerField()  # line of the file or the box, from 1
    column = models.CharField(max_length=200, blank=True)
    group = models.CharField(max_length=7, choices=Group.choices)
    type = models.ForeignKey(QualificationType, on_delete=models.PROTECT, null=True, related_name="+")
    given = models.CharField(max_length=200)  # what stood there
    worker_id = models.CharField(max_length=64, blank=True)  # what would be used
    proposal = models.CharField(max_length=64, blank=True)  # what it may have meant; used only when accepted
    # the worker, if met before
    known = models.ForeignKey(Worker, on_delete=models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=6, choices=Verb.choices, default=Verb.GRANT)
    status_before = models.CharField(max_length=7, blank=True)
    value_before = models.IntegerField(null=True)
    value = models.IntegerField(null=True)
    # The change that this line takes back. No constraint: for one without an index, SQLite would look through all
    # rows of previews for each change of a new job.
    undoes = models.ForeignKey(
        "core.Change", on_delete=models.PROTECT, null=True, related_name="+", db_index=False, db_constraint=False
    )
    has_request = models.BooleanField(default=False)  # the worker has asked for this type
    # The request that this line answers. No constraint, for the same reason.
    request = models.ForeignKey(
        QualificationRequest,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    why = models.TextField(blank=True)  # plain words: the fault, or what was merged
    code = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["n"]
        constraints = [models.UniqueConstraint(fields=["preview", "n"], name="preview_row_order")]
        indexes = [
            models.Index(fields=["preview", "group", "n"], name="preview_row_group"),
            # Without it SQLite reads all rows for each new change, to see whether one of them waits for it.
            models.Index(fields=["undoes"], condition=models.Q(undoes__isnull=False), name="preview_row_undoes"),
        ]

    def __str__(self) -> str:
        return f"line {self.line}"
