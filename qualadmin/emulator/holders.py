"""Who holds the qualification of one type: millions of workers in a few columns."""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple

from qualadmin.emulator.hits.shelf import Shelf
from qualadmin.emulator.sections import Section

STATUSES = ("", "Granted", "Revoked")
"""By the number that stands for them; the first is a place that its worker has left."""
_CHUNK = 20_000


class Grant(NamedTuple):
    """What Amazon holds for a worker and a type, as it is now."""

    value: int
    status: str
    granted_at: int
    serial: int
    """Where it stands in grant order, from 1."""

    def wire(self, type_id: str, worker_id: str) -> dict[str, Any]:
        return {
            "QualificationTypeId": type_id,
            "WorkerId": worker_id,
            "GrantTime": self.granted_at,
            "IntegerValue": self.value,
            "Status": self.status,
        }


class Holders:
    """The grants of one type, in grant order, read page by page without walking over what came before.

    A worker who is granted again after a revoke moves to the end; the old place stays, empty.
    """

    __slots__ = ("_listed", "_places", "_statuses", "_times", "_values", "_workers")

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._workers: list[str] = []
        self._values = array("q")
        self._times = array("q")
        self._statuses = bytearray()
        self._listed = {status: Shelf() for status in STATUSES[1:]}

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def get(self, worker_id: str) -> Grant | None:
        place = self._places.get(worker_id)
        return None if place is None else self._at(place)

    def _at(self, place: int) -> Grant:
        status = STATUSES[self._statuses[place]]
        return Grant(self._values[place], status, self._times[place], place + 1)

    def put(self, worker_id: str, value: int, status: str, granted_at: int) -> None:
        """Raises TypeError or OverflowError if value or time is no 64-bit number; then nothing has changed."""
        array("q", (value, granted_at))
        place = self._places.get(worker_id)
        if place is not None:
            old = STATUSES[self._statuses[place]]
            if old != status:
                self._listed[old].take(place)
            if (old, status) != ("Revoked", "Granted"):
                self._values[place], self._times[place] = value, granted_at
                self._statuses[place] = STATUSES.index(status)
                self._listed[status].put(place)
                return
            self._statuses[place] = 0
        place = len(self._workers)
        self._workers.append(worker_id)
        self._values.append(value)
        self._times.append(granted_at)
        self._statuses.append(STATUSES.index(status))
        self._places[worker_id] = place
        self._listed[status].put(place)

    def listed(self, status: str, after: int = 0) -> Iterator[tuple[str, Grant]]:
        """(worker id, grant) in grant order, beginning behind the given serial (0 = from the start)."""
        for place in self._listed[status].above(after - 1):
            yield self._workers[place], self._at(place)

    # snapshots

    def sections(self, type_id: str) -> Iterator[Section]:
        """Copies everything at once; what is costly about it is done as the sections are taken."""
        columns = self._values.tobytes(), self._times.tobytes(), bytes(self._statuses)
        return _sections(type_id, self._workers.copy(), columns)

    def take(self, name: str, content: bytes) -> None:
        """One section, in the order of `sections`. Raises ValueError."""
        if name == "workers":
            self._workers += json.loads(content)
        elif name == "values":
            self._values.frombytes(content)
        elif name == "times":
            self._times.frombytes(content)
        else:
            self._statuses[:] = content
            self._index()

    def _index(self) -> None:
        if not len(self._workers) == len(self._values) == len(self._times) == len(self._statuses):
            raise ValueError("columns of different lengths")
        # Of a worker's places the last one counts, and a dict made of pairs keeps the last.
        self._places = dict(zip(self._workers, range(len(self._workers)), strict=True))
        for place, number in enumerate(self._statuses):
            if number:
                self._listed[STATUSES[number]].put(place)


def _sections(type_id: str, workers: list[str], columns: tuple[bytes, bytes, bytes]) -> Iterator[Section]:
    yield "holders", json.dumps([type_id, sys.byteorder]).encode()
    # In pieces: the server answers calls in between.
    for start in range(0, len(workers), _CHUNK):
        yield "workers", json.dumps(workers[start : start + _CHUNK], separators=(",", ":")).encode()
    yield from zip(("values", "times", "statuses"), columns, strict=True)
