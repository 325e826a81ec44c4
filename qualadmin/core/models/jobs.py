"""Jobs, and the changes they are made of: the grant history."""

import uuid
from typing import ClassVar, Self

from django.db import models
from django.db.models.functions import Abs

from qualadmin.audit.models import AuditedModel
from qualadmin.core.actor import Actor
from qualadmin.core.permissions import Permission, allowed

from .accounts import RequesterAccount, in_accounts_of
from .people import Study, User
from .previews import Preview, Verb
from .qualifications import Qualification, QualificationRequest, QualificationType, Worker


def sees_all_studies(actor: Actor) -> bool:
    """Whether the jobs of every study in the accounts in scope are visible; else those of the own and of none."""
    return allowed(actor, Permission.GRANT) or allowed(actor, Permission.SYNC) or not actor.study_ids


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, actor: Actor) -> Self:
        """Jobs of the accounts in scope. A PI who is nothing else sees the own studies and jobs without one."""
        jobs = in_accounts_of(self, actor)
        if sees_all_studies(actor):
            return jobs
        return jobs.filter(models.Q(study__in=actor.study_ids) | models.Q(study=None))

    def apart_for(self, actor: Actor) -> list[Self]:
        """What is visible to somebody, in parts that an index gives newest first; none where all are visible."""
        if sees_all_studies(actor):
            return []
        jobs = in_accounts_of(self, actor)
        return [jobs.filter(study=None), *(jobs.filter(study=study) for study in sorted(actor.study_ids))]

    def with_undoings(self) -> Self:
        """Say of each job whether one exists that undoes it, as `has_undoings`."""
        return self.annotate(has_undoings=models.Exists(Job.objects.filter(undoes=models.OuterRef("pk"))))


class Job(AuditedModel):
    """Changes asked for together. A single grant is a job of one.

    preparing ─→ running                a large job: what `prepares` says is done part by part, nothing is sent
    running ─→ finished                 nothing is left to do
       ├─pause─→ paused ─resume─→ running      nothing is final, and the job keeps its place
       └─stop─→ stopped                 also from paused; the rest is given up, of a large job part by part
    (retry of failed changes takes a finished or stopped job back to running)
    A job may be paused and stopped while it is prepared too; resuming one leads back to preparing.

    waiting ─approve─→ running          a second person must approve it first (models/approvals.py); a large
       │                                job is prepared again before it runs
       └─→ declined | withdrawn         nothing of it is ever sent
    """

    class State(models.TextChoices):
        PREPARING = "preparing", "Being prepared"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        STOPPED = "stopped", "Stopped"
        FINISHED = "finished", "Finished"
        WAITING = "approval", "Waits for approval"
        DECLINED = "declined", "Sent back"
        WITHDRAWN = "recalled", "Withdrawn"

    #: not ended: jobs for the same workers that came later wait for it
    ALIVE: ClassVar[tuple[str, ...]] = ("running", "paused")
    #: can be stopped
    STOPPABLE: ClassVar[tuple[str, ...]] = ("preparing", "running", "paused")
    #: no change that is still planned will be sent
    GIVEN_UP: ClassVar[tuple[str, ...]] = ("stopped", "declined", "recalled")

    class Prepares(models.TextChoices):
        LIST = "list", "The lines of the list become changes"
        APPROVED = "approved", "What came true while it waited is left out"
        RETRY = "retry", "What failed is planned again"

    class Kind(models.TextChoices):
        GRANT = "grant", "Grant"
        REVOKE = "revoke", "Take away"
        MIXED = "mixed", "Grant and take away"
        ACCEPT = "accept", "Accept requests"
        REJECT = "reject", "Reject requests"

    #: kept up to date by the drain in the transaction that records the outcomes
    unaudited_fields: ClassVar[frozenset[str]] = frozenset(
        {"prepared_to", "planned", "done", "failed", "skipped", "cancelled", "needs_person", "started_at"}
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="jobs")
    preview = models.OneToOneField(
        Preview, on_delete=models.PROTECT, related_name="job"
    )  # a second click finds it
    undoes = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    # how long what is granted is held: through a day, or so many days after the day of the grant
    hold_until = models.DateField(null=True)
    hold_days = models.PositiveSmallIntegerField(null=True)
    rule = models.ForeignKey("core.ListRule", on_delete=models.PROTECT, null=True, related_name="jobs")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.RUNNING)
    # what must be done in parts before anything (more) is sent: while it is preparing, or paused meanwhile
    prepares = models.CharField(max_length=8, choices=Prepares.choices, blank=True)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    title = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    notify = models.BooleanField(default=False)
    revoke_reason = models.TextField(blank=True)
    source = models.CharField(max_length=5, choices=Preview.Source.choices)
    file_name = models.CharField(max_length=120, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    file_size = models.PositiveIntegerField(default=0)
    rows_sha256 = models.CharField(max_length=64)
    total = models.PositiveIntegerField()  # changes in this job, whatever became of them
    prepared_to = models.PositiveIntegerField(default=0)  # the last line that was written down or looked at
    planned = models.IntegerField(default=0)  # planned, sending or unknown: still open
    done = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)
    needs_person = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    #: whether a job that undoes this one exists; only where the query asked for it by `with_undoings`
    has_undoings: bool

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["account", "-created_at"], name="job_list"),
            models.Index(fields=["account", "study", "-created_at"], name="job_of_study"),  # the list of a PI
            models.Index(fields=["account", "state"], name="job_runnable"),
            models.Index(fields=["created_by", "-created_at"], name="job_of_person"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["undoes"], condition=models.Q(finished_at=None), name="one_undo_at_a_time"
            ),  # NULLs are distinct: jobs that undo nothing are as many as they like
            models.UniqueConstraint(
                fields=["rule"], condition=models.Q(finished_at=None), name="one_run_at_a_time"
            ),
            models.CheckConstraint(
                condition=models.Q(rule=None) | models.Q(notify=False, revoke_reason=""), name="rules_are_silent"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def stream(self) -> str:
        """The study's stream where there is one, else the account's."""
        return self.study.stream if self.study else self.account.stream

    @property
    def has_end(self) -> bool:
        """Whether what it grants is held for a time only."""
        return self.hold_until is not None or self.hold_days is not None

    @property
    def is_given_up(self) -> bool:
        """Whether what is still planned will not be sent."""
        return self.state in self.GIVEN_UP


class StateIs(models.Func):
    """Whether the state of a change is one of these, written as the partial indexes have it.

    With states that are parameters SQLite cannot tell that such an index holds all it asks for: it then reads
    every change of the type or job instead of the few that are under way.
    """

    output_field = models.BooleanField()

    def __init__(self, *states: str) -> None:
        words = ", ".join(f"'{one}'" for one in states)
        super().__init__(models.F("state"), template=f"%(expressions)s IN ({words})")


class ChangeQuerySet(models.QuerySet["Change"]):
    def open(self) -> Self:
        """Changes that Amazon may still be asked to make. In no order."""
        return self.filter(StateIs(*Change.OPEN)).order_by()

    def of_jobs_visible_to(self, actor: Actor) -> Self:
        """Of changes in accounts in scope those the person may see; what was only seen at Amazon has no job."""
        if sees_all_studies(actor):
            return self  # a job is in the account of its types: nothing is left to be asked
        jobs = Job.objects.visible_to(actor).filter(pk=models.OuterRef("job"))
        return self.filter(models.Q(job=None) | models.Q(models.Exists(jobs)))

    def in_flight(self) -> Self:
        """Changes with a call under way, or without a clear answer to it. In no order."""
        return self.filter(StateIs(*Change.IN_FLIGHT)).order_by()


class Change(AuditedModel):
    """One intended or observed change of one worker's qualification.

    planned ─claim→ sending ─→ done | failed | unknown          planned → cancelled | skipped (already so)
                              unknown ─read back→ done | planned | needs_person
    """

    class State(models.TextChoices):
        PLANNED = "planned", "Queued"
        SENDING = "sending", "Being sent"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Being checked"
        NEEDS_PERSON = "person", "Needs a person"
        SKIPPED = "skipped", "Already so"
        CANCELLED = "cancelled", "Not done"

    OPEN: ClassVar[tuple[str, ...]] = ("planned", "sending", "unknown")
    IN_FLIGHT: ClassVar[tuple[str, ...]] = ("sending", "unknown")

    unaudited_fields: ClassVar[frozenset[str]] = frozenset(
        {"lease_until", "lease_by", "due_at", "checks", "throttles"}
    )

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(
        Job, on_delete=models.PROTECT, null=True, related_name="changes", db_index=False
    )  # null: seen at Amazon
    n = models.PositiveIntegerField(default=0)  # order within the job
    line = models.PositiveIntegerField(default=0)  # line of the source
    type = models.ForeignKey(QualificationType, on_delete=models.PROTECT, related_name="changes", db_index=False)
    worker = models.ForeignKey(Worker, on_delete=models.PROTECT, related_name="changes", db_index=False)
    # the change of another job that this one takes back
    undoes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by", db_index=False
    )
    # the worker's own request that this answers
    request = models.ForeignKey(
        QualificationRequest, on_delete=models.PROTECT, null=True, related_name="changes", db_index=False
    )
    verb = models.CharField(max_length=6, choices=Verb.choices)
    # what the worker held when it was sent; before that, when it was confirmed
    status_before = models.CharField(max_length=7, choices=Qualification.Status.choices, blank=True)
    value_before = models.IntegerField(null=True)
    value = models.IntegerField(null=True)  # the score asked for; null when taken away or rejected
    expires_at = models.DateTimeField(null=True)  # once it is done: what it gave ends then
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLANNED)
    attempt = models.PositiveSmallIntegerField(default=0)  # calls sent so far
    code = models.CharField(max_length=120, blank=True)  # Amazon's code, or ours
    message = models.TextField(blank=True)  # Amazon's words; may name the worker
    aws_request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()  # not before this time
    lease_until = models.DateTimeField(null=True, blank=True)  # a process works on it until then
    lease_by = models.CharField(max_length=80, blank=True)
    checks = models.PositiveSmallIntegerField(default=0)  # read-backs that gave no answer
    throttles = models.PositiveSmallIntegerField(default=0)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["type", "worker"],
                condition=models.Q(state__in=["sending", "unknown"]),
                name="one_call_in_flight",  # two calls for the same worker and type never overlap
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=models.Q(state__in=["planned", "sending", "unknown"], request__isnull=False),
                name="one_answer_at_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["job", "n"], name="change_of_job"),
            models.Index(fields=["job", "state", "n"], name="change_by_outcome"),
            models.Index(fields=["worker", "-id"], name="change_of_worker"),  # the timeline
            # claiming: the job's next planned changes in order
            models.Index(fields=["job", "id"], condition=models.Q(state="planned"), name="change_planned"),
            # sweeping and reading back
            models.Index(
                fields=["state", "due_at"],
                condition=models.Q(state__in=["sending", "unknown"]),
                name="change_in_flight",
            ),
            # what else is open for this worker and type? (the second waits for the first)
            models.Index(
                fields=["type", "worker", "id"],
                condition=models.Q(state__in=["planned", "sending", "unknown"]),
                name="change_open",
            ),
            # the dashboard's chart: everything it needs stands in the index
            models.Index(fields=["finished_at", "state", "verb", "job"], name="change_finished"),
            models.Index(fields=["type", "job"], name="change_of_type"),  # which jobs were about this type?
            # which scores were lowered? (the log is searched for their entries)
            models.Index(
                fields=["audit"],
                condition=models.Q(state="done", status_before="Granted", value__lt=models.F("value_before")),
                name="change_lowered",
            ),
            # few, and counted by whoever watches the service; by state, or SQLite takes a longer index that has it
            models.Index(fields=["state"], condition=models.Q(state="person"), name="change_needs_person"),
            # When was this type last granted here? By an expression that no other index has: for the order of the
            # key alone, databases read all changes backwards for a type that was granted long ago or never.
            models.Index(
                "type",
                Abs("id").desc(),
                condition=models.Q(state="done", value__isnull=False, job__isnull=False),
                name="change_granted",
            ),
            # what was undone?
            models.Index(fields=["undoes"], condition=models.Q(undoes__isnull=False), name="change_undoes"),
            # how was this request answered?
            models.Index(fields=["request"], condition=models.Q(request__isnull=False), name="change_answers"),
            # which answers can no longer be taken back, and must be sent?
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="planned", request__isnull=False),
                name="change_held_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verb_display()} ({self.get_state_display()})"

    @property
    def stream(self) -> str:
        """The job's stream; the account's for what was only seen at Amazon."""
        return self.job.stream if self.job else self.type.account.stream
