"""A token bucket per account, as Amazon is believed to keep one."""

from __future__ import annotations

import time

from qualadmin.emulator.settings import Settings


class Throttle:
    """Counts calls against `settings.rate` and `settings.burst`, read afresh each time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._buckets: dict[str, tuple[float, float]] = {}

    def admits(self, owner: str) -> bool:
        rate, burst = self._settings.rate, max(1.0, self._settings.burst)
        if rate <= 0:
            return True
        now = time.monotonic()
        tokens, at = self._buckets.get(owner, (burst, now))
        tokens = min(burst, tokens + (now - at) * rate)
        admitted = tokens >= 1
        self._buckets[owner] = (tokens - 1 if admitted else tokens, now)
        return admitted

    def refill(self) -> None:
        """Give every account a full bucket, as after new settings."""
        self._buckets.clear()
