"""The connection test: one read at Amazon with the account's own credentials, and its true answer."""

import os
import socket
import time
import uuid
from typing import Final

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.connections import record_connection_test
from qualadmin.core.actor import Actor
from qualadmin.core.models import ConnectionTest, RequesterAccount
from qualadmin.mturk.errors import (
    AccessRefused,
    AccountNotLinked,
    CredentialsMissing,
    MTurkError,
    NotSent,
    Throttled,
    WrongAccount,
)

from .accounts import gateway_for
from .identity import ask_identity

NAME: Final = "test_connection"
ADVICE: Final[tuple[tuple[type[MTurkError], str], ...]] = (
    (
        AccountNotLinked,
        "Sign in at Amazon's requester website for this environment and link this AWS account. "
        "Sandbox and production are linked separately.",
    ),
    (
        WrongAccount,
        "These credentials belong to another AWS account than the one entered here. "
        "Correct the number, or name the right profile or role.",
    ),
    (AccessRefused, "Check that the role or profile may use Mechanical Turk and that its keys are still valid."),
    (CredentialsMissing, "Check that the profile is in the AWS configuration of this server's user."),
    (NotSent, "Check the network of this server, and for the emulator that it is running."),
    (Throttled, "The credentials work. Amazon is busy; try again in a minute."),
)
OTHERWISE: Final = (
    "Try again in a minute. If it stays so, show these words to whoever looks after the AWS account."
)


def test_connection(test_id: int) -> None:
    """Task: ask Amazon for the balance, and for whose credentials these are, and keep the answer."""
    test = ConnectionTest.objects.select_related("account", "asked_by").get(pk=test_id)
    if test.state != ConnectionTest.State.WAITING:
        return
    actor = _actor(test)
    began = time.monotonic()
    try:
        balance = _ask(test.account)
    except MTurkError as error:
        record_connection_test(
            actor=actor,
            test_id=test.pk,
            ok=False,
            answer=error.message or error.for_people,
            advice=advice_for(error),
            ms=_since(began),
        )
    else:
        record_connection_test(actor=actor, test_id=test.pk, ok=True, balance=balance, ms=_since(began))


test_connection.__test__ = False  # type: ignore[attr-defined]  # the name is part of a message, pytest must not run it


def advice_for(error: MTurkError) -> str:
    """What somebody can do about this failure, in a sentence or two."""
    return next((advice for kind, advice in ADVICE if isinstance(error, kind)), OTHERWISE)


def _ask(account: RequesterAccount) -> str:
    ask_identity(account)
    return f"{gateway_for(account).balance().available:.2f}"


def _actor(test: ConnectionTest) -> Actor:
    task = TaskInfo(uuid.uuid4().hex, NAME, socket.gethostname(), os.getpid())
    if test.asked_by is None:
        return Actor.system(NAME, task=task)
    return test.asked_by.as_actor().as_task(task)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
