"""What machines ask: whether the pages live, whether the service does its work, and its numbers."""

import secrets
from ipaddress import ip_address
from typing import Any, Final

from django.conf import settings
from django.core.cache import caches
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from qualadmin import schema
from qualadmin.core.concerns import failing_of
from qualadmin.core.vitals import read_sending, read_vitals
from qualadmin.web.metrics import CONTENT_TYPE, exposition

#: Anybody may ask, so the database is asked no more often than this.
KEPT_SECONDS: Final = 2
SCHEMA_KEPT_SECONDS: Final = 60  # comparing all migrations takes a while, and they change with updates only
_READY, _SCHEMA = "readyz", "readyz-schema"
_FORWARDED: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_VIA")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, 503 when not. Says nothing else: anybody may ask."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database does not answer"}, status=503)
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the whole service does its work, 503 with the names of the parts that do not.

    `database`, `schema` (its tables are of another version), `cluster` (none beats), `changes` (due, and not
    looked at for a quarter of an hour).
    """
    kept = caches["process"]
    answer: dict[str, Any] | None = kept.get(_READY)
    if answer is None:
        answer = _readiness()
        kept.set(_READY, answer, KEPT_SECONDS)
    return JsonResponse(answer, status=503 if answer["failing"] else 200)


def _readiness() -> dict[str, Any]:
    kept = caches["process"]
    try:
        if not kept.get(_SCHEMA):
            schema.require()
            kept.set(_SCHEMA, True, SCHEMA_KEPT_SECONDS)
        sending = read_sending(timezone.now())
    except schema.NotReady:
        return _answer(["schema"])
    except DatabaseError:
        return _answer(["database"])
    beat = sending.clusters[0].beat_at if sending.clusters else None
    return _answer(
        failing_of(sending),
        cluster_beat_seconds=None if beat is None else int((sending.now - beat).total_seconds()),
        oldest_due_seconds=int(sending.oldest_due.total_seconds()),
        left_lying_seconds=int(sending.left_lying.total_seconds()),
    )


def _answer(failing: list[str], **ages: int | None) -> dict[str, Any]:
    return {"status": "not ready" if failing else "ready", "failing": failing, **ages}


@csrf_exempt
def metrics(request: HttpRequest) -> HttpResponse:
    """The numbers, for who has the token or asks on this very machine. For others there is no such page."""
    if not (_has_token(request) or _is_from_here(request)):
        raise Http404
    return _numbers(request)


@require_safe
def _numbers(request: HttpRequest) -> HttpResponse:
    return HttpResponse(exposition(read_vitals(timezone.now())), content_type=CONTENT_TYPE)


def _has_token(request: HttpRequest) -> bool:
    wanted: str = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(wanted) and secrets.compare_digest(given.encode(), wanted.encode())


def _is_from_here(request: HttpRequest) -> bool:
    """From loopback, and not handed on by a proxy that stands there: then anybody may have asked."""
    if any(request.META.get(name) for name in _FORWARDED):
        return False
    try:
        return ip_address(str(request.META.get("REMOTE_ADDR", ""))).is_loopback
    except ValueError:
        return False
