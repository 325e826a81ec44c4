"""Who comes with a request: the person of the access token, if it works and is not used too often."""

from typing import Final

from django.http import HttpRequest

from qualadmin.audit.types import RequestInfo
from qualadmin.core.actions.access import record_rate_limited
from qualadmin.core.actions.tokens import TokenRefused, record_token_refused, use_token
from qualadmin.core.actor import Actor
from qualadmin.web.limits import Limit

from .answers import Code, Refused, refused_by

#: Requests of one person by any token. Twice what a large installation accepts in a second, sustained.
REQUESTS: Final = Limit("api", times=12_000, seconds=60)
REQUESTS_NOTED: Final = Limit("api-noted", times=1, seconds=60)
#: Tokens that do not work, from one address. Those that do work are not held back by it.
WRONG: Final = Limit("api-wrong", times=30, seconds=300)
WRONG_NOTED: Final = Limit("api-wrong-noted", times=1, seconds=300)


def person_of(request: HttpRequest, info: RequestInfo) -> Actor:
    """The actor. Raises Refused: 401 without a token that works, 429 when there were too many requests."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(
            Code.AUTHENTICATION_REQUIRED,
            401,
            "Send an access token as “Authorization: Bearer …”. You make one on your profile page.",
        )
    try:
        actor = use_token(token=token.strip(), request=info)
    except TokenRefused as refusal:
        raise _turned_away(info, refusal) from None
    _hold_back(actor)
    return actor


def _turned_away(info: RequestInfo, refusal: TokenRefused) -> Refused:
    peer = info.ip or "-"
    if not WRONG.reached(peer):
        WRONG.note(peer)
        record_token_refused(request=info, refusal=refusal)
        return refused_by(refusal, {})
    if not WRONG_NOTED.reached(peer):  # one entry for a burst; a flood must not fill the log
        WRONG_NOTED.note(peer)
        record_rate_limited(actor=Actor.anonymous(info), what="api")
    return _too_many(WRONG.wait())


def _hold_back(actor: Actor) -> None:
    key = str(actor.person_id)
    if REQUESTS.note_lightly(key) <= REQUESTS.times:
        return
    if not REQUESTS_NOTED.reached(key):
        REQUESTS_NOTED.note(key)
        record_rate_limited(actor=actor, what="api")
    raise _too_many(REQUESTS.wait())


def _too_many(wait: int) -> Refused:
    message = f"Too many requests. Nothing was done. Wait {wait} seconds, then go on."
    return Refused(Code.RATE_LIMITED, 429, message, retry_after=wait)
