"""The rows: HIT types, HITs, assignments, bonuses. Times are epoch seconds, money is in cents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from qualadmin.emulator.hits import money

Requirement = dict[str, Any]
"""A QualificationRequirement as the API has it."""


@dataclass(slots=True, frozen=True)
class HitType:
    hit_type_id: str
    group_id: str
    owner: str
    title: str
    description: str
    keywords: str | None
    reward: int
    duration: int
    auto_approval_delay: int
    requirements: list[Requirement]
    deleted: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """What makes two types the same: owner and all properties; the order of requirements is none."""
        requirements = sorted(json.dumps(item, sort_keys=True) for item in self.requirements)
        properties = [
            self.title,
            self.description,
            self.keywords,
            self.reward,
            self.duration,
            self.auto_approval_delay,
            requirements,
        ]
        return self.owner, json.dumps(properties)

    @property
    def qualification_type_ids(self) -> list[str]:
        return [requirement["QualificationTypeId"] for requirement in self.requirements]


@dataclass(slots=True)
class Hit:
    """One HIT. The fields below `policies` change; `HitBook` is the only place that does it."""

    hit_id: str
    serial: int
    hit_type_id: str
    owner: str
    created_at: float
    question: str
    layout_id: str | None
    annotation: str | None
    policies: dict[str, Any]
    """AssignmentReviewPolicy and HITReviewPolicy as sent."""
    max_assignments: int
    expires_at: float
    expired: bool = False
    reviewing: bool = False
    disposed: bool = False
    pending: int = 0
    """Assignments in workers' hands."""
    submitted: int = 0
    """Assignments handed in, whatever became of them."""
    approved: int = 0
    rejected: int = 0

    @property
    def undecided(self) -> int:
        return self.submitted - self.approved - self.rejected

    @property
    def free(self) -> int:
        """Assignments nobody has, even if the HIT has expired."""
        return max(0, self.max_assignments - self.pending - self.submitted)

    @property
    def status(self) -> str:
        if self.disposed:
            return "Disposed"
        if self.reviewing:
            return "Reviewing"
        if self.pending == 0 and (self.expired or self.free == 0):
            return "Reviewable"
        return "Assignable" if self.free and not self.expired else "Unassignable"

    def wire(self, kind: HitType) -> dict[str, Any]:
        row: dict[str, Any] = {
            "HITId": self.hit_id,
            "HITTypeId": kind.hit_type_id,
            "HITGroupId": kind.group_id,
            "CreationTime": int(self.created_at),
            "Title": kind.title,
            "Description": kind.description,
            "Question": self.question,
            "HITStatus": self.status,
            "MaxAssignments": self.max_assignments,
            "Reward": money.text(kind.reward),
            "AutoApprovalDelayInSeconds": kind.auto_approval_delay,
            "Expiration": int(self.expires_at),
            "AssignmentDurationInSeconds": kind.duration,
            "QualificationRequirements": kind.requirements,
            "HITReviewStatus": "NotReviewed",
            "NumberOfAssignmentsPending": self.pending,
            "NumberOfAssignmentsAvailable": self.free,
            "NumberOfAssignmentsCompleted": self.approved + self.rejected,
        }
        optional = {
            "HITLayoutId": self.layout_id,
            "Keywords": kind.keywords,
            "RequesterAnnotation": self.annotation,
        }
        row.update((key, value) for key, value in optional.items() if value is not None)
        return row


IN_HAND = "Accepted"
SUBMITTED, APPROVED, REJECTED = "Submitted", "Approved", "Rejected"
VISIBLE = (SUBMITTED, APPROVED, REJECTED)
"""Statuses the requester sees. The others are Accepted, Returned and Abandoned."""


@dataclass(slots=True)
class Assignment:
    """A worker's go at a HIT."""

    assignment_id: str
    serial: int
    hit_id: str
    worker_id: str
    accepted_at: float
    deadline: float
    status: str = IN_HAND
    submitted_at: float | None = None
    submission: int | None = None
    """Number of the submission in the whole world: the order in which a requester reads them."""
    auto_approves_at: float | None = None
    approved_at: float | None = None
    rejected_at: float | None = None
    answer: str | None = None
    feedback: str | None = None

    def wire(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "AssignmentId": self.assignment_id,
            "WorkerId": self.worker_id,
            "HITId": self.hit_id,
            "AssignmentStatus": self.status,
            "AcceptTime": int(self.accepted_at),
        }
        times = {
            "AutoApprovalTime": self.auto_approves_at,
            "SubmitTime": self.submitted_at,
            "ApprovalTime": self.approved_at,
            "RejectionTime": self.rejected_at,
        }
        row.update((key, int(value)) for key, value in times.items() if value is not None)
        texts = {"Answer": self.answer, "RequesterFeedback": self.feedback}
        row.update((key, value) for key, value in texts.items() if value is not None)
        return row


@dataclass(slots=True, frozen=True)
class Bonus:
    serial: int
    owner: str
    worker_id: str
    assignment_id: str
    hit_id: str
    amount: int
    reason: str
    granted_at: float

    def wire(self) -> dict[str, Any]:
        return {
            "WorkerId": self.worker_id,
            "BonusAmount": money.text(self.amount),
            "AssignmentId": self.assignment_id,
            "Reason": self.reason,
            "GrantTime": int(self.granted_at),
        }
