"""Amazon as a token bucket, and processes that share one pace, in simulated time."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from qualadmin.mturk import pacing
from qualadmin.mturk.pacing import PaceState

HORIZON = 0.25


@dataclass
class Bucket:
    """Allows ``rate(now)`` calls a second, and ``burst`` at once. A refused call costs nothing."""

    rate: Callable[[float], float]
    burst: float
    tokens: float = field(init=False)
    filled_at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def allows(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate(now))
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Run:
    state: PaceState
    seconds: float
    sent: list[tuple[float, bool]]
    """When each call reached Amazon and whether it was accepted."""

    def _since(self, moment: float) -> list[bool]:
        return [ok for at, ok in self.sent if at >= moment]

    def throttled_share(self, since: float = 0.0) -> float:
        answers = self._since(since)
        return answers.count(False) / len(answers)

    def accepted_per_second(self, since: float = 0.0) -> float:
        return self._since(since).count(True) / (self.seconds - since)


def simulate(
    state: PaceState,
    bucket: Bucket,
    *,
    seconds: float,
    processes: int = 2,
    latency: float = 0.05,
    stale_counts: bool = False,
    seed: int = 1,
) -> Run:
    """Let the processes reserve slots every 0.1 s or so and call at them.

    ``stale_counts`` reports every answer under the epoch in force: what would happen without epochs.
    """
    dice = random.Random(seed)
    order = itertools.count()
    events: list[tuple[float, int, str, int]] = [
        (dice.uniform(0, 0.1), next(order), "reserve", 0) for _ in range(processes)
    ]
    heapq.heapify(events)
    sent: list[tuple[float, bool]] = []
    while events[0][0] < seconds:
        now, _, kind, epoch = heapq.heappop(events)
        if kind == "reserve":
            state, slots = pacing.reserve(state, now, HORIZON)
            for at in slots.times:
                arrival = at + latency * dice.uniform(0.3, 0.7)
                heapq.heappush(events, (arrival, next(order), "call", slots.epoch))
            heapq.heappush(events, (now + dice.uniform(0.08, 0.12), next(order), "reserve", 0))
        elif kind == "call":
            allowed = bucket.allows(now)
            sent.append((now, allowed))
            answer = "accepted" if allowed else "throttled"
            heapq.heappush(events, (now + latency * dice.uniform(0.3, 1.2), next(order), answer, epoch))
        else:
            counted = state.epoch if stale_counts else epoch
            if kind == "accepted":
                state = pacing.accepted(state, 1, counted)
            else:
                state = pacing.throttled(state, counted, now)
    return Run(state, seconds, sent)
