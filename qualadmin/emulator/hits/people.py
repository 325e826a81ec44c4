"""What Amazon knows of a worker beyond the id: place, age, standing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, frozen=True)
class Profile:
    """A worker without one lives in the US and is nobody special. `approved` and `percent` stand for a life
    before this emulator: NumberHITsApproved is counted on top of the one, the other replaces the share."""

    country: str = "US"
    subdivision: str | None = None
    adult: bool = False
    masters: bool = False
    approved: int = 0
    percent: int | None = None


class People:
    """A part of the world."""

    def __init__(self) -> None:
        self._profiles: dict[str, Profile] = {}

    def takers(self) -> dict[str, Callable[..., None]]:
        return {"profile": self._take_profile}

    def _take_profile(self, worker_id: str, changes: dict[str, Any]) -> None:
        self._profiles[worker_id] = dataclasses.replace(self.profile(worker_id), **changes)

    def profile(self, worker_id: str) -> Profile:
        return self._profiles.get(worker_id, _NOBODY)


_NOBODY = Profile()
