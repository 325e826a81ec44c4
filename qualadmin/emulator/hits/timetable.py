"""What will happen by itself: expiry, deadlines, automatic approval, disposal."""

from __future__ import annotations

import heapq
from typing import NamedTuple


class Due(NamedTuple):
    at: float
    """Epoch seconds of the world's clock."""
    number: int
    kind: str
    row_id: str


class Timetable:
    """Entries are never taken back: who acts on one looks whether it still holds."""

    def __init__(self) -> None:
        self._heap: list[Due] = []
        self._number = 0

    def add(self, at: float, kind: str, row_id: str) -> None:
        self._number += 1
        heapq.heappush(self._heap, Due(at, self._number, kind, row_id))

    def next(self, now: float) -> Due | None:
        """Take out the earliest entry whose time has come."""
        if not self._heap or self._heap[0].at > now:
            return None
        return heapq.heappop(self._heap)
