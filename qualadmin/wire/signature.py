"""Signature Version 4, checked as AWS checks it: form, scope, clock, key, signature, session token.

The clock is this machine's own. Whose key it is, and whether it may still be used, is up to who asks.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from qualadmin.wire.errors import ApiError, framework_error
from qualadmin.wire.protocol import Incoming

ALGORITHM = "AWS4-HMAC-SHA256"
REGION = "us-east-1"
SERVICE = "mturk-requester"
TERMINATOR = "aws4_request"
LEEWAY_SECONDS = 300
_STAMP = "%Y%m%dT%H%M%SZ"
_SPACES = re.compile(r"\s+")
_KEPT_SIGNING_KEYS = 1000


class Claim(NamedTuple):
    """What the Authorization header says, taken apart."""

    key_id: str
    scope: tuple[str, str, str, str]
    """Date, region, service, terminator."""
    signed_headers: str
    signature: str
    stamp: str
    """When it was signed, like 20261123T190000Z."""


class SigningKeys:
    """The signing key of each access key, kept for the day it is good for."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], bytes] = {}

    def of(self, key_id: str, secret: str, day: str) -> bytes:
        """`day` as in the scope: 20261123."""
        known = self._kept.get((key_id, secret, day))
        if known is not None:
            return known
        if len(self._kept) >= _KEPT_SIGNING_KEYS:
            self._kept.clear()
        made = f"AWS4{secret}".encode()
        for part in (day, REGION, SERVICE, TERMINATOR):
            made = hmac.digest(made, part.encode(), "sha256")
        self._kept[key_id, secret, day] = made
        return made


def claimed(headers: Mapping[str, str]) -> Claim:
    """What a call claims, if it is for this service and was signed just now. Raises ApiError.

    The signature itself is not looked at yet: for that the secret is needed, and for that the key id.
    """
    claim = parse(headers)
    _check_scope(claim)
    _check_clock(claim.stamp)
    return claim


def check_signature(claim: Claim, call: Incoming, signing_key: bytes) -> None:
    """Raise ApiError unless this very call, body included, was signed with the key."""
    canonical = canonical_request(call, claim.signed_headers)
    scope = "/".join(claim.scope)
    hashed = hashlib.sha256(canonical.encode("latin-1", "replace")).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.stamp}\n{scope}\n{hashed}"
    due = hmac.digest(signing_key, to_sign.encode("latin-1", "replace"), "sha256").hex()
    if not hmac.compare_digest(due.encode(), claim.signature.encode("latin-1", "replace")):
        raise framework_error("InvalidSignatureException", _mismatch(canonical, to_sign))


def access_key_id(headers: Mapping[str, str]) -> str:
    """The key id a call claims, "" if none; nothing is checked."""
    _, found, rest = headers.get("authorization", "").partition("Credential=")
    key, slash, _ = rest.partition("/")
    return key if found and slash and len(key) <= 128 else ""


def parse(headers: Mapping[str, str]) -> Claim:
    """Take the Authorization header apart. Raises ApiError if there is none or something is missing."""
    text = headers.get("authorization", "")
    if not text:
        raise framework_error("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = text.partition(" ")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm}'.")
    parts: dict[str, str] = {}
    for piece in rest.replace(",", " ").split():
        name, equals, value = piece.partition("=")
        if not equals:
            raise _incomplete(
                f"'{piece}' not a valid key=value pair (missing equal-sign) in Authorization header: '{text}'."
            )
        parts[name] = value
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not parts.get(name)
    ]
    date = headers.get("x-amz-date") or headers.get("date")
    if not date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing or not date:
        raise _incomplete(" ".join([*missing, f"Authorization={text}"]))
    return _claim(parts, _stamp(date))


def _claim(parts: dict[str, str], stamp: str) -> Claim:
    credential = parts["Credential"]
    pieces = credential.split("/")
    if len(pieces) != 5:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential}'"
        )
    if "host" not in parts["SignedHeaders"].split(";"):
        raise framework_error(
            "InvalidSignatureException",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        )
    key_id, day, region, service, end = pieces
    return Claim(key_id, (day, region, service, end), parts["SignedHeaders"], parts["Signature"], stamp)


def _stamp(date: str) -> str:
    """The date in the form that is signed; a Date header may have the form of e-mails."""
    if len(date) == 16 and date[8] == "T" and date[15] == "Z":
        return date
    try:
        return parsedate_to_datetime(date).astimezone(UTC).strftime(_STAMP)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise _bad_date(date) from None


def _bad_date(date: str) -> ApiError:
    return _incomplete(
        f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
    )


def _check_scope(claim: Claim) -> None:
    day, region, service, end = claim.scope
    faults = []
    if region != REGION:
        faults.append(f"Credential should be scoped to a valid region, not '{region}'. ")
    if service != SERVICE:
        faults.append(f"Credential should be scoped to correct service: '{SERVICE}'. ")
    if end != TERMINATOR:
        faults.append(f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{end}'. ")
    if day != claim.stamp[:8]:
        faults.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{day}' != '{claim.stamp[:8]}', from '{claim.stamp}'. "
        )
    if faults:
        raise framework_error("InvalidSignatureException", "".join(faults))


def _check_clock(stamp: str) -> None:
    try:
        signed_at = datetime(
            int(stamp[:4]), int(stamp[4:6]), int(stamp[6:8]),
            int(stamp[9:11]), int(stamp[11:13]), int(stamp[13:15]), tzinfo=UTC,
        ).timestamp()  # fmt: skip
    except ValueError:
        raise _bad_date(stamp) from None
    now = time.time()
    if abs(now - signed_at) <= LEEWAY_SECONDS:
        return
    if signed_at < now:
        kind, word, sign, limit = "expired", "is now earlier than", "-", now - LEEWAY_SECONDS
    else:
        kind, word, sign, limit = "not yet current", "is still later than", "+", now + LEEWAY_SECONDS
    raise framework_error(
        "InvalidSignatureException",
        f"Signature {kind}: {stamp} {word} {_as_stamp(limit)} ({_as_stamp(now)} {sign} 5 min.)",
    )


def _as_stamp(moment: float) -> str:
    return time.strftime(_STAMP, time.gmtime(moment))


def canonical_request(call: Incoming, signed_headers: str) -> str:
    """The text whose hash is signed. No query: a call of this protocol has none."""
    headers = call.headers
    lines = [f"{name}:{_SPACES.sub(' ', headers.get(name, '').strip())}" for name in signed_headers.split(";")]
    body = hashlib.sha256(call.body).hexdigest()
    return "\n".join(["POST", call.path, "", *lines, "", signed_headers, body])


def _mismatch(canonical: str, to_sign: str) -> str:
    return (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details.\n\n"
        f"The Canonical String for this request should have been\n'{canonical}'\n\n"
        f"The String-to-Sign should have been\n'{to_sign}'\n"
    )


def unrecognized(end: str) -> ApiError:
    """A full stop ends it for an unknown key, none for a wrong session token."""
    return framework_error(
        "UnrecognizedClientException", f"The security token included in the request is invalid{end}"
    )


def _incomplete(message: str) -> ApiError:
    return framework_error("IncompleteSignatureException", message)
