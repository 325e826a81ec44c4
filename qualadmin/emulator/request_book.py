"""All requests of workers for a qualification, with the orders that keep their lists quick."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qualadmin.emulator.ordered import Ordered
from qualadmin.emulator.records import QualificationType, Request

Place = tuple[float, int, str]
"""Time of handing in, serial number, id: where a request stands in a list."""
Key = tuple[str, ...]


class RequestBook:
    """A part of the world; see `qualadmin.emulator.world.Part`. A type never changes its owner."""

    def __init__(self, types: Mapping[str, QualificationType]) -> None:
        self._types = types
        self.rows: dict[str, Request] = {}
        self._shelves: defaultdict[Key, Ordered[Place]] = defaultdict(Ordered)
        self._by_worker: defaultdict[str, list[str]] = defaultdict(list)
        self._by_type_and_worker: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def takers(self) -> dict[str, Callable[..., None]]:
        return {"request": self._take_request}

    def _take_request(self, *fields: Any) -> None:
        row = Request(*fields)
        old = self.rows.get(row.request_id)
        if old is None:
            self._by_worker[row.worker_id].append(row.request_id)
            self._by_type_and_worker[row.type_id, row.worker_id].append(row.request_id)
        else:
            for key in self._keys(old):
                self._shelves[key].take(_place(old))
        self.rows[row.request_id] = row
        place = _place(row)
        for key in self._keys(row):
            self._shelves[key].put(place)

    def _keys(self, row: Request) -> list[Key]:
        """The shelves a request belongs on."""
        keys: list[Key] = [("all",)]
        if row.state == "pending":
            keys += [("pending of", self._types[row.type_id].owner), ("pending for", row.type_id)]
        elif row.state == "testing":
            keys.append(("testing for", row.type_id))
        return keys

    # reading

    def waiting(self, owner: str, type_id: str | None = None, after: str = "") -> Iterator[Request]:
        """Requests that wait for this owner's decision, oldest first, for one type or all; behind the one whose id
        is `after`, which may be decided by now. Behind an unknown one there is nothing."""
        shelf = self._shelves.get(("pending of", owner) if type_id is None else ("pending for", type_id))
        if shelf is None or (after and after not in self.rows):
            return
        for _, _, request_id in shelf.above(_place(self.rows[after]) if after else None):
            yield self.rows[request_id]

    def open_for(self, type_id: str) -> list[Request]:
        """What a type's end cuts off: requests that wait, and tests that were begun."""
        shelves = (self._shelves.get((name, type_id)) for name in ("pending for", "testing for"))
        return [self.rows[request_id] for shelf in shelves if shelf for _, _, request_id in shelf.above()]

    def newest(self) -> Iterator[Request]:
        """All requests whatever became of them, newest first."""
        for _, _, request_id in self._shelves["all",].below():
            yield self.rows[request_id]

    def of_worker(self, worker_id: str, type_id: str | None = None) -> list[Request]:
        """All a worker ever asked, of one type or of all, decided ones too, in the order of asking."""
        if type_id is None:
            found = self._by_worker.get(worker_id, ())
        else:
            found = self._by_type_and_worker.get((type_id, worker_id), ())
        return [self.rows[request_id] for request_id in found]


def _place(row: Request) -> Place:
    return row.submitted_at, row.serial, row.request_id
