"""One environment of Mechanical Turk: everything it knows, and the one way to change it.

A change is an event, a plain list that starts with its kind. `record` applies it and keeps it for the
journal, `apply` alone replays it, so a restarted world is what the live one was. A part of the world with
rows of its own is an object that says which kinds of event it takes (`Part`). Rules are not here but in
`operations`.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from qualadmin.emulator import errors
from qualadmin.emulator.accounts import Accounts
from qualadmin.emulator.errors import Environment
from qualadmin.emulator.hits.blocks import Blocks
from qualadmin.emulator.hits.book import HitBook
from qualadmin.emulator.hits.ledger import Ledger
from qualadmin.emulator.hits.notices import Notices
from qualadmin.emulator.hits.people import People
from qualadmin.emulator.hits.review import Reviews
from qualadmin.emulator.holders import Grant, Holders
from qualadmin.emulator.packed import PackedRows
from qualadmin.emulator.records import Mail, QualificationType, Request
from qualadmin.emulator.request_book import RequestBook
from qualadmin.emulator.settings import UNKNOWN_WORKER_PREFIX, Settings
from qualadmin.emulator.system_types import MASTERS
from qualadmin.emulator.type_book import TypeBook

Event = list[Any]
Taker = Callable[..., None]
"""Applies the events of one kind; called with what follows the kind."""
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def new_id(prefix: str, length: int) -> str:
    """A random id in Amazon's alphabet, `length` characters with the prefix."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length - len(prefix)))


_KEPT_AS_ROWS = frozenset({"grant", "mail", "reset"})
"""Kinds of event of which there may be millions, and whose rows say all there is to know; a reset leaves
nothing."""


def _event(*fields: Any) -> Event:
    return list(fields)


class Part(Protocol):
    """Some rows of the world and the only code that changes them."""

    def takers(self) -> dict[str, Taker]:
        """Event kind to the method that applies it. Kinds are unique in the whole world."""
        ...


class World:
    """State of one environment. Types are public to all accounts in it; an owner is an account's name (any
    text)."""

    def __init__(self, environment: Environment, settings: Settings | None = None) -> None:
        self.environment = environment
        self.settings = settings or Settings()
        self.fresh: list[Event] = []
        self.accounts = Accounts()
        self.history = PackedRows(_event)
        self._clear()

    def _clear(self) -> None:
        self.type_book = TypeBook(self.environment)
        self.types = self.type_book.rows
        self.holders: dict[str, Holders] = {}
        self.request_book = RequestBook(self.types)
        self.requests = self.request_book.rows
        self.outbox = PackedRows(Mail)
        self.workers: set[str] = set()
        self.worked_for: set[tuple[str, str]] = set()
        self.clock_ahead = 0.0
        self.hits = HitBook(MASTERS[self.environment])
        self.reviews = Reviews()
        self.ledger = Ledger()
        self.notices = Notices()
        self.blocks = Blocks()
        self.people = People()
        books = (self.type_book, self.request_book, self.hits)
        parts = (self.accounts, self.reviews, self.ledger, self.notices, self.blocks, self.people)
        self._takers = self._all_takers((*books, *parts))

    def _reset(self) -> None:
        self._clear()
        self.history.clear()
        for key in self.accounts.added():
            self.history.append(["access_key", *dataclasses.astuple(key)])

    def _all_takers(self, parts: Iterable[Part]) -> dict[str, Taker]:
        takers: dict[str, Taker] = {
            "grant": self._take_grant,
            "mail": self._take_mail,
            "workers": self.workers.update,
            "work": self._take_work,
            "clock": self._take_clock,
            "reset": self._reset,
        }
        for part in parts:
            takers |= part.takers()
        return takers

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
        taker = self._takers.get(event[0])
        if taker is None:
            raise ValueError(f"unknown event {event[0]!r}")
        taker(*event[1:])
        if event[0] not in _KEPT_AS_ROWS:
            self.history.append(event)

    def _take_grant(self, type_id: str, worker_id: str, value: int, status: str, granted_at: int) -> None:
        holders = self.holders.get(type_id)
        if holders is None:
            holders = self.holders[type_id] = Holders()
        holders.put(worker_id, value, status, granted_at)

    def _take_mail(self, *fields: Any) -> None:
        self.outbox.append(fields)

    def _take_work(self, owner: str, worker_ids: list[str]) -> None:
        self.worked_for.update((owner, worker_id) for worker_id in worker_ids)

    def _take_clock(self, seconds: float) -> None:
        self.clock_ahead += seconds

    def put_type(self, row: QualificationType) -> None:
        self.record(["type", *dataclasses.astuple(row)])

    def put_grant(self, type_id: str, worker_id: str, value: int, status: str = "Granted") -> None:
        """Grant, overwrite or revoke. The grant time moves when a worker becomes a holder (again), and at an
        overwrite if the settings say so."""
        old = self.grant(type_id, worker_id)
        overwrites = old is not None and old.status == status and self.settings.grant_time_on_overwrite == "keep"
        keeps = overwrites or status == "Revoked"
        granted_at = old.granted_at if old is not None and keeps else int(self.now())
        self.record(["grant", type_id, worker_id, value, status, granted_at])

    def put_request(self, row: Request) -> None:
        self.record(["request", *dataclasses.astuple(row)])

    def put_mail(self, kind: str, owner: str, type_id: str, worker_id: str, text: str) -> None:
        self.record(["mail", self.now(), kind, owner, type_id, worker_id, text])

    # reading

    def is_gone(self, row: QualificationType) -> bool:
        """Whether a deleted type has been purged: nobody can see it any more and its name is free. That waits
        for the HITs that require it."""
        if row.deleted_at is None or self.hits.uses(row.type_id):
            return False
        return self.now() >= row.deleted_at + self.settings.name_hold_seconds

    def _existing_type(self, type_id: str) -> QualificationType:
        row = self.types.get(type_id)
        if row is None or self.is_gone(row):
            raise errors.type_missing(type_id)
        return row

    def readable_type(self, type_id: str) -> QualificationType:
        row = self._existing_type(type_id)
        if row.deleted_at is not None and not self.settings.disposing_is_readable:
            raise errors.type_missing(type_id)
        return row

    def owned_type(self, type_id: str, owner: str) -> QualificationType:
        return _owned(self.readable_type(type_id), owner)

    def usable_type(self, type_id: str, owner: str) -> QualificationType:
        """A type of one's own that is not being deleted."""
        row = _owned(self._existing_type(type_id), owner)
        if row.deleted_at is not None:
            raise errors.type_disposing()
        return row

    def name_is_taken(self, owner: str, name: str) -> bool:
        if self.settings.names_ignore_case:
            folded = name.casefold()
            mine = (row for row in self.types.values() if row.owner == owner)
            return any(row.name.casefold() == folded and not self.is_gone(row) for row in mine)
        type_id = self.type_book.named.get((owner, name))
        return type_id is not None and not self.is_gone(self.types[type_id])

    def grant(self, type_id: str, worker_id: str) -> Grant | None:
        holders = self.holders.get(type_id)
        return holders.get(worker_id) if holders is not None else None

    def knows_worker(self, worker_id: str) -> bool:
        if worker_id.startswith(UNKNOWN_WORKER_PREFIX):
            return False
        return self.settings.unknown_workers == "accept" or worker_id in self.workers


def _owned(row: QualificationType, owner: str) -> QualificationType:
    if row.owner != owner:
        raise errors.permission_denied()
    return row
