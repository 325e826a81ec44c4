"""The audit log: list with filters, one entry, export, verification."""

import hashlib
import time
import uuid
from collections.abc import Iterable
from datetime import UTC
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from qualadmin.audit import canonical
from qualadmin.audit.models import AuditEntry, AuditHead, AuditPayload
from qualadmin.audit.sentences import sentence
from qualadmin.core.actions.audit_log import (
    EXPORT_LIMIT,
    QUICK_LIMIT,
    record_audit_exported,
    record_audit_viewed,
    verify_log,
)
from qualadmin.core.actions.workers import find_worker, workers_visible_to
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import Job, Worker
from qualadmin.core.permissions import Permission, allowed
from qualadmin.csvio import download_name
from qualadmin.web.acting import act_and_return
from qualadmin.web.audit_export import Manifest, csv_of, json_of
from qualadmin.web.audit_scope import listing_for, reads_everything, streams_of, visible_entries
from qualadmin.web.audit_words import Line, actor_name, lines_of, outcome_word, rows_of
from qualadmin.web.forms.workers import FindWorkerForm
from qualadmin.web.http import Request, is_fragment, page
from qualadmin.web.listing import Listing, Results, capped_count

VIEWED_SECONDS: Final = 600  # the same page read again within this time is one entry
NOTED_ELSEWHERE_SECONDS: Final = 60
NOTED_KEPT: Final = 10_000
#: Until when this process need not ask the shared cache whether a reading was noted: it is asked at each page.
_noted: dict[str, float] = {}


@page(Permission.VIEW_OWN_ENTRIES, account=False)
def audit_list(request: Request) -> HttpResponse:
    """The log, newest first: one's own scope, else one's own acts."""
    listing, entries, streams = _open(request)
    results = listing.results(request, entries)
    _note_reading(request, results)
    context = {
        "lines": _lines(request, results.rows, dict(streams)),
        "own_only": not streams,
        "everything": reads_everything(request.actor),
        "find": FindWorkerForm(prefix="find"),
        "may_find": bool(streams) and allowed(request.actor, Permission.FIND_WORKERS),
        "may_verify": allowed(request.actor, Permission.VERIFY_AUDIT),
        "may_export": allowed(request.actor, Permission.VIEW_AUDIT),
        "export_url": f"{reverse('audit-export')}{listing_query(request)}",
        "export_json_url": f"{reverse('audit-export-json')}{listing_query(request)}",
        "last": None if is_fragment(request) else _last_verification(),
        "quick_limit": QUICK_LIMIT,
    }
    return listing.render(request, entries, "audit/list.html", context, results=results)


@page(Permission.VIEW_OWN_ENTRIES, account=False)
def audit_detail(request: Request, seq: int) -> HttpResponse:
    """One entry with everything it says and what belongs to it."""
    _, entries, streams = _open(request)
    entry = _entry(entries, seq)
    content = entry.content
    payload = AuditPayload.objects.filter(seq=seq).first()
    related = [one for one in (entry.parent,) if one is not None]
    names = dict(streams)
    context = {
        "entry": entry,
        "sentence": sentence(entry),
        "outcome": outcome_word(entry),
        "actor": actor_name(entry),
        "content": content,
        "rows": rows_of(entry),
        "payload": payload.content if payload else {},
        "payload_erased": bool(content["payload_c"]) and payload is None,
        "worker": _workers(request, [entry]).get(entry.subject),
        "job": _job(request, entry),
        "parent": _lines(request, entries.filter(seq__in=related), names),
        "children": _lines(request, entries.filter(parent=seq).order_by("seq")[:20], names),
        "stream_name": names.get(entry.stream, entry.stream),
        "leaf": bytes(entry.leaf).hex(),
    }
    _note(request, f"entry {seq}")
    return render(request, "audit/detail.html", context)


@page(Permission.VIEW_AUDIT, account=False)
def audit_export(request: Request, extension: str) -> StreamingHttpResponse:
    """Exactly what is filtered, as CSV or JSON. Streams; at most 250,000 entries, the newest."""
    listing, entries, _ = _open(request)
    narrowed = listing.narrowed(request, entries)
    newest = AuditHead.objects.values_list("size", flat=True).first() or 0
    # Fixed before the download is noted, so that the file does not hold its own entry.
    narrowed = narrowed.filter(seq__lt=newest)
    count = capped_count(narrowed, EXPORT_LIMIT)
    asked = _filter_text(request)
    record_audit_exported(actor=request.actor, rows=count.number, filter=asked)
    now = timezone.now().astimezone(UTC).isoformat(timespec="seconds")
    manifest = Manifest(settings.AUDIT_ORIGIN, asked, request.actor.label, now)
    write, kind = (json_of, "application/json") if extension == "json" else (csv_of, "text/csv; charset=utf-8")
    response = StreamingHttpResponse(write(narrowed, count, manifest), content_type=kind)
    name = download_name("audit-log", extension=extension)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@page(Permission.FIND_WORKERS, "POST", account=False)
def audit_find_worker(request: Request) -> HttpResponse:
    """From a worker id to the filter by that worker: the address gets our id, never Amazon's."""
    form = FindWorkerForm(request.POST, prefix="find")
    worker = find_worker(actor=request.actor, text=form.cleaned_data["worker_id"]) if form.is_valid() else None
    if worker is None:
        messages.warning(request, "No worker with this ID is known here, so the log says nothing about them.")
        return redirect("audit-list")
    return redirect(f"{reverse('audit-list')}?worker={worker.pk}")


@page(Permission.VERIFY_AUDIT, "POST", account=False)
def audit_verify(request: Request) -> HttpResponse:
    """Recompute the log now, as far as that takes seconds only."""

    def act() -> None:
        report = verify_log(actor=request.actor)
        if report.exit_code:
            messages.error(request, f"The check found something: {report.summary()}")

    return act_and_return(request, act, "The log was checked. The result is below.", reverse("audit-list"))


def listing_query(request: Request) -> str:
    """The filters of this address without the place in the list."""
    query = request.GET.copy()
    for key in ("after", "before", "size", "sort", "print"):
        query.pop(key, None)
    encoded = query.urlencode()
    return f"?{encoded}" if encoded else ""


def _open(request: Request) -> tuple[Listing, "QuerySet[AuditEntry]", list[tuple[str, str]]]:
    streams = streams_of(request.actor)
    return listing_for(request.actor, streams), visible_entries(request.actor, streams), streams


def _entry(entries: "QuerySet[AuditEntry]", seq: int) -> AuditEntry:
    entry = entries.filter(seq=seq).first() if seq < 2**63 else None
    if entry is None:
        raise NotVisible
    return entry


def _lines(request: Request, rows: Iterable[AuditEntry], streams: dict[str, str]) -> list[Line]:
    entries = list(rows)
    return lines_of(entries, _workers(request, entries), streams)


def _workers(request: Request, entries: Iterable[AuditEntry]) -> dict[uuid.UUID | None, Worker]:
    """The workers these entries are about, as far as the person's accounts have met them."""
    wanted = {entry.subject for entry in entries if entry.subject}
    if not wanted:
        return {}
    return {worker.pk: worker for worker in workers_visible_to(request.actor).filter(pk__in=wanted)}


def _job(request: Request, entry: AuditEntry) -> Job | None:
    if not entry.job:
        return None
    jobs = Job.objects.visible_to(request.actor).select_related("created_by", "study", "account")
    return jobs.filter(pk=entry.job).first()


def _last_verification() -> dict[str, Any] | None:
    """The newest `audit.verified`: when, by whom, how it ended, over how many entries."""
    body = AuditPayload.objects.filter(seq=OuterRef("seq")).values("body")
    newest = AuditEntry.objects.filter(action="audit.verified").newest()
    entry = newest.annotate(body=Subquery(body)).first()
    if entry is None:
        return None
    found: bytes | None = getattr(entry, "body", None)
    return {"entry": entry, **(canonical.decode(bytes(found)) if found else {})}


def _note_reading(request: Request, results: Results[AuditEntry]) -> None:
    _note(request, _filter_text(request))


def _filter_text(request: Request) -> str:
    return listing_query(request).removeprefix("?")[:500]


def _note(request: Request, what: str) -> None:
    """One entry per session, filter and ten minutes: turning pages is one act of reading."""
    key = hashlib.sha256(f"{request.session.session_key}\n{what}".encode()).hexdigest()[:32]
    now = time.time()
    if _noted.get(key, 0) > now:
        return
    if len(_noted) >= NOTED_KEPT:
        _noted.clear()
    first = cache.add(f"audit-viewed:{key}", True, VIEWED_SECONDS)
    if first:
        record_audit_viewed(actor=request.actor, filter=what)
    # What another process noted may be over sooner than this one can know.
    _noted[key] = now + (VIEWED_SECONDS if first else NOTED_ELSEWHERE_SECONDS)
