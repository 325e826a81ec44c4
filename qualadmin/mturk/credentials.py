"""Whose account a client speaks for, and how its signature comes about. No secret passes through here.

Real accounts sign with what the machine has (an instance role or a named profile), by preference through a
role that is assumed for 15 minutes. At the emulator all accounts sign with one published secret; their access
keys tell them apart.
"""

import json
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    DeferredRefreshableCredentials,
)
from botocore.session import Session as CoreSession

from qualadmin.mturk.types import Environment

if TYPE_CHECKING:
    from types_boto3_sts.client import STSClient

REGION = "us-east-1"
"""Mechanical Turk's only region, for both of its environments."""

STS_URL = "https://sts.us-east-1.amazonaws.com"
"""Named, so that no setting of the machine can send role requests elsewhere."""

ROLE_SECONDS = 900
"""How long an assumed role lives: the shortest AWS allows."""

EMULATOR_SECRET = "made-up-secret-of-every-demo-key"  # noqa: S105 - published, opens nothing
"""The emulator's secret of all access key ids that begin with AKIADEMO."""

SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
"""What STS takes for RoleSessionName and SourceIdentity."""

SESSION_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "mechanicalturk:AcceptQualificationRequest",
                    "mechanicalturk:AssociateQualificationWithWorker",
                    "mechanicalturk:CreateQualificationType",
                    "mechanicalturk:DisassociateQualificationFromWorker",
                    "mechanicalturk:GetAccountBalance",
                    "mechanicalturk:GetQualificationScore",
                    "mechanicalturk:GetQualificationType",
                    "mechanicalturk:ListQualificationRequests",
                    "mechanicalturk:ListQualificationTypes",
                    "mechanicalturk:ListWorkersWithQualificationType",
                    "mechanicalturk:RejectQualificationRequest",
                    "mechanicalturk:UpdateQualificationType",
                ],
                "Resource": "*",
            }
        ],
    },
    separators=(",", ":"),
)
"""An assumed role can do what the gateway does and no more, however much the role itself may."""


@dataclass(frozen=True, slots=True)
class AccountCredentials:
    """One requester account as seen by the caller. Equal values share clients.

    ``profile_name``: a profile of the machine's AWS configuration; without it, the machine's own credentials.
    ``role_arn``, ``external_id``: the role to assume with them. ``session_name``, ``source_identity``: what
    AWS's own
    log shows for it, 2 to 64 characters of ``[A-Za-z0-9_+=,.@-]``.
    ``access_key_id``, ``emulator_url``: for the emulator, and only there.
    ``aws_account_id``: whom the account claims to be; compare with ``QualificationGateway.identity``.

    Raises ``ValueError`` for a combination that makes no sense.
    """

    environment: Environment
    profile_name: str | None = None
    role_arn: str | None = None
    external_id: str | None = field(default=None, repr=False)
    access_key_id: str | None = None
    aws_account_id: str | None = None
    emulator_url: str | None = None
    session_name: str = "qualadmin"
    source_identity: str | None = None

    def __post_init__(self) -> None:
        # A plain string that names an environment is taken as well, and a wrong one refused.
        object.__setattr__(self, "environment", Environment(self.environment))
        for name in (self.session_name, self.source_identity):
            if name is not None and not SESSION_NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot be a session name or source identity of AWS.")
        if self.environment is Environment.EMULATOR:
            if not self.access_key_id or not self.emulator_url:
                raise ValueError("An emulator account needs an access key id and the emulator's address.")
            if self.profile_name or self.role_arn:
                raise ValueError("An emulator account uses no AWS profile and no role.")
        elif self.access_key_id or self.emulator_url:
            raise ValueError("Access keys and the emulator's address are for emulator accounts only.")
        if self.external_id and not self.role_arn:
            raise ValueError("An external id belongs to a role.")


def open_session(credentials: AccountCredentials) -> boto3.Session:
    """Return a session that signs for the account. Nothing is sent yet, a role is assumed at the first call.

    Raises botocore's ``ProfileNotFound`` and kin when the machine's AWS configuration does not fit.
    """
    if credentials.environment is Environment.EMULATOR:
        return _emulator_session(credentials)
    session = boto3.Session(profile_name=credentials.profile_name, region_name=REGION)
    return _role_session(session, credentials) if credentials.role_arn else session


def open_identity_client(session: boto3.Session) -> "STSClient":
    """Return the client that can say whose credentials a session has."""
    config = Config(connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 4})
    return session.client("sts", region_name=REGION, endpoint_url=STS_URL, config=config)


def _emulator_session(credentials: AccountCredentials) -> boto3.Session:
    """A session that reads nothing of the machine's AWS configuration: neither files nor a named profile."""
    core = CoreSession(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=EMULATOR_SECRET,
        region_name=REGION,
        botocore_session=core,
    )


class _RoleCredentials(DeferredRefreshableCredentials):
    """Credentials that renew themselves shortly before they end.

    botocore would start renewing 15 minutes before the end, which for a role of 15 minutes is with every
    call.
    """

    _advisory_refresh_timeout = 240
    _mandatory_refresh_timeout = 60


class _RoleProvider(CredentialProvider):
    METHOD = "qualadmin-assume-role"

    def __init__(self, source: boto3.Session, credentials: AccountCredentials) -> None:
        super().__init__()
        self._source = source
        self._credentials = credentials

    def load(self) -> Credentials:
        return _RoleCredentials(self._assume, self.METHOD)

    def _assume(self) -> dict[str, Any]:
        wanted = {
            "RoleArn": self._credentials.role_arn,
            "RoleSessionName": self._credentials.session_name,
            "DurationSeconds": ROLE_SECONDS,
            "ExternalId": self._credentials.external_id,
            "SourceIdentity": self._credentials.source_identity,
            "Policy": SESSION_POLICY,
        }
        given: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        found = open_identity_client(self._source).assume_role(**given)["Credentials"]
        return {
            "access_key": found["AccessKeyId"],
            "secret_key": found["SecretAccessKey"],
            "token": found["SessionToken"],
            "expiry_time": found["Expiration"].isoformat(),
        }


def _role_session(source: boto3.Session, credentials: AccountCredentials) -> boto3.Session:
    core = CoreSession()
    core.register_component("credential_provider", CredentialResolver([_RoleProvider(source, credentials)]))
    return boto3.Session(botocore_session=core, region_name=REGION)
