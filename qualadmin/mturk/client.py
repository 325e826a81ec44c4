"""boto3 clients for an account: the right host, short time-outs, no retries where a repeat could do harm."""

import ipaddress
import logging
import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from qualadmin.mturk.classify import classify
from qualadmin.mturk.credentials import REGION, AccountCredentials, open_identity_client, open_session
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import Environment

if TYPE_CHECKING:
    from types_boto3_mturk.client import MTurkClient

Purpose = Literal["mutate", "read"]

ENDPOINTS = {
    Environment.SANDBOX: "https://mturk-requester-sandbox.us-east-1.amazonaws.com",
    Environment.PRODUCTION: "https://mturk-requester.us-east-1.amazonaws.com",
}
"""Amazon's two hosts. Nothing but the host tells play from real money."""

ATTEMPTS: dict[Purpose, int] = {"mutate": 1, "read": 4}
"""Requests per call. A change sent twice could mail a worker twice, and hides that the first was lost."""

CONNECT_SECONDS = 5
READ_SECONDS = 15


def pin_loggers() -> None:
    """Keep request bodies out of the logs: at DEBUG these write worker ids and signed headers."""
    for name in ("botocore", "boto3", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def endpoint_url(environment: Environment, emulator_url: str | None = None) -> str:
    """Return where an account of this environment is reached. The only place that decides it.

    Raises ``ValueError`` when an emulator account has no address on this machine, or another account has one
    at all.
    """
    if environment is not Environment.EMULATOR:
        if emulator_url is not None:
            raise ValueError(f"An account of {environment} never uses the emulator's address.")
        return ENDPOINTS[environment]
    if emulator_url is None or not _is_own_machine(emulator_url):
        raise ValueError("The emulator's address must be http://, on this machine, without a path.")
    return emulator_url.rstrip("/")


def _is_own_machine(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port  # reading the port checks it
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return (
        local
        and parts.scheme == "http"
        and parts.path in ("", "/")
        and not (parts.query or parts.fragment or "@" in url)
    )


def make_client(
    credentials: AccountCredentials,
    *,
    purpose: Purpose,
    max_pool_connections: int,
    session: boto3.Session | None = None,
) -> "MTurkClient":
    """Build a client; it takes about 80 ms, or 3 ms with a ``session`` that built one before. Nothing is
    sent.

    ``max_pool_connections`` should be the number of threads that share the client. Raises
    ``CredentialsMissing``.
    """
    pin_loggers()
    try:
        return (session or open_session(credentials)).client(
            "mturk",
            region_name=REGION,
            endpoint_url=endpoint_url(credentials.environment, credentials.emulator_url),
            config=_config(credentials.environment, purpose, max_pool_connections),
        )
    except BotoCoreError as exception:
        error = classify(exception, mutating=purpose == "mutate", attempts=0)
    raise error


def _config(environment: Environment, purpose: Purpose, max_pool_connections: int) -> Config:
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS[purpose]},
        tcp_keepalive=True,
        max_pool_connections=max_pool_connections,
        # No proxy can reach this machine's own loopback.
        proxies={} if environment is Environment.EMULATOR else None,
        # What this protocol never uses, but would be looked at with every call.
        inject_host_prefix=False,
        disable_request_compression=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


class ClientCache:
    """Gateways by account, built once and shared by all threads. Each process has its own after a fork.

    The least recently used are let go; whoever still holds one can go on using it.
    """

    def __init__(self, size: int = 32) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._gateways: OrderedDict[tuple[int, AccountCredentials, int], QualificationGateway] = OrderedDict()

    def gateway(self, credentials: AccountCredentials, *, threads: int) -> QualificationGateway:
        """Return the account's gateway for ``threads`` threads. Raises ``CredentialsMissing``."""
        # With the process id, since a socket shared with a parent process would mix up answers.
        key = (os.getpid(), credentials, threads)
        with self._lock:
            if key not in self._gateways:
                self._gateways[key] = _build_gateway(credentials, threads)
                if len(self._gateways) > self._size:
                    self._gateways.popitem(last=False)
            self._gateways.move_to_end(key)
            return self._gateways[key]


def _build_gateway(credentials: AccountCredentials, threads: int) -> QualificationGateway:
    try:
        session = open_session(credentials)
        has_identity = credentials.environment is not Environment.EMULATOR
        identity = open_identity_client(session) if has_identity else None
    except BotoCoreError as exception:
        error = classify(exception, mutating=False, attempts=0)
    else:
        return QualificationGateway(
            make_client(credentials, purpose="read", max_pool_connections=threads, session=session),
            make_client(credentials, purpose="mutate", max_pool_connections=threads, session=session),
            identity,
        )
    raise error


pin_loggers()
