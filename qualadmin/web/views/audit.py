"""The audit log: list with filters, one entry, export, verification."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from qualadmin.audit.models import AuditEntry, AuditHead, AuditPayload
from qualadmin.audit.sentences import sentence
from qualadmin.core.actions.audit_log import (
    EXPORT_LIMIT,
    QUICK_LIMIT,
    record_audit_exported,
    verify_log,
)
from qualadmin.core.actions.workers import workers_visible_to
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import Job, Worker
from qualadmin.core.permissions import Permission, allowed
from qualadmin.csvio import download_name
from qualadmin.web.acting import act_and_return
from qualadmin.web.audit_export import Manifest, csv_of, json_of
from qualadmin.web.audit_presets import presets
from qualadmin.web.audit_proof import Proof, newest_proof, receipt
from qualadmin.web.audit_reading import OpenLog, note_reading_by, open_log_for
from qualadmin.web.audit_roles import Roles
from qualadmin.web.audit_scope import reads_everything
from qualadmin.web.audit_search import Search
from qualadmin.web.audit_words import Line, actor_name, lines_of, outcome_word, rows_of
from qualadmin.web.counts import capped_count
from qualadmin.web.forms.audit import SearchWordsForm
from qualadmin.web.http import Request, is_fragment, page

EXPORTS: Final = (
    ("CSV", "audit-export", "For a spreadsheet, with pseudonyms"),
    ("CSV without names", "audit-export-roles", "The same, with roles in place of names of staff"),
    ("JSON", "audit-export-json", "For programs, with the exact content behind each hash"),
    ("Proof", "audit-bundle", "A ZIP that proves itself, with pseudonyms"),
    ("Proof with worker IDs", "audit-bundle-ids", "The same, for people who may know them"),
)


@page(Permission.VIEW_OWN_ENTRIES, "GET", "POST", account=False)
def audit_list(request: Request) -> HttpResponse:
    """The log, newest first: one's own scope, else one's own acts. A search in words comes as POST.

    Words may hold a worker id, which no address does: they lead to the address of what they mean.
    """
    log = open_log(request)
    search = Search(log.names)
    form = SearchWordsForm(request.POST, search=search) if request.method == "POST" else None
    if form is not None and form.is_valid():
        return redirect(_address(request, form.parameters))
    results = log.listing.results(request, log.entries, parts=log.parts)
    note_reading(request, filter_text(request))
    may_verify = allowed(request.actor, Permission.VERIFY_AUDIT)
    proof = newest_proof() if may_verify and not is_fragment(request) else Proof()
    context = {
        "lines": _lines(request, results.rows, dict(log.names.streams)),
        "own_only": not log.names.streams,
        "everything": reads_everything(request.actor),
        "presets": presets(request.GET.urlencode()) if log.names.streams else [],
        "may_oversee": bool(request.actor.study_ids) or reads_everything(request.actor),
        "form": form or SearchWordsForm(initial={"words": search.words(log.names.asked)}, search=search),
        "may_verify": may_verify,
        "may_export": allowed(request.actor, Permission.VIEW_AUDIT),
        "exports": [
            (name, f"{reverse(url)}{listing_query(request)}", about)
            for name, url, about in EXPORTS
            if log.names.sees_ids or url != "audit-bundle-ids"
        ],
        "fragment": is_fragment(request),
        "last": proof.verified,
        "full": proof.full,
        "sealed": proof,
        "quick_limit": QUICK_LIMIT,
    }
    response = log.listing.render(request, log.entries, "audit/list.html", context, results=results)
    response.status_code = 422 if form else 200
    return response


@page(Permission.VIEW_OWN_ENTRIES, account=False)
def audit_detail(request: Request, seq: int) -> HttpResponse:
    """One entry with everything it says and what belongs to it."""
    log = open_log(request)
    entries = log.entries
    entry = _entry(entries, seq)
    content = entry.content
    payload = AuditPayload.objects.filter(seq=seq).first()
    related = [one for one in (entry.parent,) if one is not None]
    names = dict(log.names.streams)
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
        "person": _answering(entry) if names else None,
        "stream_name": names.get(entry.stream, entry.stream),
        "leaf": bytes(entry.leaf).hex(),
    }
    note_reading(request, f"entry {seq}")
    return render(request, "audit/detail.html", context)


@page(Permission.VIEW_AUDIT, account=False)
def audit_export(request: Request, extension: str, *, names: bool = True) -> StreamingHttpResponse:
    """Exactly what is filtered, as CSV or JSON. Streams; at most 250,000 entries, the newest.

    Without `names`, which only CSV can be, people are named by their roles.
    """
    log = open_log(request)
    narrowed = log.listing.narrowed(request, log.entries)
    newest = AuditHead.objects.values_list("size", flat=True).first() or 0
    # Fixed before the download is noted, so that the file does not hold its own entry.
    narrowed = narrowed.filter(seq__lt=newest)
    count = capped_count(narrowed, EXPORT_LIMIT)
    asked = filter_text(request)
    record_audit_exported(actor=request.actor, rows=count.number, filter=asked)
    now = timezone.now().astimezone(UTC).isoformat(timespec="seconds")
    manifest = Manifest(settings.AUDIT_ORIGIN, asked, request.actor.label, now)
    if extension == "json":
        content, kind = json_of(narrowed, count, manifest), "application/json"
    else:
        roles = None if names else Roles.read()
        content, kind = csv_of(narrowed, count, manifest, roles), "text/csv; charset=utf-8"
    response = StreamingHttpResponse(content, content_type=kind)
    name = download_name("audit-log" if names else "audit-log-without-names", extension=extension)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@page(Permission.VERIFY_AUDIT, "POST", account=False)
def audit_verify(request: Request) -> HttpResponse:
    """Recompute the log now, as far as that takes seconds only."""

    def act() -> None:
        report = verify_log(actor=request.actor)
        if report.exit_code:
            messages.error(request, f"The check found something: {report.summary()}")

    return act_and_return(request, act, "The log was checked. The result is below.", reverse("audit-list"))


@page(Permission.VERIFY_AUDIT, account=False)
def audit_receipt(request: Request) -> HttpResponse:
    """The last verification and the newest checkpoint as a file to keep elsewhere."""
    response = HttpResponse(receipt(request.actor), content_type="application/json")
    name = download_name("audit-receipt", extension="json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def listing_query(request: Request) -> str:
    """The filters of this address without the place in the list."""
    query = request.GET.copy()
    for key in ("after", "before", "size", "sort", "print"):
        query.pop(key, None)
    encoded = query.urlencode()
    return f"?{encoded}" if encoded else ""


def open_log(request: Request) -> OpenLog:
    """The log as the person of this request may read it."""
    return open_log_for(request.actor, {key: str(value) for key, value in request.GET.items()})


def _address(request: Request, parameters: Mapping[str, str]) -> str:
    """The list with these filters, in pages as long as they are now."""
    kept = {key: str(request.GET[key]) for key in ("size",) if key in request.GET}
    query = urlencode({**parameters, **kept})
    return f"{reverse('audit-list')}?{query}" if query else reverse("audit-list")


def _entry(entries: "QuerySet[AuditEntry]", seq: int) -> AuditEntry:
    entry = entries.filter(seq=seq).first() if seq < 2**63 else None
    if entry is None:
        raise NotVisible
    return entry


def _answering(entry: AuditEntry) -> str | None:
    """The person who answers for the entry, as the filter of the log names them."""
    return entry.obo_id or (entry.actor_id if entry.actor_kind == "user" else None)


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
    jobs = Job.objects.visible_to(request.actor).select_related("created_by", "study", "account", "preview")
    return jobs.defer("preview__content").filter(pk=entry.job).first()


def filter_text(request: Request) -> str:
    """The filters of the address, as entries and manifests name them."""
    return listing_query(request).removeprefix("?")[:500]


def note_reading(request: Request, what: str) -> None:
    """Once per session, filter and ten minutes."""
    note_reading_by(request.actor, str(request.session.session_key), what)
