"""Whose credentials are really in use: asked of Amazon before a process sends an account's first change."""

import time
import uuid
from typing import Final

from qualadmin.core.models import RequesterAccount
from qualadmin.mturk.credentials import AccountCredentials
from qualadmin.mturk.errors import AccessRefused, CredentialsMissing, MTurkError

from .accounts import credentials_of, gateway_for

GOOD_FOR: Final = 600.0  # seconds an answer is believed
_seen: dict[tuple[uuid.UUID, AccountCredentials], float] = {}


class WrongAccount(Exception):
    """Nothing may be sent for this account; the text is for people."""


class NotNow(Exception):
    """Amazon gave no answer, so nothing is known: try again later."""


def check_identity(account: RequesterAccount) -> None:
    """Compare the AWS account of the credentials with the number the manager wrote down. One call in ten minutes.

    The emulator, and an account without a number, have nothing to compare. Raises WrongAccount or NotNow.
    """
    credentials = credentials_of(account)
    key = (account.pk, credentials)
    if not account.aws_account_id or time.monotonic() - _seen.get(key, -GOOD_FOR) < GOOD_FOR:
        return
    try:
        found = gateway_for(account).identity()
    except (AccessRefused, CredentialsMissing) as error:
        raise WrongAccount(error.for_people) from error
    except MTurkError as error:
        raise NotNow(error.for_people) from error
    if found is not None and found.aws_account_id != account.aws_account_id:
        raise WrongAccount(
            f"The credentials belong to AWS account {found.aws_account_id}, not to {account.aws_account_id}. "
            "Nothing was sent. A manager should check the profile or role."
        )
    _seen[key] = time.monotonic()
