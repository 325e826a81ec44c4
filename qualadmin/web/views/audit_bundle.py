"""The log as a bundle that proves itself, for download."""

from datetime import UTC
from functools import partial

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone

from qualadmin.audit.bundle.archive import TooLarge
from qualadmin.audit.bundle.writing import Contents, write_bundle
from qualadmin.core.actions.audit_log import EXPORT_LIMIT, record_bundle_exported, record_export_broken_off
from qualadmin.core.actor import Actor
from qualadmin.core.errors import Conflict
from qualadmin.core.permissions import Permission, require
from qualadmin.csvio import download_name
from qualadmin.web.audit_bundle import Asked, contents_of
from qualadmin.web.handing_over import HandedOver, nameless_file
from qualadmin.web.http import Request, page
from qualadmin.web.listing import capped_count

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
        raise _too_large()
    given = {key: str(value) for key, value in request.GET.items() if str(value).strip()}
    now = timezone.now().astimezone(UTC).isoformat(timespec="seconds")
    asked = Asked(request.actor, log.names, filter_text(request), given, worker_ids, now)
    handed = _made(contents_of(asked, entries), request.actor)
    response = StreamingHttpResponse(handed, content_type=ZIP)
    response.headers["Content-Length"] = str(handed.length)
    name = download_name("audit-log", extension="zip")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _made(contents: Contents, actor: Actor) -> HandedOver:
    """The ZIP, with its entry in the log. Raises Conflict, and frees the file whatever happens."""
    file = nameless_file()
    try:
        manifest = write_bundle(file, contents)
        handed = HandedOver(file)
        length, digest = handed.length, handed.sha256
        exported = record_bundle_exported(actor=actor, manifest=manifest, length=length, sha256=digest)
    except TooLarge:
        file.close()
        raise _too_large() from None
    except BaseException:
        file.close()
        raise
    handed.broken_off = partial(record_export_broken_off, actor=actor, exported=exported, length=length)
    return handed


def _too_large() -> Conflict:
    return Conflict(
        f"A bundle holds at most {EXPORT_LIMIT:,} entries and 2 GiB, and this one would hold more. "
        "Nothing was exported. Choose a study, an account or a span of days.",
        code="too_large",
    )
