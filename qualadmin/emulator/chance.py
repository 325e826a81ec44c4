"""Chance that can be repeated: what is drawn depends on a seed and on the call, never on the order of calls.

A client with many threads sends its calls in another order each time. The n-th call of one operation for one
worker still meets the same luck in every run.
"""

from __future__ import annotations

import math
from random import Random

DISTRIBUTIONS = ("fixed", "uniform", "normal", "lognormal")


class Dice:
    """Draws of one fault rule."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rolled: dict[tuple[str, str | None], int] = {}

    def roll(self, operation: str, worker_id: str | None) -> Random:
        """The chance of the next call of this operation for this worker."""
        count = self._rolled.get((operation, worker_id), 0) + 1
        self._rolled[operation, worker_id] = count
        return Random(f"{self._seed}|{operation}|{worker_id or ''}|{count}")  # noqa: S311 - nothing secret


def duration_ms(distribution: str, mean: float, spread: float, chance: Random) -> float:
    """Milliseconds, never below 0. `spread` is half the width of `uniform`, else the standard deviation."""
    if distribution == "uniform":
        return max(0.0, chance.uniform(mean - spread, mean + spread))
    if distribution == "normal":
        return max(0.0, chance.gauss(mean, spread))
    if distribution == "lognormal":
        variance = math.log1p((spread / mean) ** 2)
        return chance.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))
    return mean
