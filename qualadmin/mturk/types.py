"""What Amazon told us, as frozen values. Amazon's dicts end at this package's edge.

All times are aware datetimes in UTC. Amazon leaves unset optional fields out of its answers; they are
``None`` here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Environment(StrEnum):
    """Where an account lives. The three never share types, workers' qualifications or balances."""

    EMULATOR = "emulator"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


class TypeStatus(StrEnum):
    """Amazon's status of a type. Inactive stops new requests and new HITs, not the scores workers have."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"


class QualificationStatus(StrEnum):
    """Amazon's status of one worker's qualification."""

    GRANTED = "Granted"
    REVOKED = "Revoked"


class AssignmentStatus(StrEnum):
    """Amazon's status of work that was handed in."""

    SUBMITTED = "Submitted"
    APPROVED = "Approved"
    REJECTED = "Rejected"


@dataclass(frozen=True, slots=True)
class CallRecord:
    """The evidence of one call, for the audit log. Holds no worker id and no free text.

    ``attempts`` counts requests handed to the network: 0 means that nothing left this machine.
    ``aws_request_id`` and ``http_status`` are ``None`` when no answer came. ``milliseconds`` is wall time.
    """

    aws_request_id: str | None
    http_status: int | None
    code: str | None
    turk_code: str | None
    attempts: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Balance:
    """US dollars. ``on_hold`` is often not told by Amazon."""

    available: Decimal
    on_hold: Decimal | None
    call: CallRecord | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials these are, by STS."""

    aws_account_id: str
    arn: str
    call: CallRecord | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RemoteType:
    """A qualification type as Amazon holds it. Durations are seconds."""

    type_id: str
    name: str
    description: str
    keywords: str | None
    status: TypeStatus
    created_at: datetime | None
    is_requestable: bool
    auto_granted: bool
    auto_granted_value: int | None
    retry_delay_seconds: int | None
    test: str | None
    answer_key: str | None
    test_duration_seconds: int | None


@dataclass(frozen=True, slots=True)
class RemoteQualification:
    """One worker's qualification. ``value`` is ``None`` only where Amazon holds a place, not a number."""

    type_id: str
    worker_id: str
    status: QualificationStatus
    value: int | None
    grant_time: datetime | None
    call: CallRecord | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NotHeld:
    """The worker never held the qualification."""

    call: CallRecord


@dataclass(frozen=True, slots=True)
class Revoked:
    """The worker held it once and it was taken away. Amazon does not tell the old value here."""

    call: CallRecord


Score = RemoteQualification | NotHeld | Revoked


@dataclass(frozen=True, slots=True)
class RemoteRequest:
    """A worker's request that waits for an answer. ``answer`` is QuestionFormAnswers XML, after a test."""

    request_id: str
    type_id: str
    worker_id: str
    submitted_at: datetime | None
    test: str | None
    answer: str | None


@dataclass(frozen=True, slots=True)
class RemoteHit:
    """A HIT of the account. The three numbers count assignments: not taken, being worked on, decided."""

    hit_id: str
    title: str
    created_at: datetime | None
    status: str
    max_assignments: int
    available: int
    pending: int
    completed: int


@dataclass(frozen=True, slots=True)
class RemoteAssignment:
    """What one worker handed in for one HIT."""

    assignment_id: str
    hit_id: str
    worker_id: str
    status: AssignmentStatus
    submitted_at: datetime | None


@dataclass(frozen=True, slots=True)
class MailRefusal:
    """Why one worker of a call was not mailed. ``code``: ``SoftFailure``, ``HardFailure``, or "" if not told."""

    worker_id: str
    code: str
    message: str
