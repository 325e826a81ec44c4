"""The rows of a world: qualification types, requests, mails. Times are epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

AMAZON = ""
"""Owner of the system qualification types."""


@dataclass(slots=True, frozen=True)
class QualificationType:
    type_id: str
    owner: str
    name: str
    description: str
    status: str
    created_at: float
    keywords: str | None = None
    retry_delay: int | None = None
    test: str | None = None
    answer_key: str | None = None
    test_duration: int | None = None
    auto_granted: bool = False
    auto_granted_value: int | None = None
    deleted_at: float | None = None

    @property
    def is_system(self) -> bool:
        return self.owner == AMAZON

    def wire(self, *, with_key: bool) -> dict[str, Any]:
        """The API's view: unset fields are absent, never null."""
        row: dict[str, Any] = {
            "QualificationTypeId": self.type_id,
            "CreationTime": int(self.created_at),
            "Name": self.name,
            "Description": self.description,
            "QualificationTypeStatus": self.status,
            "IsRequestable": not self.is_system,
            "AutoGranted": self.auto_granted,
        }
        optional = {
            "Keywords": self.keywords,
            "RetryDelayInSeconds": self.retry_delay,
            "Test": self.test,
            "TestDurationInSeconds": self.test_duration,
            "AnswerKey": self.answer_key if with_key else None,
            "AutoGrantedValue": self.auto_granted_value,
        }
        row.update((key, value) for key, value in optional.items() if value is not None)
        return row


@dataclass(slots=True, frozen=True)
class Request:
    """A worker's request. State: pending, granted, rejected, automatic or testing; the requester never sees the
    last two."""

    request_id: str
    type_id: str
    worker_id: str
    submitted_at: float
    serial: int
    state: str = "pending"
    test: str | None = None
    answer: str | None = None
    reason: str | None = None
    answer_key: str | None = None
    """Test and key as they were when the worker asked; the type's may have changed since."""
    deadline: float | None = None
    """Until when the answers must be handed in."""

    def wire(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "QualificationRequestId": self.request_id,
            "QualificationTypeId": self.type_id,
            "WorkerId": self.worker_id,
            "SubmitTime": int(self.submitted_at),
        }
        if self.test is not None:
            row["Test"] = self.test
            row["Answer"] = self.answer or ""
        return row


@dataclass(slots=True, frozen=True)
class Mail:
    """One e-mail Amazon would have sent to a worker. Kind: granted, revoked or rejected."""

    at: float
    kind: str
    owner: str
    type_id: str
    worker_id: str
    text: str
