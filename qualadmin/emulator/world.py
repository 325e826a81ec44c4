"""One environment of Mechanical Turk: everything it knows, and the one way to change it.

A change is an event, a plain list that starts with its kind. `record` applies it and keeps it for the
journal, `apply` alone replays it, so a restarted world is what the live one was. Rules are not here but in
`operations`.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Iterator
from typing import Any

from qualadmin.emulator import errors
from qualadmin.emulator.errors import Environment
from qualadmin.emulator.records import Grant, Holders, Mail, QualificationType, Request
from qualadmin.emulator.settings import UNKNOWN_WORKER_PREFIX, Settings
from qualadmin.emulator.system_types import system_types

Event = list[Any]
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def new_id(prefix: str, length: int) -> str:
    """A random id in Amazon's alphabet, `length` characters with the prefix."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length - len(prefix)))


class World:
    """State of one environment. Types are public to all accounts in it; an owner is an account's name (any
    text)."""

    def __init__(self, environment: Environment, settings: Settings | None = None) -> None:
        self.environment = environment
        self.settings = settings or Settings()
        self.fresh: list[Event] = []
        self._clear()

    def _clear(self) -> None:
        self.types: dict[str, QualificationType] = {t.type_id: t for t in system_types(self.environment)}
        self.names: dict[tuple[str, str], str] = {}
        self.holders: dict[str, Holders] = {}
        self.requests: dict[str, Request] = {}
        self.outbox: list[Mail] = []
        self.workers: set[str] = set()
        self.worked_for: set[tuple[str, str]] = set()
        self.clock_ahead = 0.0

    def now(self) -> float:
        return time.time() + self.clock_ahead

    # changing

    def record(self, event: Event) -> None:
        self.apply(event)
        self.fresh.append(event)

    def take_fresh(self) -> list[Event]:
        """Events since the last call, for the journal."""
        fresh, self.fresh = self.fresh, []
        return fresh

    def apply(self, event: Event) -> None:
        kind = event[0]
        if kind == "grant":
            _, type_id, worker_id, value, status, granted_at = event
            self.holders.setdefault(type_id, Holders()).put(worker_id, value, status, granted_at)
        elif kind == "mail":
            self.outbox.append(Mail(*event[1:]))
        elif kind == "request":
            request = Request(*event[1:])
            self.requests[request.request_id] = request
        elif kind == "type":
            row = QualificationType(*event[1:])
            self.types[row.type_id] = row
            self.names[row.owner, row.name] = row.type_id
        elif kind == "workers":
            self.workers.update(event[1])
        elif kind == "work":
            self.worked_for.update((event[1], worker_id) for worker_id in event[2])
        elif kind == "clock":
            self.clock_ahead += event[1]
        elif kind == "reset":
            self._clear()
        else:
            raise ValueError(f"unknown event {kind!r}")

    def put_type(self, row: QualificationType) -> None:
        self.record(["type", *dataclasses.astuple(row)])

    def put_grant(self, type_id: str, worker_id: str, value: int, status: str = "Granted") -> None:
        """Grant, overwrite or revoke. The grant time moves only when a worker becomes a holder (again)."""
        old = self.grant(type_id, worker_id)
        keeps = old is not None and (old.status == status or status == "Revoked")
        granted_at = old.granted_at if old is not None and keeps else int(self.now())
        self.record(["grant", type_id, worker_id, value, status, granted_at])

    def put_request(self, row: Request) -> None:
        self.record(["request", *dataclasses.astuple(row)])

    def put_mail(self, kind: str, owner: str, type_id: str, worker_id: str, text: str) -> None:
        self.record(["mail", self.now(), kind, owner, type_id, worker_id, text])

    # reading

    def is_gone(self, row: QualificationType) -> bool:
        """Whether a deleted type has been purged: nobody can see it any more and its name is free."""
        return row.deleted_at is not None and self.now() >= row.deleted_at + self.settings.name_hold_seconds

    def readable_type(self, type_id: str) -> QualificationType:
        row = self.types.get(type_id)
        if row is None or self.is_gone(row):
            raise errors.type_missing(type_id)
        return row

    def owned_type(self, type_id: str, owner: str) -> QualificationType:
        row = self.readable_type(type_id)
        if row.owner != owner:
            raise errors.permission_denied()
        return row

    def usable_type(self, type_id: str, owner: str) -> QualificationType:
        """A type of one's own that is not being deleted."""
        row = self.owned_type(type_id, owner)
        if row.deleted_at is not None:
            raise errors.type_disposing()
        return row

    def listed_types(self) -> Iterator[QualificationType]:
        """Types the search index shows: it learns of new and deleted ones late."""
        now, settings = self.now(), self.settings
        for row in self.types.values():
            if not row.is_system and row.created_at + settings.list_lag_seconds > now:
                continue
            if row.deleted_at is not None and row.deleted_at + settings.delete_lag_seconds <= now:
                continue
            yield row

    def name_is_taken(self, owner: str, name: str) -> bool:
        type_id = self.names.get((owner, name))
        return type_id is not None and not self.is_gone(self.types[type_id])

    def grant(self, type_id: str, worker_id: str) -> Grant | None:
        holders = self.holders.get(type_id)
        return holders.rows.get(worker_id) if holders else None

    def knows_worker(self, worker_id: str) -> bool:
        if worker_id.startswith(UNKNOWN_WORKER_PREFIX):
            return False
        return self.settings.unknown_workers == "accept" or worker_id in self.workers
