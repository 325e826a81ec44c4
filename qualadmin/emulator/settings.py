"""What can be changed on a running emulator: speed, throttling, and the points Amazon leaves undocumented."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

UNKNOWN_WORKER_PREFIX = "AUNKNOWN"
"""Worker ids that begin like this are never known here, whatever the settings say."""

_CHOICES = {
    "signatures": ("checked", "ignored"),
    "unknown_workers": ("accept", "reject"),
    "document_errors": ("echo", "parse"),
    "scale_rounding": ("nearest", "down"),
    "grant_time_on_overwrite": ("keep", "renew"),
    "duplicate_revoke": ("refuse", "accept"),
}


class BadSetting(ValueError):
    """A setting that does not exist or a value it cannot take; the text says which."""


@dataclass(slots=True)
class Settings:
    """Durations are in seconds unless the name says otherwise. `rate`: calls per second and account, 0 = any."""

    latency_ms: float = 0.0
    rate: float = 0.0
    burst: float = 10.0
    signatures: str = "checked"
    """`checked`: as AWS does. `ignored`: the access key id alone says which account calls; in process it is
    moto's account id, and this is the default there."""
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
    disposing_is_readable: bool = True
    """Whether a deleted type and its holders can be read until it is purged."""
    names_ignore_case: bool = False
    """Whether `Name` and `name` are the same name of a type."""
    max_name_length: float = 0.0
    """Characters a name of a type may have; 0 = any number."""
    others_see_answer_keys: bool = False
    """Whether GetQualificationType shows the answer key of another requester's type."""
    query_searches_descriptions: bool = True
    """Whether the Query of ListQualificationTypes looks into descriptions, beside names and keywords."""
    inactive_takes_grants: bool = True
    """Whether a qualification of an inactive type can be granted."""
    grant_time_on_overwrite: str = "keep"
    """What happens to GrantTime when a worker who holds the qualification gets another value."""
    mail_on_overwrite: bool = True
    """Whether a worker who holds the qualification is mailed about another value, with SendNotification."""
    duplicate_revoke: str = "refuse"
    """What the second of two revokes gets: the error of a revoked qualification, or success."""
    mail_on_accept: bool = False
    """Whether a worker is mailed when a request is accepted, automatically too."""
    mail_on_reject: bool = False
    """Whether a worker is mailed when a request is rejected."""
    answer_key_must_fit: bool = True
    """Whether an answer key is refused that cannot score its test: free text in the test, or identifiers that the
    test lacks."""
    document_errors: str = "echo"
    """`echo`: a bad Test or AnswerKey is refused with the whole document in the message. `parse`: with the words
    of XMLParseError."""
    scale_rounding: str = "nearest"
    """How a ScaleMapping's product becomes a whole number: to the nearest, halves up, or towards zero."""
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
