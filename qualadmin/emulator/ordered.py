"""Keys in order, whatever order they came in, read a page at a time from any place on."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

PIECE = 500
"""Keys of a piece that has just been cut in two."""
Key = TypeVar("Key", bound=tuple[Any, ...])


class Ordered(Generic[Key]):
    """A sorted set of tuples, in pieces: adding and taking cost the same at every place, and `above` and `below`
    do not walk over what they leave out. It must not change while one of these is being read."""

    __slots__ = ("_count", "_lasts", "_pieces")

    def __init__(self) -> None:
        self._pieces: list[list[Key]] = []
        self._lasts: list[Key] = []
        """The greatest key of each piece; no piece is empty."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def holds(self, key: Key) -> bool:
        number = bisect_left(self._lasts, key)
        if number == len(self._pieces):
            return False
        piece = self._pieces[number]
        return piece[bisect_left(piece, key)] == key

    def put(self, key: Key) -> None:
        """Add a key; one that is there already is left alone."""
        if self.holds(key):
            return
        self._count += 1
        if not self._pieces:
            self._pieces.append([])
            self._lasts.append(key)
        number = min(bisect_left(self._lasts, key), len(self._pieces) - 1)
        piece = self._pieces[number]
        insort(piece, key)
        self._lasts[number] = piece[-1]
        if len(piece) == 2 * PIECE:
            self._pieces[number : number + 1] = [piece[:PIECE], piece[PIECE:]]
            self._lasts.insert(number, piece[PIECE - 1])

    def take(self, key: Key) -> None:
        """Remove a key; one that is not there is left alone."""
        if not self.holds(key):
            return
        self._count -= 1
        number = bisect_left(self._lasts, key)
        piece = self._pieces[number]
        del piece[bisect_left(piece, key)]
        if piece:
            self._lasts[number] = piece[-1]
        else:
            del self._pieces[number], self._lasts[number]

    def above(self, key: Key | None = None) -> Iterator[Key]:
        """Keys greater than `key` (None: all), smallest first."""
        first = 0 if key is None else bisect_right(self._lasts, key)
        for number in range(first, len(self._pieces)):
            piece = self._pieces[number]
            start = bisect_right(piece, key) if key is not None and number == first else 0
            for place in range(start, len(piece)):
                yield piece[place]

    def below(self, key: Key | None = None) -> Iterator[Key]:
        """Keys smaller than `key` (None: all), greatest first."""
        last = len(self._pieces) if key is None else bisect_left(self._lasts, key)
        for number in range(min(last, len(self._pieces) - 1), -1, -1):
            piece = self._pieces[number]
            end = bisect_left(piece, key) if key is not None and number == last else len(piece)
            for place in range(end - 1, -1, -1):
                yield piece[place]
