"""Rows for tests. Every audited row comes with an entry of its own, as the guards demand.

The entries that a factory writes are like any others: count with `tests.entries.new_entries`, which looks only at
what was written inside its block.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from factory.django import DjangoModelFactory

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, Target
from qualadmin.core import models

PASSWORD = "correct horse battery"
#: One hash for all people of a test run: hashing is slow on purpose.
_hashed: list[str] = []


class AuditedFactory(DjangoModelFactory):
    """Writes the row and an entry of the kind `event`."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        event = kwargs.pop("event")
        row = model_class(*args, **kwargs)
        with audit.transaction(Context.system("tests")) as tx:
            target = Target(model_class._meta.model_name, "factory", "made by a factory")
            row.audit_id = tx.record(event, target=target, outcome=_outcome(event))
            row.save(force_insert=True)
        return row


def _outcome(event: str) -> str:
    return "started" if event == "qtype.create.requested" else "ok"


class UserFactory(AuditedFactory):
    class Meta:
        model = models.User

    event = "user.invited"
    username = factory.Sequence(lambda n: f"person{n}")
    full_name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@lab.example.org")

    @factory.lazy_attribute
    def password(self) -> str:
        if not _hashed:
            _hashed.append(make_password(PASSWORD))
        return _hashed[0]


class AccountFactory(AuditedFactory):
    """An emulator account that is switched on."""

    class Meta:
        model = models.RequesterAccount

    event = "account.created"
    slug = factory.Sequence(lambda n: f"lab-{n}")
    name = factory.Sequence(lambda n: f"Lab {n}")
    environment = models.Environment.EMULATOR
    profile_name = factory.Sequence(lambda n: f"AKIADEMO{n:012d}")
    is_enabled = True


class AccessKeyFactory(AuditedFactory):
    """A key that may change things, good for a month."""

    class Meta:
        model = models.AccessKey

    event = "user.key.created"
    name = "script"
    key_id = factory.Sequence(lambda n: f"QKEY{n:016d}")
    may_change = True
    expires_at = factory.LazyFunction(lambda: datetime.now(UTC) + timedelta(days=30))


class RoleFactory(AuditedFactory):
    """A role for all accounts unless `account` is given."""

    class Meta:
        model = models.RoleAssignment

    event = "role.granted"
    user = factory.SubFactory(UserFactory)
    role = "viewer"
    account = None


class StudyFactory(AuditedFactory):
    class Meta:
        model = models.Study

    event = "study.created"
    slug = factory.Sequence(lambda n: f"study-{n}")
    title = factory.Sequence(lambda n: f"Study {n}")
    protocol_number = factory.Sequence(lambda n: f"IRB-{n:04d}")


class InvestigatorFactory(AuditedFactory):
    class Meta:
        model = models.StudyInvestigator

    event = "study.investigator.added"
    study = factory.SubFactory(StudyFactory)
    user = factory.SubFactory(UserFactory)


class TypeFactory(AuditedFactory):
    """A type that Amazon knows."""

    class Meta:
        model = models.QualificationType

    event = "qtype.imported"
    account = factory.SubFactory(AccountFactory)
    mturk_id = factory.Sequence(lambda n: f"3TYPE{n:010d}")
    name = factory.Sequence(lambda n: f"Wave no. {n}")  # tests name their own "Wave 7"
    description = "Took part in an earlier wave."
    state = models.QualificationType.State.LIVE


class WorkerFactory(AuditedFactory):
    class Meta:
        model = models.Worker

    event = "worker.check.requested"
    worker_id = factory.Sequence(lambda n: f"AFACTORY{n:06d}")


class QualificationFactory(AuditedFactory):
    """A worker who holds a type with score 100, last looked at long ago."""

    class Meta:
        model = models.Qualification

    event = "mturk.drift.detected"
    type = factory.SubFactory(TypeFactory)
    worker = factory.SubFactory(WorkerFactory)
    status = models.Qualification.Status.GRANTED
    value = 100
    grant_time = datetime(2026, 1, 5, 12, tzinfo=UTC)
    checked_at = datetime(2026, 1, 6, 12, tzinfo=UTC)


class RequestFactory(AuditedFactory):
    """A worker who asked for a type and waits."""

    class Meta:
        model = models.QualificationRequest

    event = "request.seen"
    mturk_id = factory.Sequence(lambda n: f"3REQUEST{n:08d}")
    type = factory.SubFactory(TypeFactory)
    worker = factory.SubFactory(WorkerFactory)
    submitted_at = datetime(2026, 1, 7, 12, tzinfo=UTC)


class PreviewFactory(DjangoModelFactory):
    class Meta:
        model = models.Preview

    account = factory.SubFactory(AccountFactory)
    created_by = factory.SubFactory(UserFactory)
    source = models.Preview.Source.FORM
    state = models.Preview.State.READY


class JobFactory(AuditedFactory):
    """A running job without changes; make them with ChangeFactory and set `total` and `planned`."""

    class Meta:
        model = models.Job

    event = "job.created"
    account = factory.SubFactory(AccountFactory)
    created_by = factory.SubFactory(UserFactory)
    preview = factory.SubFactory(
        PreviewFactory,
        account=factory.SelfAttribute("..account"),
        created_by=factory.SelfAttribute("..created_by"),
        state=models.Preview.State.CONFIRMED,
    )
    kind = models.Job.Kind.GRANT
    title = factory.Sequence(lambda n: f"Job {n}")
    source = models.Preview.Source.FORM
    rows_sha256 = "0" * 64
    total = 0


class ListFactory(AuditedFactory):
    """A list of workers without any."""

    class Meta:
        model = models.WorkerList

    event = "workerlist.created"
    account = factory.SubFactory(AccountFactory)
    created_by = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"List {n}")


class SourceFactory(AuditedFactory):
    """A source of pasted ids; make its workers with MembershipFactory."""

    class Meta:
        model = models.ListSource

    event = "workerlist.source.added"
    list = factory.SubFactory(ListFactory)
    kind = models.ListSource.Kind.PASTE
    label = factory.Sequence(lambda n: f"Paste {n}")
    added_by = factory.SubFactory(UserFactory)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = models.Membership

    source = factory.SubFactory(SourceFactory)
    list = factory.SelfAttribute("source.list")
    worker = factory.SubFactory(WorkerFactory)
    since = datetime(2026, 1, 9, 12, tzinfo=UTC)


class TagFactory(AuditedFactory):
    class Meta:
        model = models.WorkerTag

    event = "worker.tag.added"
    worker = factory.SubFactory(WorkerFactory)
    author = factory.SubFactory(UserFactory)
    text = factory.Sequence(lambda n: f"Tag {n}")


class MessageFactory(AuditedFactory):
    """A draft with its text; make its recipients with RecipientFactory and set `total` and `planned`."""

    class Meta:
        model = models.Message

    event = "message.drafted"
    account = factory.SubFactory(AccountFactory)
    created_by = factory.SubFactory(UserFactory)
    subject = factory.Sequence(lambda n: f"Wave {n} is open")
    text = "Dear worker, the next wave is open."
    origin = "Pasted IDs"


class RecipientFactory(AuditedFactory):
    """A worker who waits for the message."""

    class Meta:
        model = models.MessageRecipient

    event = "message.mail.finished"
    message = factory.SubFactory(MessageFactory)
    worker = factory.SubFactory(WorkerFactory)
    n = factory.Sequence(lambda n: n)


class RuleFactory(AuditedFactory):
    """A draft without lists: they are asked for nobody."""

    class Meta:
        model = models.ListRule

    event = "rule.created"
    type = factory.SubFactory(TypeFactory)
    account = factory.SelfAttribute("type.account")
    owner = factory.SubFactory(UserFactory)
    score = 100
    leavers = models.ListRule.Leavers.REVOKE


class ChangeFactory(AuditedFactory):
    """A planned grant of score 100 in a job of its own."""

    class Meta:
        model = models.Change

    event = "mturk.drift.detected"
    type = factory.SubFactory(TypeFactory)
    job = factory.SubFactory(JobFactory, account=factory.SelfAttribute("..type.account"), total=1, planned=1)
    worker = factory.SubFactory(WorkerFactory)
    n = factory.Sequence(lambda n: n)
    verb = models.Verb.GRANT
    value = 100
    created_at = datetime(2026, 1, 8, 12, tzinfo=UTC)
    due_at = datetime(2026, 1, 8, 12, tzinfo=UTC)


class DriftFactory(AuditedFactory):
    """A score that was changed elsewhere from 100 to 50, and stands, with the change that was seen."""

    class Meta:
        model = models.Drift

    event = "mturk.drift.detected"
    type = factory.SubFactory(TypeFactory)
    account = factory.SelfAttribute("type.account")
    worker = factory.SubFactory(WorkerFactory)
    kind = models.Drift.Kind.SCORE
    held_status = "Granted"
    held_value = 100
    seen_status = "Granted"
    seen_value = 50
    seen_at = datetime(2026, 1, 9, 12, tzinfo=UTC)
    found_at = datetime(2026, 1, 9, 12, tzinfo=UTC)

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        event, row = kwargs.pop("event"), model_class(*args, **kwargs)
        moment = row.seen_at
        with audit.transaction(Context.system("tests")) as tx:
            entry = tx.record(event, target=Target("qtype", str(row.type.pk)), subject=row.worker.pk)
            row.audit_id = row.seen_entry = entry
            models.Qualification.objects.create(
                type=row.type, worker=row.worker, status=row.seen_status, value=row.seen_value, checked_at=moment,
                audit_id=entry,
            )  # fmt: skip
            models.Change.objects.create(
                type=row.type, worker=row.worker, verb="grant", status_before=row.held_status, state="done",
                value_before=row.held_value, value=row.seen_value, created_at=moment, due_at=moment,
                finished_at=moment, audit_id=entry,
            )  # fmt: skip
            row.save(force_insert=True)
        return row
