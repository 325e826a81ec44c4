"""Numbers in order, read a page at a time without walking over what came before."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator


class Shelf:
    """A sorted set of serial numbers. Adding at the end is the common case and costs nothing to speak of."""

    __slots__ = ("_serials",)

    def __init__(self) -> None:
        self._serials = array("I")

    def __len__(self) -> int:
        return len(self._serials)

    def put(self, serial: int) -> None:
        if not self._serials or serial > self._serials[-1]:
            self._serials.append(serial)
        elif not self.holds(serial):
            insort(self._serials, serial)

    def take(self, serial: int) -> None:
        """Remove a number; one that is not there is left alone."""
        if self.holds(serial):
            del self._serials[bisect_left(self._serials, serial)]

    def holds(self, serial: int) -> bool:
        place = bisect_left(self._serials, serial)
        return place < len(self._serials) and self._serials[place] == serial

    def above(self, serial: int) -> Iterator[int]:
        """Numbers greater than `serial`, smallest first."""
        for place in range(bisect_right(self._serials, serial), len(self._serials)):
            yield self._serials[place]

    def below(self, serial: int | None) -> Iterator[int]:
        """Numbers smaller than `serial` (None: all), greatest first."""
        end = len(self._serials) if serial is None else bisect_left(self._serials, serial)
        for place in range(end - 1, -1, -1):
            yield self._serials[place]
