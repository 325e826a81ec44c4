"""How often something may be tried: counters of fixed windows in the shared cache."""

import time
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache


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
        slot = self._slot(key)
        cache.add(slot, 0, self.seconds + 60)
        try:
            return cache.incr(slot)
        except ValueError:  # it expired between the two lines
            cache.set(slot, 1, self.seconds + 60)
            return 1

    def wait(self) -> int:
        """Seconds until the present window ends."""
        return self.seconds - int(time.time()) % self.seconds

    def _slot(self, key: str) -> str:
        # Hashed: keys hold what people typed, of any length, and must not be readable in the cache.
        digest = sha256(key.encode()).hexdigest()[:32]
        return f"limit:{self.name}:{int(time.time()) // self.seconds}:{digest}"
