"""The rows of a world: qualification types, grants, requests, mails. Times are epoch seconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
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

    def wire(self, reader: str) -> dict[str, Any]:
        """The API's view: unset fields are absent, never null. Only the owner sees the answer key."""
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
            "AnswerKey": self.answer_key if reader == self.owner else None,
            "AutoGrantedValue": self.auto_granted_value,
        }
        row.update((key, value) for key, value in optional.items() if value is not None)
        return row


@dataclass(slots=True)
class Grant:
    value: int
    status: str
    granted_at: int
    serial: int

    def wire(self, type_id: str, worker_id: str) -> dict[str, Any]:
        return {
            "QualificationTypeId": type_id,
            "WorkerId": worker_id,
            "GrantTime": self.granted_at,
            "IntegerValue": self.value,
            "Status": self.status,
        }


@dataclass(slots=True, frozen=True)
class Request:
    """A worker's request. State: pending, granted, rejected, or automatic (never seen by the requester)."""

    request_id: str
    type_id: str
    worker_id: str
    submitted_at: float
    serial: int
    state: str = "pending"
    test: str | None = None
    answer: str | None = None
    reason: str | None = None

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
    """One e-mail Amazon would have sent to a worker. Kind: granted or revoked."""

    at: float
    kind: str
    owner: str
    type_id: str
    worker_id: str
    text: str


class Holders:
    """The grants of one type, in grant order, read page by page without walking over what came before.

    A worker who is granted again after a revoke moves to the end: the old place in `_serials` stays but is
    skipped.
    """

    __slots__ = ("_serials", "_workers", "rows")

    def __init__(self) -> None:
        self.rows: dict[str, Grant] = {}
        self._serials: list[int] = []
        self._workers: list[str] = []

    def put(self, worker_id: str, value: int, status: str, granted_at: int) -> None:
        row = self.rows.get(worker_id)
        if row is not None and not (row.status == "Revoked" and status == "Granted"):
            row.value, row.status, row.granted_at = value, status, granted_at
            return
        serial = self._serials[-1] + 1 if self._serials else 1
        self.rows[worker_id] = Grant(value, status, granted_at, serial)
        self._serials.append(serial)
        self._workers.append(worker_id)

    def after(self, serial: int) -> Iterator[tuple[str, Grant]]:
        """(worker id, grant) in grant order, beginning behind the given serial (0 = from the start)."""
        for place in range(bisect_right(self._serials, serial), len(self._serials)):
            worker_id = self._workers[place]
            row = self.rows[worker_id]
            if row.serial == self._serials[place]:
                yield worker_id, row
