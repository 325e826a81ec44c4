"""Who signed a call to the emulator.

A signature's age is judged by this machine's clock, however far the world's has been moved ahead: clients sign
with theirs.
"""

from __future__ import annotations

from qualadmin.emulator.accounts import AccessKey, Accounts
from qualadmin.wire.errors import framework_error
from qualadmin.wire.protocol import Incoming
from qualadmin.wire.signature import SigningKeys, check_signature, claimed, unrecognized


class Verifier:
    """Says who signed a call."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._signing_keys = SigningKeys()

    def account(self, call: Incoming, now: float) -> str:
        """The account that signed. `now` is the world's time, by which session tokens expire. Raises ApiError."""
        claim = claimed(call.headers)
        key = self._accounts.find(claim.key_id)
        if key is None:
            raise unrecognized(".")
        check_signature(claim, call, self._signing_keys.of(key.key_id, key.secret, claim.scope[0]))
        _check_token(key, call.headers.get("x-amz-security-token"), now)
        return key.account


def _check_token(key: AccessKey, token: str | None, now: float) -> None:
    if (token or "") != (key.session_token or ""):
        raise unrecognized("")
    if key.expires_at is not None and now >= key.expires_at:
        raise framework_error("ExpiredTokenException", "The security token included in the request is expired")
