"""What the page of a worker shows beside its history. In one question: tags, what the worker asked for, lists the
worker is in, and what became of messages. In another one: what is held, here and in other accounts."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.functions import Coalesce, Concat

from qualadmin.core.actor import Actor
from qualadmin.core.models import (
    Membership,
    Message,
    MessageRecipient,
    Qualification,
    QualificationRequest,
    RequesterAccount,
    Worker,
    WorkerList,
    WorkerTag,
)
from qualadmin.core.permissions import Permission, allowed

HELD: Final = 300  # qualifications shown, those of the account in use first
REQUESTS: Final = 20  # shown, the oldest
LISTS: Final = 20  # shown, by name
MESSAGES: Final = 10  # shown, the newest
_NOT_SENT: Final = [Message.State.DRAFT, Message.State.DISCARDED]
#: as QualificationType.known_as
_KNOWN_AS: Final = Case(
    When(type__lab_name="", then=F("type__name")),
    default=Concat("type__lab_name", Value(" ("), "type__name", Value(")")),
)
_NEVER: Final = Value(None, output_field=DateTimeField())


@dataclass(frozen=True, slots=True)
class Line:
    """`key` is that of the request, list, message or tag; `state` is the recipient's; `more` says why no
    mail went, or whose tag it is."""

    kind: str
    key: uuid.UUID
    label: str
    at: datetime | None
    state: str
    more: str

    @property
    def outcome(self) -> str:
        """What became of the message, in a word."""
        return MessageRecipient.State(self.state).label


@dataclass(slots=True)
class Beside:
    requests: list[Line] = field(default_factory=list)
    lists: list[Line] = field(default_factory=list)
    messages: list[Line] = field(default_factory=list)
    tags: list[Line] = field(default_factory=list)


def beside(actor: Actor, account: RequesterAccount, worker: Worker) -> Beside:
    """What of the account the person may see. Lists put away and messages nobody confirmed are left out."""
    # SQLite takes no limit in a part of a union, but in a question within it.
    waiting = QualificationRequest.objects.filter(
        worker=worker, type__account=account, state=QualificationRequest.State.WAITING
    ).order_by("submitted_at", "pk")
    named = Membership.objects.filter(worker=worker).order_by().values("list")
    lists = WorkerList.objects.visible_to(actor).current().filter(account=account, pk__in=named)
    sent = Message.objects.visible_to(actor).filter(account=account).exclude(state__in=_NOT_SENT).order_by()
    mailed = MessageRecipient.objects.filter(worker=worker, message__in=sent.values("pk")).order_by("-pk")
    requests = QualificationRequest.objects.filter(pk__in=waiting.values("pk")[:REQUESTS]).order_by()
    rows = requests.values_list(Value("request"), "pk", _KNOWN_AS, "submitted_at", Value(""), Value("")).union(
        WorkerList.objects.filter(pk__in=lists.values("pk")[:LISTS])
        .order_by()
        .values_list(Value("list"), "pk", "name", _NEVER, Value(""), Value("")),
        MessageRecipient.objects.filter(pk__in=mailed.values("pk")[:MESSAGES])
        .order_by()
        .values_list(
            Value("message"),
            F("message_id"),
            "message__subject",
            Coalesce("finished_at", "message__created_at"),
            "state",
            "failure",
        ),
        WorkerTag.objects.filter(worker=worker, removed_at=None)
        .order_by()
        .values_list(Value("tag"), "pk", "text", "created_at", Value(""), "author__full_name"),
        all=True,
    )
    return _sorted([Line(*row) for row in rows])


def held_here_and_elsewhere(
    actor: Actor, account: RequesterAccount, worker: Worker
) -> tuple[list[Qualification], list[Qualification]]:
    """What the worker holds or held in the account in use, and in the others where one may know who it is."""
    rows = Qualification.objects.filter(worker=worker).select_related("type__account")
    first = Case(When(type__account=account, then=0), default=1)
    here, elsewhere = list[Qualification](), list[Qualification]()
    for one in rows.order_by(first, "type__account__name", "type__name")[:HELD]:
        if one.type.account_id == account.pk:
            here.append(one)
        # Who sees pseudonyms in an account must not learn there whom one of them means.
        elif allowed(actor, Permission.SEE_WORKER_IDS, str(one.type.account_id)):
            elsewhere.append(one)
    return here, elsewhere


def _sorted(lines: list[Line]) -> Beside:
    found = Beside()
    places = {"request": found.requests, "list": found.lists, "message": found.messages, "tag": found.tags}
    for line in lines:
        places[line.kind].append(line)
    found.requests.sort(key=_moment)
    found.lists.sort(key=lambda line: line.label)
    found.tags.sort(key=lambda line: line.label.casefold())
    found.messages.sort(key=_moment, reverse=True)
    return found


def _moment(line: Line) -> float:
    return line.at.timestamp() if line.at is not None else 0.0
