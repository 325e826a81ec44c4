"""Decides whether a name and a password belong together, without telling anybody more than yes or no."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.hashers import check_password, make_password

from qualadmin.audit.types import RequestInfo
from qualadmin.core.actions.sign_in import record_sign_in_failed, record_sign_in_locked
from qualadmin.core.errors import ActionError
from qualadmin.core.models import User

from .forms.session import NAME_MAX, PASSWORD_MAX
from .limits import Limit

# A stranger must not be able to lock somebody out, so what stops is the pair of name and address. A name that is
# attacked from many addresses gets one try for each address instead of five.
PAIR: Final = Limit("sign-in-pair", times=5, seconds=300)
ADDRESS: Final = Limit("sign-in-address", times=30, seconds=300)
NAME: Final = Limit("sign-in-name", times=50, seconds=3600)
NOTED: Final = Limit("sign-in-noted", times=1, seconds=300)
#: Whoever sits down at somebody's open session must not find the password by trying.
OWN: Final = Limit("own-password", times=5, seconds=300)


@dataclass(frozen=True, slots=True)
class Answer:
    """`user` when it is right; `wait` in seconds when too many tries were made; neither when it is wrong."""

    user: User | None = None
    wait: int = 0


def sign_in(*, name: str, password: str, request: RequestInfo) -> Answer:
    """Check one try and write it into the audit log.

    Unknown, closed and wrong give the same answer after the same work: one hash of the password.
    """
    peer, key = request.ip or "-", name.casefold()
    pair = f"{key}\n{peer}"
    wait = _held_back(key, peer, pair)
    if wait:
        if not NOTED.reached(pair):  # one entry for a burst; a flood must not fill the log
            NOTED.note(pair)
            record_sign_in_locked(request=request, user_name=name)
        return Answer(wait=wait)
    user = _checked(name, password)
    if user is not None:
        return Answer(user=user)
    for limit, limited in ((PAIR, pair), (ADDRESS, peer), (NAME, key)):
        limit.note(limited)
    record_sign_in_failed(request=request, user_name=name)
    return Answer()


def _held_back(key: str, peer: str, pair: str) -> int:
    if ADDRESS.reached(peer):
        return ADDRESS.wait()
    if PAIR.reached(pair):
        return PAIR.wait()
    return PAIR.wait() if NAME.reached(key) and PAIR.count(pair) else 0


def _checked(name: str, password: str) -> User | None:
    if len(password) > PASSWORD_MAX or len(name) > NAME_MAX or "\0" in name:
        return None  # the same for everybody, so it tells nothing
    user = _find(name)
    if user is None:
        make_password(password)  # as slow as checking one
        return None
    right = check_password(password, user.password)
    return user if right and user.is_active else None


def _find(name: str) -> User | None:
    """By user name, else by an e-mail address that only one person has."""
    named = User.objects.filter(username__iexact=name).first()
    if named is not None or "@" not in name:
        return named
    matches = list(User.objects.filter(email__iexact=name)[:2])
    return matches[0] if len(matches) == 1 else None


@contextmanager
def own_password_asked(user: User, *, field: str, not_done: str) -> Iterator[None]:
    """Around an action that asks a signed-in person for the own password: five wrong ones, then none is looked at.

    Raises ActionError (`slowed_down`, at `field`) that begins with `not_done`; what the action raises goes on.
    """
    key = str(user.pk)
    if OWN.reached(key):
        minutes = -(-OWN.wait() // 60)
        raise ActionError(
            f"Too many wrong passwords. {not_done} Try again in {minutes} min.", field=field, code="slowed_down"
        )
    try:
        yield
    except ActionError as error:
        if error.code == "wrong_password":
            OWN.note(key)
        raise
