"""What was granted for a time: what ends when, and what is over and still held."""

import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from qualadmin.core.actions.expiry import due_ends, prepare_ends
from qualadmin.core.days import day_of, end_of
from qualadmin.core.errors import ActionError
from qualadmin.core.models import Qualification, QualificationType, RequesterAccount, Study
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.filters import Choice
from qualadmin.web.http import Request, is_fragment, once, page, single_value
from qualadmin.web.listing import Column, Listing

WITHIN: Final = (7, 30, 90)  # days


@page(Permission.VIEW)
def end_list(request: Request) -> HttpResponse:
    """What ends in the account in use, the soonest first."""
    account = request.account_in_use
    rows = Qualification.objects.filter(
        type__account=account, status=Qualification.Status.GRANTED, expires_at__isnull=False
    ).select_related("worker", "type")
    listing = _listing(account)
    context: dict[str, Any] = {"installation_zone": settings.TIME_ZONE}
    if not is_fragment(request):
        context |= {"over": _over(account), "may_grant": _may_grant(request)}
    return listing.render(request, rows, "expiry/list.html", context)


def _listing(account: RequesterAccount) -> Listing:
    today = day_of(timezone.now())
    within = {str(number): Q(expires_at__lte=end_of(today + timedelta(days=number - 1))) for number in WITHIN}
    return Listing(
        columns=[
            Column("ends", "Held until", path="expires_at"),
            Column("worker", "Worker"),
            Column("type", "Type"),
            Column("score", "Score", numeric=True),
            Column("since", "Granted"),
        ],
        filters=[
            Choice("type", "Type", path="type", choices=lambda: _types(account), any_label="All"),
            Choice(
                "within",
                "Ends",
                choices=[(str(number), f"Within {number} days") for number in WITHIN],
                any_label="Whenever",
                conditions=within,
            ),
        ],
        sort="ends",
        newer_label="Previous",
        older_label="Next",
    )


def _types(account: RequesterAccount) -> list[tuple[str, str]]:
    rows = QualificationType.objects.filter(account=account).order_by("name")
    return [(str(key), name) for key, name in rows.values_list("pk", "name")]


def _over(account: RequesterAccount) -> list[dict[str, Any]]:
    """What the night has not taken away, by study."""
    counts: dict[uuid.UUID | None, int] = {}
    for due in due_ends(now=timezone.now(), account=account):
        counts[due.study_id] = counts.get(due.study_id, 0) + due.count
    titles = dict(Study.objects.filter(pk__in=[key for key in counts if key]).values_list("pk", "title"))
    return [
        {"study": str(key) if key else "", "title": titles.get(key, "") if key else "", "count": count}
        for key, count in counts.items()
    ]


@page(Permission.GRANT, "POST")
def end_now(request: Request) -> HttpResponse:
    """Work out what is over for a study: the check page, like any list."""
    text, study = single_value(request, "study") if "study" in request.POST else "", None
    if text:
        with suppress(ValueError):
            study = uuid.UUID(text)
        if study is None:
            raise BadRequest("The form came incomplete. Nothing was done. Open the page again.")

    def act() -> str:
        preview = prepare_ends(actor=request.actor, account=request.account_in_use, study_id=study)
        return reverse("preview-check", args=[preview.pk])

    try:
        return once(request, act)
    except ActionError as error:
        if error.status != 422:
            raise
        messages.info(request, error.message)
        return redirect("end-list")


def _may_grant(request: Request) -> bool:
    account = request.account_in_use
    return allowed(request.actor, Permission.GRANT, str(account.pk), production=account.is_production)
