"""Who may call: requester accounts and their access keys. Made up, like everything here."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

DEMO_SECRET = "made-up-secret-of-every-demo-key"  # noqa: S105 - published, and opens nothing but made-up data
"""The secret of every access key id that begins with AKIADEMO."""
_DEMO_KEY = re.compile(r"AKIADEMO[A-Z0-9]{1,24}")
_KEY_ID = re.compile(r"[A-Z0-9]{1,128}")


class BadAccessKey(ValueError):
    """An access key that cannot be; the text says why."""


@dataclass(slots=True, frozen=True)
class AccessKey:
    """What signs for an account. With a session token it is a temporary one, as STS hands them out."""

    key_id: str
    secret: str
    account: str
    session_token: str | None = None
    expires_at: float | None = None
    """Epoch seconds of the world's clock."""


class Accounts:
    """The access keys of one world. They outlast a reset, as settings do.

    Demo keys (AKIADEMO and up to 24 capitals or digits) need not be added: each is an account of its own
    and signs with `DEMO_SECRET`.
    """

    def __init__(self) -> None:
        self._keys: dict[str, AccessKey] = {}

    def takers(self) -> dict[str, Callable[..., None]]:
        return {"access_key": self._take, "access_key_removed": self._remove}

    def _take(self, *fields: Any) -> None:
        key = AccessKey(*fields)
        self._keys[key.key_id] = key

    def _remove(self, key_id: str) -> None:
        self._keys.pop(key_id, None)

    def find(self, key_id: str) -> AccessKey | None:
        found = self._keys.get(key_id)
        if found is None and _DEMO_KEY.fullmatch(key_id):
            return AccessKey(key_id, DEMO_SECRET, key_id)
        return found

    def account_of(self, key_id: str) -> str:
        """The account behind a key id; an unknown one stands for itself."""
        found = self._keys.get(key_id)
        return found.account if found else key_id

    def added(self) -> list[AccessKey]:
        return list(self._keys.values())


def access_key_event(content: dict[str, Any], now: float) -> list[Any]:
    """The event that adds a key, from its JSON form: everything is optional.

    {"access_key", "secret", "account", "session_token", "expires_in_seconds"}. Raises BadAccessKey.
    """
    texts = {name: content.get(name) for name in ("access_key", "secret", "account", "session_token")}
    if unknown := set(content) - texts.keys() - {"expires_in_seconds"}:
        raise BadAccessKey(f"An access key has no field called {sorted(unknown)[0]}.")
    if wrong := [name for name, value in texts.items() if not isinstance(value, str | None) or value == ""]:
        raise BadAccessKey(f"{wrong[0]} must be a text.")
    token = texts["session_token"]
    key_id = texts["access_key"] or ("ASIA" if token else "AKIA") + secrets.token_hex(8).upper()
    if not _KEY_ID.fullmatch(key_id):
        raise BadAccessKey("access_key must be 1 to 128 capitals and digits.")
    seconds = content.get("expires_in_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | None) or not 0 <= (seconds or 0) < 1e9:
        raise BadAccessKey("expires_in_seconds must be a number, 0 or more.")
    if seconds is not None and token is None:
        raise BadAccessKey("Only a key with a session_token expires.")
    expires_at = None if seconds is None else now + seconds
    secret = texts["secret"] or secrets.token_urlsafe(30)
    return ["access_key", *astuple(AccessKey(key_id, secret, texts["account"] or key_id, token, expires_at))]
