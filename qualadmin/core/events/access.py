"""Signing in, programs and their tokens, refusals."""

from .event import DENIED, FAILED, NOTICE, WARNING, event

EVENTS = (
    # signing in
    event("auth.login.succeeded", "{actor} signed in"),
    event("auth.login.failed", "A sign-in failed", severity=NOTICE, outcomes=(FAILED,), payload="user_name"),
    event(
        "auth.login.locked",
        "Sign-in was held back after too many tries",
        severity=WARNING,
        outcomes=(DENIED,),
        payload="user_name",
    ),
    event("auth.logout", "{actor} signed out"),
    event("auth.password.changed", "{actor} changed the password of {target}", severity=NOTICE),
    event(
        "auth.password.refused",
        "A wrong password was given in the session of {actor}",
        severity=NOTICE,
        outcomes=(FAILED,),
    ),
    event("auth.sessions.ended", "{actor} signed out everywhere else"),
    # programs
    event(
        "user.token.created",
        "{actor} made an access token for programs",
        severity=WARNING,
        changes="scopes account expires",
        payload="name",
    ),
    event("user.token.revoked", "{actor} revoked {target}", severity=NOTICE),
    event(
        "auth.token.refused",
        "A program was refused: its access token does not work",
        severity=NOTICE,
        outcomes=(DENIED,),
        changes="cause",
    ),
    event(
        "user.key.created",
        "{actor} made an access key for programs",
        severity=WARNING,
        changes="account may_change study expires",
        payload="name reason",
    ),
    event("user.key.revoked", "{actor} revoked {target}", severity=NOTICE),
    event(
        "auth.key.refused",
        "A program was refused: its access key or signature does not work",
        severity=NOTICE,
        outcomes=(DENIED,),
        changes="cause",
    ),
    event("access.relayed", "A program of {actor} read at Amazon, in the account {target}", changes="operation"),
    # refusals
    event(
        "access.denied",
        "{actor} was refused: {target}",
        severity=NOTICE,
        outcomes=(DENIED,),
        payload="detail",
    ),
    event("access.csrf_failed", "A form without a valid token was refused", severity=NOTICE, outcomes=(DENIED,)),
    event("access.rate_limited", "{actor} was slowed down", severity=NOTICE, outcomes=(DENIED,)),
    event(
        "access.bad_host",
        "A request for a foreign host name was refused",
        severity=NOTICE,
        outcomes=(DENIED,),
    ),
)
