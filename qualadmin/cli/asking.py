"""Who asks, and how an operation of the JSON API is asked without HTTP."""

import getpass
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from qualadmin.api.answers import invalid
from qualadmin.api.operation import Answer, Call, Operation
from qualadmin.api.parameters import Fault
from qualadmin.api.urls import OPERATIONS
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed
from qualadmin.core.models import User
from qualadmin.core.permissions import Permission, require

BY_NAME: Final = {one.name: one for one in OPERATIONS}
PAGE: Final = 100


def person(username: str) -> Actor:
    """The person named, with the rights held now. Raises ActionError for somebody who could not sign in."""
    user = User.objects.filter(username=username).first()
    if user is None:
        raise ActionError(f"Nobody here is called “{username}”. Nothing was done.", code="unknown_person")
    if not user.is_active:
        raise ActionError(f"The access of {username} was closed. Nothing was done.", code="inactive")
    if user.must_change_password:
        raise ActionError(
            f"{username} must first sign in and choose a new password. Nothing was done.", code="password"
        )
    return replace(user.as_actor(), shell=getpass.getuser())


def ask(actor: Actor, name: str, **given: Any) -> Answer:
    """The answer of an operation. Values that are bytes are taken as they are, all others are checked.

    Raises ActionError, and Refused of the API.
    """
    operation = BY_NAME[name]
    _require_one(actor, operation.needs)
    return operation.act(Call(actor, _values(operation, given)))


def _values(operation: Operation, given: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    faults = {}
    for one in operation.parameters:
        value = given.get(one.name)
        if value is None:
            values[one.name] = one.default
            continue
        try:
            values[one.name] = value if isinstance(value, bytes) else one.take(value)
        except Fault as fault:
            faults[one.name] = [str(fault)]
    if faults:
        raise invalid(faults)
    return values


def _require_one(actor: Actor, needs: tuple[Permission, ...]) -> None:
    for one in needs[:-1]:
        with suppress(NotAllowed):
            require(actor, one)
            return
    require(actor, needs[-1])


def items(actor: Actor, name: str, limit: int, **given: Any) -> Iterator[dict[str, Any]]:
    """The items of a list, page by page; at most `limit`, 0 for all."""
    left, token = limit or 10**12, ""
    while left > 0:
        answer = ask(actor, name, MaxResults=min(PAGE, left), NextToken=token or None, **given)
        yield from answer.data
        left -= len(answer.data)
        if not answer.next:
            return
        token = answer.next
