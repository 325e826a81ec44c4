"""Who may not work for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from qualadmin.emulator.hits.shelf import Shelf


class Blocks:
    """A part of the world: each requester's blocked workers, in the order of blocking."""

    def __init__(self) -> None:
        self._serials: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._rows: dict[int, tuple[str, str]] = {}
        self._shelves: defaultdict[str, Shelf] = defaultdict(Shelf)
        self._last = 0

    def takers(self) -> dict[str, Callable[..., None]]:
        return {"block": self._take_block, "unblock": self._take_unblock}

    def _take_block(self, owner: str, worker_id: str, reason: str) -> None:
        serial = self._serials[owner].get(worker_id)
        if serial is None:
            self._last = serial = self._last + 1
            self._serials[owner][worker_id] = serial
            self._shelves[owner].put(serial)
        self._rows[serial] = worker_id, reason

    def _take_unblock(self, owner: str, worker_id: str) -> None:
        serial = self._serials[owner].pop(worker_id, None)
        if serial is not None:
            self._shelves[owner].take(serial)
            del self._rows[serial]

    def holds(self, owner: str, worker_id: str) -> bool:
        return worker_id in self._serials.get(owner, ())

    def count(self, owner: str) -> int:
        return len(self._serials.get(owner, ()))

    def after(self, owner: str, serial: int) -> Iterator[tuple[int, str, str]]:
        """(serial, worker id, reason) behind `serial`."""
        shelf = self._shelves.get(owner)
        for number in shelf.above(serial) if shelf else ():
            yield number, *self._rows[number]
