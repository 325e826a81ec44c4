"""Asking Amazon which requests of workers wait. Run twice, the second finds nothing to do."""

import logging
import os
import socket
import uuid
from typing import Final

from django.utils import timezone

from qualadmin.audit.types import TaskInfo
from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.requests import note_requests_read
from qualadmin.core.actions.waiting import apply_requests
from qualadmin.core.actor import Actor
from qualadmin.core.models import RequesterAccount
from qualadmin.core.queue import SYNC_REQUESTS, ring
from qualadmin.mturk.errors import MTurkError
from qualadmin.mturk.gateway import QualificationGateway

from . import heartbeat
from .identity import checked_gateway
from .remote import seen_request

logger = logging.getLogger(__name__)

#: An inbox: workers wait for an answer before they can work. One call lists 100 requests.
EVERY_MINUTES: Final = 3


def read_all_requests() -> None:
    """Task, every few minutes: ring for every account that is switched on."""
    for account_id in RequesterAccount.objects.open().filter(is_enabled=True).values_list("pk", flat=True):
        ring(SYNC_REQUESTS, str(account_id))


def read_requests_of(account_id: str) -> None:
    """Task: compare the requests that wait with Amazon's list of them."""
    account = RequesterAccount.objects.get(pk=account_id)
    if account.archived_at is not None:
        return
    try:
        read_requests(checked_gateway(account), account)
    except MTurkError as error:
        logger.warning("Amazon did not list the requests that wait: %s", error)
        if error.outcome == "account" and account.is_enabled:
            pause_account(actor=_actor(), account=account, cause=error.for_people)


def read_requests(gateway: QualificationGateway, account: RequesterAccount) -> None:
    """Requests that wait for an answer, as Amazon lists them now. Raises MTurkError."""
    as_of, seen = timezone.now(), []
    for remote in gateway.requests():
        seen.append(seen_request(remote))
        heartbeat.beat_now_and_then()
    apply_requests(actor=_actor(), account=account, requests=seen, as_of=as_of)
    note_requests_read(account=account, at=as_of)


def _actor() -> Actor:
    return Actor.system("requests", task=TaskInfo(uuid.uuid4().hex, "requests", socket.gethostname(), os.getpid()))
