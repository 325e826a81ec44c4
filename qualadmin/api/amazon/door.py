"""Who signed a call: the person of the access key, if signature, time and key are right and it comes but once."""

import hashlib
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache

from qualadmin.audit.types import RequestInfo
from qualadmin.core.actions.access import record_rate_limited
from qualadmin.core.actions.access_keys import find_access_key, record_key_refused, secret_of, use_access_key
from qualadmin.core.actor import Actor
from qualadmin.core.models import AccessKey
from qualadmin.web.limits import Limit
from qualadmin.wire.errors import ApiError, framework_error, throttled
from qualadmin.wire.protocol import Incoming
from qualadmin.wire.signature import LEEWAY_SECONDS, Claim, SigningKeys, check_signature, claimed, unrecognized

#: Calls of one person by any key.
CALLS: Final = Limit("mturk", times=6_000, seconds=60)
CALLS_NOTED: Final = Limit("mturk-noted", times=1, seconds=60)
#: Refusals for one address that are written down. A flood must not fill the log.
REFUSED_NOTED: Final = Limit("mturk-refused", times=30, seconds=300)
#: A signature is good from five minutes before its time to five minutes after it.
WINDOW_SECONDS: Final = 2 * LEEWAY_SECONDS + 60
#: Signatures are made of whole seconds, so a program that asks the same twice in one second signs the same. A
#: client library numbers its calls beside that; what comes with another number is let in while the second lasts.
SAME_SECOND: Final = 2
NUMBERS: Final = ("amz-sdk-invocation-id", "amz-sdk-request")

_signing_keys: Final = SigningKeys()


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, by which key, and how this signature is remembered."""

    actor: Actor
    key: AccessKey
    remembered: tuple[str, str]
    signed_headers: frozenset[str]

    def forget(self) -> None:
        """The call was sent away to come again, which it may do within the same second."""
        cache.delete_many(self.remembered)


def caller_of(incoming: Incoming, info: RequestInfo) -> Caller:
    """Raises ApiError in AWS's words. Each refusal is an entry, up to a number for each address."""
    key: AccessKey | None = None
    cause = "signature"
    try:
        claim = claimed(incoming.headers)
        key, cause = find_access_key(claim.key_id), "unknown"
        if key is None or incoming.headers.get("x-amz-security-token"):
            raise unrecognized("." if key is None else "")
        cause = "signature"
        check_signature(claim, incoming, _signing_keys.of(key.key_id, secret_of(key.key_id), claim.scope[0]))
        found = use_access_key(key=key, request=info)
        if isinstance(found, str):
            cause = found
            raise unrecognized(".")
        cause = "replay"
        remembered = _remember(claim, incoming)
    except ApiError:
        _note(info, cause, key)
        raise
    _hold_back(found)
    return Caller(found, key, remembered, frozenset(claim.signed_headers.split(";")))


def _remember(claim: Claim, incoming: Incoming) -> tuple[str, str]:
    """Let each signature in once. Raises ApiError for one that was here before."""
    signature = f"mturk:signature:{_digest(claim.key_id, claim.signature)}"
    numbers = [incoming.headers.get(name, "") for name in NUMBERS]
    request = f"{signature}:{_digest(*numbers)}"
    fresh = cache.add(request, 1, WINDOW_SECONDS)
    if fresh and cache.add(signature, 1, WINDOW_SECONDS):
        cache.set(f"{signature}:again", 1, SAME_SECOND)
    elif not fresh or not cache.get(f"{signature}:again"):
        raise framework_error("InvalidSignatureException", "The signature of this request was used before.")
    return signature, request


def _digest(*words: str) -> str:
    return hashlib.sha256("/".join(words).encode("latin-1", "replace")).hexdigest()


def _note(info: RequestInfo, cause: str, key: AccessKey | None) -> None:
    if REFUSED_NOTED.note(info.ip or "-") <= REFUSED_NOTED.times:
        record_key_refused(request=info, cause=cause, key=key)


def _hold_back(actor: Actor) -> None:
    person = str(actor.person_id)
    if CALLS.note(person) <= CALLS.times:
        return
    if not CALLS_NOTED.reached(person):
        CALLS_NOTED.note(person)
        record_rate_limited(actor=actor, what="mturk")
    raise throttled()
