"""Rules that keep a type in step with lists of workers."""

import uuid
from typing import ClassVar, Self

from django.db import models

from qualadmin.audit.models import AuditedModel
from qualadmin.core.actor import Actor
from qualadmin.core.permissions import Permission, allowed

from .accounts import RequesterAccount, in_accounts_of
from .lists import WorkerList
from .people import Study, User
from .qualifications import QualificationType


class ListRuleQuerySet(models.QuerySet["ListRule"]):
    def visible_to(self, actor: Actor) -> Self:
        """Rules of the accounts in scope. A PI who is nothing else sees those of own studies and without one."""
        rows = in_accounts_of(self, actor)
        if allowed(actor, Permission.GRANT) or allowed(actor, Permission.SYNC) or not actor.study_ids:
            return rows
        return rows.filter(models.Q(study__in=actor.study_ids) | models.Q(study=None))


class ListRule(AuditedModel):
    """Whoever is in the lists (and took part in the last `days` days) holds the type; who leaves may lose it.

    draft ─→ active ⇄ paused          started when somebody confirmed its first run
       └───────┴────────┴─→ ended     nobody loses anything by that

    It takes away only what it gave, silently, and never writes to a worker. What it gave is exact: the entry of
    what a worker holds is that of a change of one of its jobs. With `takes_in` also what was older than its start.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Not started"
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"

    class Leavers(models.TextChoices):
        REVOKE = "revoke", "Take it away silently"
        KEEP = "keep", "Let them keep it"

    unaudited_fields: ClassVar[frozenset[str]] = frozenset({"ran_at"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(RequesterAccount, on_delete=models.PROTECT, related_name="rules", db_index=False)
    type = models.ForeignKey(QualificationType, on_delete=models.PROTECT, related_name="rules")
    lists = models.ManyToManyField(WorkerList, through="core.RuleList", related_name="rules")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="rules")
    days = models.PositiveSmallIntegerField(null=True)  # took part in the last days; null: whenever
    score = models.IntegerField()
    leavers = models.CharField(max_length=6, choices=Leavers.choices)
    takes_in = models.BooleanField(default=False)  # who held the type before the rule began, too
    reason = models.TextField(blank=True)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="rules")  # it runs in this name
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.DRAFT)
    started_at = models.DateTimeField(null=True)
    began_below = models.BigIntegerField(null=True)  # entries with a smaller number are older than its start
    ended_at = models.DateTimeField(null=True)
    ran_at = models.DateTimeField(null=True)  # last looked at by the night or a person
    held = models.TextField(blank=True)  # why its last run waits for a person
    trouble = models.TextField(blank=True)  # why its last run could not be made

    objects = ListRuleQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "pk"]
        indexes = [
            models.Index(fields=["account", "-created_at"], name="rule_list"),
            models.Index(fields=["state"], condition=models.Q(state="active"), name="rule_active"),
        ]

    def __str__(self) -> str:
        return f"Rule for {self.type}"

    @property
    def stream(self) -> str:
        """The study's stream where there is one, else the account's."""
        return self.study.stream if self.study else self.account.stream

    @property
    def needs_person(self) -> bool:
        return bool(self.held or self.trouble)


class RuleList(models.Model):
    """One of the lists of a rule."""

    unaudited_reason: ClassVar[str] = "Written with the rule, whose entry names its lists. It never changes."

    rule = models.ForeignKey(ListRule, on_delete=models.PROTECT, related_name="+", db_index=False)
    list = models.ForeignKey(WorkerList, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "list"], name="list_once_a_rule")]

    def __str__(self) -> str:
        return f"{self.list} of {self.rule}"
