"""How often something may be tried: counters of fixed windows in the shared cache."""

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from django.core.cache import cache

#: Notes that a process keeps to itself before it tells the others.
KEPT: Final = 20
_SLOTS_KEPT: Final = 1_000
#: By slot: the count that the shared cache last told, and what was noted here since.
_kept: dict[str, tuple[int, int]] = {}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `times` within each `seconds`, counted per `name` and key."""

    name: str
    times: int
    seconds: int

    def count(self, key: str) -> int:
        """How often it was noted in the present window."""
        return int(cache.get(self._slot(key), 0))

    def reached(self, key: str) -> bool:
        """Whether the next one is one too many."""
        return self.count(key) >= self.times

    def note(self, key: str) -> int:
        """Count one. Returns the count.

        A cache in a table reads and writes in two steps: two at the very same moment may count as one, which
        makes the limit a little wider, never narrower.
        """
        return self._add(self._slot(key), 1)

    def note_lightly(self, key: str) -> int:
        """As `note`, for what comes often: the shared cache is told of every KEPT-th one only.

        That makes the limit wider by KEPT for each further process, never narrower.
        """
        slot = self._slot(key)
        told, own = _kept.get(slot, (0, 0))
        own += 1
        if own >= KEPT or told + own > self.times:
            told, own = self._add(slot, own), 0
        if len(_kept) >= _SLOTS_KEPT:
            _kept.clear()  # windows that are over, most of them
        _kept[slot] = (told, own)
        return told + own

    def _add(self, slot: str, number: int) -> int:
        cache.add(slot, 0, self.seconds + 60)
        try:
            return cache.incr(slot, number)
        except ValueError:  # it expired between the two lines
            cache.set(slot, number, self.seconds + 60)
            return number

    def wait(self) -> int:
        """Seconds until the present window ends."""
        return self.seconds - int(time.time()) % self.seconds

    def _slot(self, key: str) -> str:
        # Hashed: keys hold what people typed, of any length, and must not be readable in the cache.
        digest = sha256(key.encode()).hexdigest()[:32]
        return f"limit:{self.name}:{int(time.time()) // self.seconds}:{digest}"
