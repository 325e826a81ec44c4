"""What every template may use. Nothing here asks the database until a template does."""

from dataclasses import dataclass
from typing import Any, Final, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from qualadmin.core.actions.restorations import standing_restoration
from qualadmin.core.actions.thresholds import limits
from qualadmin.core.counting import CountOf
from qualadmin.core.models import Environment, QualificationRequest, RequesterAccount
from qualadmin.core.permissions import Permission, allowed

from .approving import waiting_lists
from .http import Request
from .navigation import links_for, url_of

BADGE_LIMIT: Final = 99


@dataclass(frozen=True, slots=True)
class EnvironmentWords:
    """How an environment names itself everywhere: bar, title, paper, buttons."""

    key: str
    name: str
    sentence: str
    icon: str


ENVIRONMENTS: Final = {
    Environment.EMULATOR: EnvironmentWords("emulator", "Emulator", "practice data, nothing real", "beaker"),
    Environment.SANDBOX: EnvironmentWords("sandbox", "Sandbox", "never reaches real workers", "beaker"),
    Environment.PRODUCTION: EnvironmentWords(
        "production", "Production", "real workers get this", "exclamation-triangle"
    ),
}


def site(request: HttpRequest) -> dict[str, Any]:
    """Person, account, environment and navigation for a page; little for somebody who has not signed in."""
    shared = {
        "request_id": getattr(request, "request_id", ""),
        "is_demo": settings.MODE == "demo",
        "signed_in": False,
    }
    actor = getattr(request, "actor", None)
    if actor is None or actor.user_id is None:
        return shared
    return {**shared, **_of_person(cast(Request, request))}


def _of_person(request: Request) -> dict[str, Any]:
    account = request.account
    waiting: Any = SimpleLazyObject(lambda: _waiting(request))
    return {
        "signed_in": True,
        "person": request.user,
        "account": account,
        "accounts": request.accounts,
        "environment": ENVIRONMENTS[Environment(account.environment)] if account else None,
        "nav": links_for(request),
        "find_url": url_of("find"),
        "help_url": url_of("help"),
        "requests_waiting": SimpleLazyObject(lambda: waiting[0]),
        "approvals_waiting": SimpleLazyObject(lambda: waiting[1]),
        "approval_limits": {rule.value: limit for rule, limit in limits().items()},
        "badge_limit": BADGE_LIMIT,
        "restored": standing_restoration() if request.read_only else None,
        "may_open_again": allowed(request.actor, Permission.OPEN_AGAIN),
        "shows_worker_ids": allowed(
            request.actor, Permission.SEE_WORKER_IDS, str(account.pk) if account else None
        ),
    }


def _waiting(request: Request) -> tuple[int, int]:
    """Requests of the account in use, and what this person can decide on in all accounts.

    One query. None of them is counted further than the badge shows.
    """
    account = request.account
    if account is None:
        return 0, 0
    requests = QualificationRequest.objects.filter(
        state=QualificationRequest.State.WAITING, type__account=account
    ).order_by()[: BADGE_LIMIT + 1]
    lists = [rows.order_by()[: BADGE_LIMIT + 1] for rows in waiting_lists(request.actor)]
    if not lists:
        return requests.count(), 0
    counts = [CountOf(rows.values("pk")) for rows in (requests, *lists)]
    found = RequesterAccount.objects.filter(pk=account.pk).values_list(*counts).get()
    return found[0], sum(found[1:])
