"""Who acts, from where, on what: the plain values every audit entry is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, TypeAlias, get_args

from django.db import DatabaseError

Kind: TypeAlias = Literal["user", "task", "cli", "scheduler", "system", "anonymous"]
ReasonCode: TypeAlias = Literal["protocol", "correction", "withdrawal", "error_fix", "other"]

LABEL_LENGTH = 200
KINDS = frozenset(get_args(Kind))
REASON_CODES = frozenset(get_args(ReasonCode))


class Outcome(StrEnum):
    """How a fact ended. `unknown` means nobody can say yet, which is not a failure."""

    STARTED = "started"
    OK = "ok"
    FAILED = "failed"
    DENIED = "denied"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """How much a fact matters to somebody who reads only the important ones. Set by the vocabulary."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


class AuditError(Exception):
    """An entry is not allowed or cannot be written. The change it belongs to must not happen."""


class EntryRefused(AuditError, DatabaseError):
    """The database answered, and refused the entries of a transaction. All of it was rolled back."""


def clip(label: str) -> str:
    """A label as entries hold it: at most 200 characters, so that a long title stops no job."""
    return label if len(label) <= LABEL_LENGTH else label[: LABEL_LENGTH - 1] + "…"


@dataclass(frozen=True, slots=True)
class Who:
    """A person or a named part of the system. `auth` says how a person signed in (method, mfa, session)."""

    kind: str
    id: str | None
    label: str
    auth: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise AuditError(f"Unknown kind of actor: {self.kind!r}.")
        if self.id is not None and not isinstance(self.id, str):
            object.__setattr__(self, "id", str(self.id))
        object.__setattr__(self, "label", clip(self.label))


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The web request behind an entry. `route` is the URL pattern, never the URL itself."""

    id: str
    ip: str | None = None
    method: str = ""
    route: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """The background task behind an entry."""

    id: str
    name: str
    host: str = ""
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Who is responsible for the entries of one transaction. Passed as an argument, never looked up."""

    actor: Who
    on_behalf_of: Who | None = None
    approved_by: Who | None = None
    request: RequestInfo | None = None
    task: TaskInfo | None = None

    @classmethod
    def system(cls, name: str) -> "Context":
        """The context of a part of the system that acts by itself, for example `migrate`."""
        return cls(actor=Who("system", name, name))


@dataclass(frozen=True, slots=True)
class Target:
    """The thing an entry is about. The label is made by us; text that a person typed goes to the payload."""

    type: str
    id: str
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", str(self.id))
        object.__setattr__(self, "label", clip(self.label))
