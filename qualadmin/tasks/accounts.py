"""From a requester account to the clients that speak for it: the one place that knows both."""

from typing import Final

from django.conf import settings

from qualadmin.core.models import Environment, RequesterAccount
from qualadmin.mturk import types as mturk
from qualadmin.mturk.client import ClientCache
from qualadmin.mturk.credentials import AccountCredentials
from qualadmin.mturk.gateway import QualificationGateway

_clients: Final = ClientCache()


def gateway_for(account: RequesterAccount, *, threads: int | None = None) -> QualificationGateway:
    """The account's gateway, built once a process and shared by all threads. Nothing is sent.

    Raises `mturk.errors.CredentialsMissing` when the account's profile is not on this machine.
    """
    return _clients.gateway(credentials_of(account), threads=threads or settings.DRAIN_THREADS)


def credentials_of(account: RequesterAccount) -> AccountCredentials:
    """How the account signs. For the emulator `profile_name` is the access key id it tells accounts apart by."""
    if account.environment == Environment.EMULATOR:
        return AccountCredentials(
            environment=mturk.Environment.EMULATOR,
            access_key_id=account.profile_name,
            emulator_url=settings.EMULATOR_URL,
        )
    return AccountCredentials(
        environment=mturk.Environment(account.environment),
        profile_name=account.profile_name or None,
        role_arn=account.role_arn or None,
        external_id=account.external_id or None,
        aws_account_id=account.aws_account_id or None,
    )
