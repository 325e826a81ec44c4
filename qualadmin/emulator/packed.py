"""Rows that are only ever added and seldom read, such as the call log: all but the newest are kept compressed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from typing import Any, Generic, NamedTuple, TypeVar

BLOCK = 1000
"""Rows of a compressed block. All blocks are full, so a row's place tells its block."""
LOOKED_AT = 20_000
"""Rows of a log that one question looks at. They take a tenth of a second."""
Row = TypeVar("Row")


class PackedRows(Generic[Row]):
    """Numbered from 0. What is added are the fields of a row, which must be JSON; `make` turns them into one."""

    def __init__(self, make: Callable[..., Row]) -> None:
        self._make = make
        self._blocks: list[bytes] = []
        self._newest: list[str] = []

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK + len(self._newest)

    def append(self, fields: Sequence[Any]) -> None:
        # As text at once: what a row refers to may change later, the row may not.
        self._newest.append(json.dumps(fields, separators=(",", ":")))
        if len(self._newest) == BLOCK:
            self._blocks.append(zlib.compress(_joined(self._newest), 1))
            self._newest = []

    def clear(self) -> None:
        self._blocks, self._newest = [], []

    def since(self, place: int) -> Iterator[Row]:
        """Rows from a place on, oldest first."""
        first, skipped = divmod(place, BLOCK)
        for number in range(first, len(self._blocks) + 1):
            for fields in self._block(number)[skipped:]:
                yield self._make(*fields)
            skipped = 0

    def newest_first(self, below: int | None = None) -> Iterator[Row]:
        """Rows below a place (None: all), newest first."""
        last, kept = divmod(len(self) if below is None else max(0, min(below, len(self))), BLOCK)
        for number in range(last, -1, -1):
            for fields in reversed(self._block(number)[:kept] if kept else []):
                yield self._make(*fields)
            kept = BLOCK

    def _block(self, number: int) -> list[list[Any]]:
        if number < len(self._blocks):
            rows: list[list[Any]] = json.loads(zlib.decompress(self._blocks[number]))
            return rows
        return [json.loads(text) for text in self._newest]

    def packed(self) -> list[bytes]:
        """Everything, for a snapshot: the blocks, and one more that is not full."""
        return [*self._blocks, zlib.compress(_joined(self._newest), 1)] if self._newest else list(self._blocks)

    def take(self, block: bytes) -> None:
        """One block of `packed`, in its order. Raises zlib.error or ValueError."""
        rows = json.loads(zlib.decompress(block))
        if len(rows) == BLOCK:
            self._blocks.append(block)
        else:
            self._newest = [json.dumps(fields, separators=(",", ":")) for fields in rows]


class Look(NamedTuple, Generic[Row]):
    """What was found in a log, in the order in which it was looked through."""

    rows: list[tuple[int, Row]]
    """Number and row."""
    last: int | None
    """Number of the last row looked at, whether it was wanted or not; None if there was none."""
    ended: bool
    """Whether there is nothing behind that one."""


def look(
    log: PackedRows[Row],
    wanted: Callable[[Row], bool],
    most: int,
    *,
    first: int = 1,
    since: int | None = None,
    before: int | None = None,
) -> Look[Row]:
    """At most `most` rows of a log whose oldest row has the number `first`: those with a number above `since`,
    oldest first, or else those below `before` (None: all), newest first.

    However few are wanted, no more than `LOOKED_AT` rows are looked at: the server has other things to do.
    """
    if since is not None:
        place = max(0, since - first + 1)
        rows: Iterator[tuple[int, Row]] = enumerate(log.since(place), first + place)
    else:
        place = len(log) if before is None else max(0, min(before - first, len(log)))
        rows = zip(count(first + place - 1, -1), log.newest_first(place), strict=False)
    found, last = [], None
    for number, row in islice(rows, LOOKED_AT):
        last = number
        if wanted(row):
            found.append((number, row))
        if len(found) == most:
            break
    return Look(found, last, next(rows, None) is None)


def _joined(texts: list[str]) -> bytes:
    return f"[{','.join(texts)}]".encode()
