"""Keeps what somebody had typed when their session ended, and offers it again after signing in.

Fields only and no passwords, for half an hour, on the server, encrypted with a random key that only the browser
holds: worker IDs may be among them, and the cache is no place where an erasure looks. Of a file only the name is
kept, so that it can be asked for again: nobody is signed in yet, and a list of workers is no thing to store for
whoever comes.
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import astuple, dataclass
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from .http import GUARD_ACCOUNT, GUARD_PERSON
from .limits import Limit
from .peers import client_ip

SECONDS: Final = 30 * 60
COOKIE: Final = "kept_form"
SENT: Final = "kept_form"  # a field of the form that sends it on
NAME_KEPT: Final = 255  # characters of a file's name
SALT: Final = "qualadmin.kept"
_SECRET_WORDS: Final = ("password", "secret", "csrf")
# Nobody is signed in here, so anybody could fill the cache: a person loses a form now and then, not hourly.
KEEPS: Final = Limit("kept-forms", times=20, seconds=3600)


@dataclass(frozen=True, slots=True)
class Kept:
    """One form: where it was going and its fields in order. `person` is who the form was made for.

    `files` are pairs of a field and the name of the file that was chosen there.
    """

    path: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    person: str
    account: str


def cookie_name() -> str:
    """The cookie, with the prefix that ties it to https where there is https."""
    return f"__Host-{COOKIE}" if settings.HTTPS else COOKIE


def keep(request: HttpRequest, response: HttpResponse) -> bool:
    """Keep the posted fields and give the browser the key. False where there was nothing to keep."""
    fields = tuple((name, value) for name, value in posted_fields(request) if not is_secret(name))
    person = request.POST.get(GUARD_PERSON, "")
    peer = client_ip(request) or "-"
    if not fields or not person or KEEPS.reached(peer):
        return False
    KEEPS.note(peer)
    key = secrets.token_urlsafe(24)
    chosen = ((name, str(file.name)) for name in request.FILES for file in request.FILES.getlist(name))
    files = tuple((name, file_name[:NAME_KEPT]) for name, file_name in chosen)
    kept = Kept(request.path, fields, files, person, request.POST.get(GUARD_ACCOUNT, ""))
    cache.set(_slot(key), _cipher(key).encrypt(json.dumps(astuple(kept)).encode()), SECONDS)
    response.set_cookie(
        cookie_name(),
        signing.dumps(key, salt=SALT),
        max_age=SECONDS,
        httponly=True,
        secure=settings.HTTPS,
        samesite="Lax",
    )
    return True


def posted_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Everything that was typed, in order, a field with several values several times."""
    return [(name, value) for name in request.POST for value in request.POST.getlist(name)]


def is_secret(name: str) -> bool:
    """Whether the field's value is never kept, nor sent back to the browser."""
    return any(word in name.lower() for word in _SECRET_WORDS)


def kept_for(request: HttpRequest, person_id: int) -> Kept | None:
    """What was kept for this person, or None. Another person at the same browser gets nothing."""
    key = _key(request)
    stored = cache.get(_slot(key)) if key else None
    kept = _opened(stored, key) if isinstance(stored, bytes) else None
    return kept if kept and kept.person == str(person_id) else None


def forget(request: HttpRequest, response: HttpResponse) -> None:
    """Throw it away, here and in the browser."""
    drop(request)
    response.delete_cookie(cookie_name(), samesite="Lax")


def drop(request: HttpRequest) -> None:
    """Throw away what is kept on the server."""
    key = _key(request)
    if key:
        cache.delete(_slot(key))


def _slot(key: str) -> str:
    """Where in the cache: it must not tell the key."""
    return f"kept:{hashlib.sha256(key.encode()).hexdigest()}"


def _cipher(key: str) -> Fernet:
    return Fernet(urlsafe_b64encode(hashlib.sha256(b"qualadmin/kept/v1\0" + key.encode()).digest()))


def _opened(stored: bytes, key: str) -> Kept | None:
    try:
        path, fields, files, person, account = json.loads(_cipher(key).decrypt(stored))
    except InvalidToken:
        return None
    return Kept(path, tuple(map(tuple, fields)), tuple(map(tuple, files)), person, account)


def _key(request: HttpRequest) -> str:
    try:
        return str(signing.loads(request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=SECONDS))
    except signing.BadSignature:
        return ""
