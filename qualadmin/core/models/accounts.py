"""Requester accounts at Amazon, and what is known of their health."""

import uuid
from typing import Any, ClassVar, Self, TypeVar

from django.db import models

from qualadmin.audit.models import AuditedModel
from qualadmin.core.actor import Actor

Rows = TypeVar("Rows", bound=models.QuerySet[Any])


def in_accounts_of(rows: Rows, actor: Actor) -> Rows:
    """Those of `rows` whose `account` some role of the person reaches.

    Nothing is asked of who reaches all: for "in any account that exists" SQLite passes by the better index.
    """
    keys = _account_keys(actor)
    return rows if keys is None else rows.filter(account__in=keys)


def _account_keys(actor: Actor) -> list[str] | None:
    keys = [grant.account_id for grant in actor.roles]
    return None if None in keys else [key for key in keys if key is not None]


class Environment(models.TextChoices):
    EMULATOR = "emulator", "Emulator"
    SANDBOX = "sandbox", "Sandbox"
    PRODUCTION = "production", "Production"


class RequesterAccountQuerySet(models.QuerySet["RequesterAccount"]):
    def visible_to(self, actor: Actor) -> Self:
        """The accounts some role of the person reaches."""
        keys = _account_keys(actor)
        return self if keys is None else self.filter(pk__in=keys)

    def open(self) -> Self:
        return self.filter(archived_at=None)


class RequesterAccount(AuditedModel):
    """One MTurk requester in one environment. Holds no secret: only a profile name or a role ARN.

    An account starts closed for production: a manager switches `is_enabled` on after a connection test.
    """

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"synced_at", "requests_read_at"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120, unique=True)
    environment = models.CharField(max_length=10, choices=Environment.choices)
    profile_name = models.CharField("AWS profile", max_length=64, blank=True)
    role_arn = models.CharField("IAM role ARN", max_length=200, blank=True)
    external_id = models.CharField("external ID", max_length=128, blank=True)
    aws_account_id = models.CharField("AWS account number", max_length=12, blank=True)
    is_enabled = models.BooleanField("changes may be sent", default=False)
    paused_reason = models.CharField(max_length=200, blank=True)  # not empty: nothing is sent
    reason_required = models.BooleanField("a reason is required", default=False)
    programs_read_all = models.BooleanField("programs may read everything", default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    synced_at = models.DateTimeField(null=True, blank=True)  # when types and holders were last compared
    requests_read_at = models.DateTimeField(null=True, blank=True)  # when Amazon last listed who waits

    objects = RequesterAccountQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_production(self) -> bool:
        return self.environment == Environment.PRODUCTION

    @property
    def is_open(self) -> bool:
        """Whether the task cluster may send changes for this account."""
        return self.is_enabled and not self.paused_reason and self.archived_at is None

    @property
    def stream(self) -> str:
        return f"account:{self.slug}"


class ConnectionTest(models.Model):
    """A connection test somebody asked for, and Amazon's true answer."""

    unaudited_reason: ClassVar[str] = "The asking and the answer are audit entries; this row only feeds the page."

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        OK = "ok", "Works"
        FAILED = "failed", "Does not work"

    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="tests")
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    asked_by = models.ForeignKey("core.User", on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    balance = models.CharField(max_length=20, blank=True)  # US dollars as Amazon writes them: "10000.00"
    answer = models.TextField(blank=True)  # Amazon's own words where it refused
    advice = models.TextField(blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_state_display()}"


class AccountPace(models.Model):
    """How fast this account may call Amazon: learned, and shared by all processes."""

    unaudited_reason: ClassVar[str] = "A measurement, changed several times a second while a job runs."

    account = models.OneToOneField(
        RequesterAccount, on_delete=models.PROTECT, primary_key=True, related_name="pace"
    )
    state = models.JSONField(default=dict)  # qualadmin.mturk.pacing.PaceState as plain numbers
    calls = models.JSONField(default=dict)  # `grant.done` and the like: how many there ever were
    throttled_at = models.DateTimeField(null=True, blank=True)
    unknown_times = models.JSONField(
        default=list
    )  # epoch seconds of recent unknown outcomes: the breaker's memory
    open_until = models.DateTimeField(
        null=True, blank=True
    )  # breaker: not empty, nothing is sent; then one question

    def __str__(self) -> str:
        return f"pace of {self.account}"
