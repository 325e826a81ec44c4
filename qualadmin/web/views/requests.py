"""Requests: workers who asked for a qualification themselves and wait for an answer."""

import uuid
from typing import Final

from django.http import HttpResponse

from qualadmin.core.models import QualificationRequest, QualificationType
from qualadmin.core.permissions import Permission
from qualadmin.web.filters import Choice
from qualadmin.web.http import Request, page
from qualadmin.web.listing import Column, Listing

COLUMNS: Final = [
    Column("worker", "Worker"),
    Column("type", "Qualification type"),
    Column("submitted", "Asked", path="submitted_at"),
]


@page(Permission.VIEW)
def request_list(request: Request) -> HttpResponse:
    """Waiting requests of the account in use, the oldest first."""
    account = request.account_in_use

    def types() -> list[tuple[uuid.UUID, str]]:
        return list(QualificationType.objects.filter(account=account).values_list("pk", "name"))

    by_type = Choice(
        "type",
        "Type",
        path="type",
        choices=lambda: [(str(pk), name) for pk, name in types()],
        any_label="Any type",
    )
    listing = Listing(
        columns=COLUMNS, filters=[by_type], sort="submitted", newer_label="Older", older_label="Newer"
    )
    waiting = QualificationRequest.objects.filter(
        state=QualificationRequest.State.WAITING, type__account=account
    ).select_related("worker", "type")
    return listing.render(request, waiting, "request/list.html")
