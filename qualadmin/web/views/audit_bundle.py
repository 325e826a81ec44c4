"""The log as a bundle that proves itself, for download."""

from datetime import UTC

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from qualadmin.core.actions.audit_log import EXPORT_LIMIT
from qualadmin.core.permissions import Permission, require
from qualadmin.csvio import download_name
from qualadmin.web.audit_bundle import Asked, contents_of, made_bundle, too_large
from qualadmin.web.counts import capped_count
from qualadmin.web.http import Request, page

from .audit import filter_text, open_log

ZIP = "application/zip"


@page(Permission.VIEW_AUDIT, account=False)
def audit_bundle(request: Request, worker_ids: bool) -> HttpResponse | StreamingHttpResponse:
    """Exactly what is filtered, up to the newest checkpoint. Made in full before the first byte leaves."""
    if worker_ids:
        require(request.actor, Permission.SEE_WORKER_IDS)
    log = open_log(request)
    entries = log.listing.narrowed(request, log.entries)
    if request.method == "HEAD":
        return HttpResponse(content_type=ZIP)
    if capped_count(entries, EXPORT_LIMIT).more:
        raise too_large()
    given = {key: str(value) for key, value in request.GET.items() if str(value).strip()}
    now = timezone.now().astimezone(UTC).isoformat(timespec="seconds")
    asked = Asked(request.actor, log.names, filter_text(request), given, worker_ids, now)
    handed = made_bundle(contents_of(asked, entries), request.actor)
    response = StreamingHttpResponse(handed, content_type=ZIP)
    response.headers["Content-Length"] = str(handed.length)
    name = download_name("audit-log", extension="zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
