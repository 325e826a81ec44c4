"""What can be changed on a running emulator: speed, throttling, and the points Amazon leaves undocumented."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

UNKNOWN_WORKER_PREFIX = "AUNKNOWN"
"""Worker ids that begin like this are never known here, whatever the settings say."""

_CHOICES = {"unknown_workers": ("accept", "reject")}


class BadSetting(ValueError):
    """A setting that does not exist or a value it cannot take; the text says which."""


@dataclass(slots=True)
class Settings:
    """Durations are in seconds unless the name says otherwise. `rate`: calls per second and account, 0 = any."""

    latency_ms: float = 0.0
    rate: float = 0.0
    burst: float = 10.0
    unknown_workers: str = "accept"
    """`accept`: any well-formed worker id exists. `reject`: only registered ones do."""
    require_prior_work: bool = False
    """Whether Associate needs a worker who has done work for this requester (a third party says so, Amazon
    does not)."""
    list_lag_seconds: float = 0.0
    """How long a new type stays out of ListQualificationTypes (Amazon's search index: up to a minute)."""
    delete_lag_seconds: float = 0.0
    """How long a deleted type stays in ListQualificationTypes (Amazon: up to 20 seconds)."""
    name_hold_seconds: float = 48 * 3600.0
    """How long a deleted type is disposing and keeps its name."""
    production_balance: str = "250.00"
    unlinked_accounts: tuple[str, ...] = ()
    """Accounts whose every call is answered with AccountNotLinked."""

    def update(self, changes: dict[str, Any]) -> None:
        """Set some values, all or none. Raises BadSetting."""
        checked = {name: self._checked(name, value) for name, value in changes.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def _checked(self, name: str, value: Any) -> Any:
        if name not in {field.name for field in dataclasses.fields(self)}:
            raise BadSetting(f"There is no setting called {name}.")
        current = getattr(self, name)
        if isinstance(current, bool):
            if not isinstance(value, bool):
                raise BadSetting(f"{name} must be true or false.")
        elif isinstance(current, float):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e9:
                raise BadSetting(f"{name} must be a number, 0 or more.")
            value = float(value)
        elif isinstance(current, tuple):
            if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
                raise BadSetting(f"{name} must be a list of texts.")
            value = tuple(value)
        elif not isinstance(value, str) or value not in _CHOICES.get(name, (value,)):
            raise BadSetting(f"{name} must be one of: {', '.join(_CHOICES.get(name, ('a text',)))}.")
        return value
