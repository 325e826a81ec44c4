"""What Amazon told us, as the domain takes it. All times are aware datetimes."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class WorkerTest:
    """A qualification test: QuestionForm and AnswerKey as XML (an empty key: a person decides), and the time to
    take it, in seconds. At Amazon the three travel together."""

    question_form: str
    answer_key: str
    seconds: int


@dataclass(frozen=True, slots=True)
class SeenType:
    """A qualification type as Amazon holds it. `status` is Active or Inactive, the delay is in seconds."""

    mturk_id: str
    name: str
    description: str
    keywords: str
    status: str
    auto_granted: bool
    auto_granted_value: int | None
    retry_delay_seconds: int | None
    test: WorkerTest | None
    is_requestable: bool
    creation_time: datetime | None


@dataclass(frozen=True, slots=True)
class SeenHolder:
    """One worker's qualification. `status` is Granted or Revoked; `value` is None where Amazon did not tell it.

    `never_held`: Amazon says that the worker never had it. It is kept like a revoked one.
    """

    worker_id: str
    status: str
    value: int | None
    grant_time: datetime | None
    never_held: bool = False


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A worker's request that waits for an answer. Ids are Amazon's; `test` and `answers` are its documents."""

    mturk_id: str
    type_id: str
    worker_id: str
    submitted_at: datetime | None
    test: str = ""
    answers: str = ""


@dataclass(frozen=True, slots=True)
class SeenHit:
    """A HIT as Amazon lists it. The three numbers count assignments: not taken, being worked on, decided."""

    hit_id: str
    title: str
    status: str
    created_at: datetime | None
    max_assignments: int
    available: int
    pending: int
    completed: int


@dataclass(frozen=True, slots=True)
class SeenWork:
    """What one worker handed in for a HIT. `status` is Submitted, Approved or Rejected."""

    assignment_id: str
    hit_id: str
    worker_id: str
    status: str
    submitted_at: datetime | None
