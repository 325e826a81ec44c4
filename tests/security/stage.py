"""Everybody who may come to a door, and one of everything that stands behind it, in three accounts.

| person             | role                                | reaches                |
|--------------------|-------------------------------------|------------------------|
| `granter`          | granter, may act on real workers    | all accounts           |
| `practice_granter` | granter                             | all accounts           |
| `pi`, `viewer`     | that role                           | all accounts           |
| `manager`          | manager, may act on real workers    | all accounts           |
| `practice_manager` | manager                             | all accounts           |
| `outsider`         | granter, may act on real workers    | the other account only |
| `local_manager`    | manager                             | the other account only |
| `newcomer`         | none                                | nothing                |
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.test import Client
from django.urls import reverse

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.audit_log import record_audit_viewed
from qualadmin.core.actions.erasures import decline_erasure, request_erasure
from qualadmin.core.actions.holds import set_hold
from qualadmin.core.actions.oversight import mute_rule
from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
from qualadmin.core.actions.requests import select_requests
from qualadmin.core.actions.tokens import create_token
from qualadmin.core.models import (
    Change,
    DraftedTest,
    Environment,
    Erasure,
    HitReading,
    Job,
    Message,
    Mute,
    Preview,
    QualificationRequest,
    RequesterAccount,
    RoleAssignment,
    User,
    Verb,
)
from qualadmin.core.months import Month
from qualadmin.core.permissions import Role, Scope
from qualadmin.core.reading import Plan
from qualadmin.web.middleware import SESSION_ACCOUNT
from qualadmin.web.oversight import RULES
from qualadmin.web.views.session import BACKEND
from tests.factories import (
    AccessKeyFactory,
    AccountFactory,
    ChangeFactory,
    JobFactory,
    ListFactory,
    MessageFactory,
    QualificationFactory,
    RecipientFactory,
    RequestFactory,
    RoleFactory,
    RuleFactory,
    SourceFactory,
    TagFactory,
    TypeFactory,
    UserFactory,
    WorkerFactory,
)
from tests.people import Cast, make_cast
from tests.questions.documents import form, question, selections

PRACTICE, REAL, FOREIGN = "practice", "real", "foreign"
#: A worker id that no address, log line or title may ever hold.
WORKER_ID: Final = "A3NEVERINANADDRESS"


@dataclass(frozen=True)
class Persona:
    """Somebody, with what the table needs to know of them."""

    user: User
    role: str  # first letter, "" for none
    real: bool  # may act on real workers
    home: RequesterAccount | None  # the only account they reach; None: all of them, or none at all


@dataclass
class Stage:
    """The whole scene. `things[place][name]` are the ids that addresses are made of."""

    cast: Cast
    real: RequesterAccount
    personas: dict[str, Persona]
    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[tuple[str, str], str] = field(default_factory=dict)

    def account(self, place: str) -> RequesterAccount:
        return self.real if place == REAL else self.cast.account

    def in_use(self, name: str, place: str) -> RequesterAccount | None:
        """The account that stands in this person's bar."""
        persona = self.personas[name]
        return None if not persona.role else persona.home or self.account(place)

    def client(self, name: str | None, place: str) -> Client:
        """A browser with a session of this person, as if each request were the first after signing in."""
        client = Client()
        if name is not None:
            client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: self.sessions[name, place]})
        return client

    def sign_in(self, name: str, place: str) -> None:
        """A session on the server. Signing in by the form would take longer than all that is tested."""
        user, account = self.personas[name].user, self.in_use(name, place)
        store = SessionStore()
        store[SESSION_KEY], store[BACKEND_SESSION_KEY] = str(user.pk), BACKEND
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        if account is not None:
            store[SESSION_ACCOUNT] = str(account.pk)
        store.create()
        self.sessions[name, place] = str(store.session_key)

    def fields(self, name: str | None, place: str) -> dict[str, str]:
        """What every form of ours carries, hidden."""
        account = self.in_use(name, place) if name else None
        return {
            "form_key": uuid.uuid4().hex,
            "guard_person": str(self.personas[name].user.pk) if name else "",
            "guard_account": str(account.pk) if account else "",
            "guard_environment": account.environment if account else "",
        }

    def address(self, url_name: str, thing: str, name: str | None, place: str) -> str:
        """The address of `thing` at `place`, as this person would meet it."""
        arguments: tuple[Any, ...] = ()
        if thing and thing != "choice":
            found = self.things[place][thing]
            if isinstance(found, dict):  # one for each person
                found = found.get(name) or found["granter"]
            arguments = found if isinstance(found, tuple) else (found,)
        return reverse(url_name, args=arguments)


def make_stage() -> Stage:
    """Write all of it. Needs the database."""
    cast = make_cast()
    real = AccountFactory(name="Real lab", environment=Environment.PRODUCTION, profile_name="lab")
    people = {
        name: UserFactory(username=name.replace("_", "-")) for name in ("practice_granter", "practice_manager")
    }
    RoleFactory(user=people["practice_granter"], role=Role.GRANTER)
    RoleFactory(user=people["practice_manager"], role=Role.MANAGER)
    local, newcomer = UserFactory(username="local-manager"), UserFactory(username="newcomer")
    RoleFactory(user=local, role=Role.MANAGER, account=cast.other_account)
    personas = {
        "granter": Persona(cast.granter, "g", True, None),
        "practice_granter": Persona(people["practice_granter"], "g", False, None),
        "pi": Persona(cast.pi, "p", False, None),
        "manager": Persona(cast.manager, "m", True, None),
        "practice_manager": Persona(people["practice_manager"], "m", False, None),
        "viewer": Persona(cast.viewer, "v", False, None),
        "outsider": Persona(cast.outsider, "g", True, cast.other_account),
        "local_manager": Persona(local, "m", False, cast.other_account),
        "newcomer": Persona(newcomer, "", False, None),
    }
    stage = Stage(cast, real, personas)
    for place in (PRACTICE, REAL):
        stage.things[place] = _things(stage, stage.account(place))
    # What outsiders ask for is the practice lab's; what is theirs is not asked for by anybody here.
    stage.things[FOREIGN] = _foreign(stage)
    tokens = {name: _token(one.user) for name, one in personas.items()}
    keys = {name: AccessKeyFactory(user=one.user, account=cast.account).pk for name, one in personas.items()}
    for things in stage.things.values():
        things["token"], things["key"] = tokens, keys
    for name in personas:
        for place in (PRACTICE, REAL, FOREIGN):
            stage.sign_in(name, place)
    return stage


def _things(stage: Stage, account: RequesterAccount) -> dict[str, Any]:
    kind = TypeFactory(account=account, name=f"Wave 7 of {account.name}")
    worker = WorkerFactory(worker_id=f"{WORKER_ID}{stage.personas['granter'].user.pk}{len(stage.things)}")
    QualificationFactory(type=kind, worker=worker)
    granters = [name for name, one in stage.personas.items() if one.role == "g" and one.home is None]
    if account.is_production:
        granters.remove("practice_granter")
    previews = {name: _previews(stage, stage.personas[name].user, account, str(kind.pk)) for name in granters}
    jobs = {
        name: _job(stage, stage.personas[name].user, kind, worker).pk for name in ("granter", "practice_granter")
    }
    held = RoleAssignment.objects.get(user=stage.cast.viewer)
    rule = RuleFactory(type=kind, owner=stage.cast.granter, study=stage.cast.study)
    workers = ListFactory(account=account, created_by=stage.cast.granter)
    return {
        "account": account.pk,
        "rule": rule.pk,
        "list": workers.pk,
        "message": _message(stage.cast.granter, account, worker).pk,
        "written": {
            name: _message(stage.personas[name].user, account, worker).pk
            for name in ("granter", "practice_granter")
        },
        "reading": HitReading.objects.create(account=account, hit_ids=["3HIT"], statuses=[], state="done").pk,
        "source": (workers.pk, SourceFactory(list=workers, added_by=stage.cast.granter).pk),
        "type": kind.pk,
        "request": RequestFactory(type=kind).pk,
        "answers": {name: _answers(stage.personas[name].user, account) for name in granters},
        "answer": {name: _answer(stage.personas[name].user, kind) for name in granters},
        "worker": worker.pk,
        "tag": (worker.pk, TagFactory(worker=worker, author=stage.cast.granter).pk),
        "job": jobs,
        "draft": {name: _draft(one.user, kind).pk for name, one in stage.personas.items()},
        "preview": {name: pair[0] for name, pair in previews.items()},
        "upload": {name: pair[1] for name, pair in previews.items()},
        "study": stage.cast.study.pk,
        "erasure": _erasure(stage, kind, declined=False).pk,
        "declined": _erasure(stage, kind, declined=True).pk,
        "hold": set_hold(actor=stage.cast.actor("manager"), worker=_met(kind), reason="Agreed upon").pk,
        "month": (stage.cast.study.pk, Month.current()),
        "mute": _mute(stage).pk,
        "investigator": (stage.cast.study.pk, stage.cast.pi.pk),
        "person": stage.cast.viewer.pk,
        "role": (stage.cast.viewer.pk, held.pk),
        "entry": {name: _own_entry(one.user) for name, one in stage.personas.items() if one.role},
        "status": 403,
    }


def _message(user: User, account: RequesterAccount, worker: Any) -> Message:
    """A message that this person writes."""
    one: Message = MessageFactory(account=account, created_by=user, total=1, planned=1)
    RecipientFactory(message=one, worker=worker)
    return one


def _draft(user: User, kind: Any) -> DraftedTest:
    """A test that this person writes for the type."""
    document = form(question("q", selections("a", "b")))
    draft: DraftedTest = DraftedTest.objects.create(
        account=kind.account, type=kind, created_by=user, question_form=document
    )
    return draft


def _previews(stage: Stage, user: User, account: RequesterAccount, kind: str) -> tuple[uuid.UUID, uuid.UUID]:
    """A list ready to confirm, and one whose columns must be matched first."""
    actor = user.as_actor()
    content = b"WorkerId,Score\nA1GOODWORKER01,5\nnonsense,6\n"
    made = [
        start_preview(actor=actor, account=account, source=Preview.Source.PASTE, content=content) for _ in range(2)
    ]
    plan = Plan(types={"": kind}, worker=0, score=1, mapped=True)
    plan_preview(actor=actor, preview=made[0], plan=plan, wishes=Wishes(study=stage.cast.study))
    return made[0].pk, made[1].pk


def _answers(user: User, account: RequesterAccount) -> uuid.UUID:
    """Selected requests whose answer is still to be said."""
    rows = QualificationRequest.objects.filter(type__account=account)
    return select_requests(actor=user.as_actor(), account=account, rows=rows, verb=Verb.ACCEPT).pk


def _answer(user: User, kind: Any) -> int:
    """An answer of this person that is not sent yet."""
    request = RequestFactory(type=kind)
    job = JobFactory(account=kind.account, created_by=user, kind="reject", total=1, planned=1)
    change: Change = ChangeFactory(
        type=kind, worker=request.worker, job=job, request=request, verb="reject", value=None
    )
    return change.pk


def _job(stage: Stage, user: User, kind: Any, worker: Any) -> Job:
    """A running job with something to stop and something to send again."""
    job: Job = JobFactory(
        account=kind.account, created_by=user, study=stage.cast.study, total=2, planned=1, failed=1
    )
    ChangeFactory(type=kind, worker=worker, job=job, n=1)
    ChangeFactory(type=kind, job=job, n=2, state=Change.State.FAILED)
    return job


def _token(user: User) -> uuid.UUID:
    """An access token of one's own."""
    row, _ = create_token(actor=user.as_actor(), name="script", scopes=[Scope.READ], account=None, days=30)
    return row.pk


def _mute(stage: Stage) -> Mute:
    rule = RULES[len(stage.things)].key
    return mute_rule(actor=stage.cast.actor("manager"), rule=rule, study=stage.cast.study, reason="Agreed upon")


def _met(kind: Any) -> Any:
    worker = WorkerFactory()
    QualificationFactory(type=kind, worker=worker)
    return worker


def _erasure(stage: Stage, kind: Any, *, declined: bool) -> Erasure:
    wish = request_erasure(actor=stage.cast.actor("pi"), worker=_met(kind), reason="Withdrew")
    if declined:
        decline_erasure(actor=stage.cast.actor("manager"), erasure_id=wish.pk, words="Not the one")
    return wish


def _own_entry(user: User) -> int:
    record_audit_viewed(actor=user.as_actor(), filter="")
    return AuditEntry.objects.filter(actor_id=str(user.pk)).newest()[0].seq


def _foreign(stage: Stage) -> dict[str, Any]:
    """The practice lab's things, for those who must not know that they exist."""
    things = stage.things[PRACTICE]
    about = AuditEntry.objects.filter(stream=stage.cast.account.stream).newest().first()
    assert about is not None, "the practice lab has no entry of its own"
    return {**things, "entry": about.seq}


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside is rolled back. Actions that insist on a commit get one."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)
