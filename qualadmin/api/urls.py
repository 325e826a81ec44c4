"""The site map below /api/v1/: one path for each operation."""

from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from .openapi import document
from .operation import Operation
from .operations import audit, control, grants, jobs, lists, previews, reading, requests, types
from .views import method_not_allowed, view_of

app_name = "api"
OPERATIONS: Final[tuple[Operation, ...]] = (
    *grants.OPERATIONS,
    *reading.OPERATIONS,
    *types.OPERATIONS,
    *lists.OPERATIONS,
    *requests.OPERATIONS,
    *previews.OPERATIONS,
    *jobs.OPERATIONS,
    *control.OPERATIONS,
    *audit.OPERATIONS,
)


def openapi(request: HttpRequest) -> HttpResponse:
    """What there is to be asked, for programs that make programs. It tells nothing of this installation."""
    if request.method not in {"GET", "HEAD"}:
        return method_not_allowed("GET, HEAD")
    return JsonResponse(document(OPERATIONS))


urlpatterns = [
    path("v1/openapi.json", openapi, name="openapi"),
    *(path(f"v1/{one.name}", view_of(one), name=one.name) for one in OPERATIONS),
]
