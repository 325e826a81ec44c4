"""Whose credentials are really in use: asked of Amazon before anything is read or changed for an account."""

import time
import uuid
from typing import Final

from qualadmin.core.models import RequesterAccount
from qualadmin.mturk.credentials import AccountCredentials
from qualadmin.mturk.errors import AccessRefused, CredentialsMissing, IdentityNotKnown, MTurkError, WrongAccount
from qualadmin.mturk.gateway import QualificationGateway

from .accounts import credentials_of, gateway_for

GOOD_FOR: Final = 600.0  # seconds an answer is believed
_seen: dict[tuple[uuid.UUID, AccountCredentials], float] = {}


def checked_gateway(account: RequesterAccount) -> QualificationGateway:
    """The account's gateway, as soon as its credentials are known to be its own. Raises as `check_identity`."""
    check_identity(account)
    return gateway_for(account)


def check_identity(account: RequesterAccount) -> None:
    """Compare the AWS account of the credentials with the number the manager wrote down. One call in ten minutes.

    The emulator, and an account without a number, have nothing to compare. After any of these nothing was sent:
    WrongAccount and AccessRefused (the account should be paused), CredentialsMissing (they are not on this
    machine), IdentityNotKnown (no clear answer: try again later).
    """
    asked_at = _seen.get((account.pk, credentials_of(account)), -GOOD_FOR)
    if account.aws_account_id and time.monotonic() - asked_at >= GOOD_FOR:
        try:
            ask_identity(account)
        except (AccessRefused, CredentialsMissing):
            raise
        except MTurkError as error:
            raise IdentityNotKnown(error.call, error.message) from error


def ask_identity(account: RequesterAccount) -> None:
    """The same, without believing an earlier answer. Raises what the call raised, or WrongAccount."""
    key = (account.pk, credentials_of(account))
    _seen.pop(key, None)
    found = gateway_for(account).identity()
    if found is not None and account.aws_account_id not in ("", found.aws_account_id):
        raise WrongAccount(found, expected=account.aws_account_id)
    _seen[key] = time.monotonic()
