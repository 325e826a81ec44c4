"""Lists of workers: the lists of an account, one with its members and sources, and what changes it."""

import uuid
from collections import defaultdict
from typing import Any, Final

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from django.urls import reverse
from django_htmx.http import HttpResponseClientRefresh

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions import lists as actions
from qualadmin.core.actions.hits import MAX_HITS
from qualadmin.core.actions.list_hits import add_hits, ask_about_hits
from qualadmin.core.actions.list_reading import read_list
from qualadmin.core.actions.list_sources import add_holders, add_list_source, add_workers, drop_source
from qualadmin.core.errors import NotVisible
from qualadmin.core.models import ListSource, Membership, QualificationType, WorkerList
from qualadmin.core.permissions import Permission, allowed
from qualadmin.web.acting import confirm_first, posted, refuse_stale, show, submit
from qualadmin.web.filters import Choice, TextSearch
from qualadmin.web.forms.lists import FollowForm, HitsForm, ListForm, WorkersForm
from qualadmin.web.hit_sources import hit_sources, with_readings
from qualadmin.web.http import Request, is_polling, once, page
from qualadmin.web.listing import Column, Listing
from qualadmin.web.words import grouped

READINGS: Final = 8  # shown
LIST: Final = Listing(
    columns=[
        Column("name", "Name", "name"),
        Column("members", "Workers", numeric=True),
        Column("study", "Study"),
        Column("read", "Sources read"),
        Column("by", "Made by"),
    ],
    filters=[
        TextSearch("q", "Search", paths=("name",), placeholder="Name"),
        Choice(
            "state",
            "Show",
            choices=(("archived", "Put away"), ("all", "All")),
            any_label="In use",
            conditions={"archived": Q(archived_at__isnull=False), "all": Q(pk__isnull=False)},
        ),
    ],
    sort="name",
)


@page(Permission.VIEW)
def list_list(request: Request) -> HttpResponse:
    """The lists of the account in use."""
    rows = _visible(request).select_related("study", "created_by")
    if not request.GET.get("state"):
        rows = rows.current()
    return LIST.render(request, rows, "list/list.html", {"may_change": _may_change(request)})


@page(Permission.GRANT, "GET", "POST")
def list_add(request: Request) -> HttpResponse:
    """Make an empty list."""
    form = ListForm(posted(request))

    def act() -> str:
        one = actions.add_list(actor=request.actor, account=request.account_in_use, **form.cleaned_data)
        messages.success(request, f"“{one.name}” was made. Say next where its workers come from.")
        return reverse("list-detail", args=[one.pk])

    return submit(request, form, act) or show(request, "list/add.html", form)


@page(Permission.VIEW)
def list_detail(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Its members with their sources, the sources with their numbers, and what changed."""
    one = _list(request, pk)
    sources = list(with_readings(one.sources.filter(dropped_at=None)).select_related("type", "other", "added_by"))
    hits = hit_sources(sources)
    pending = one.archived_at is None and any(source.is_pending for source in hits.values())
    if is_polling(request):
        return HttpResponse(status=204) if pending else HttpResponseClientRefresh()
    # One line for each worker: that of the source which named the worker first.
    earlier = Membership.objects.filter(list=OuterRef("list"), worker=OuterRef("worker"), pk__lt=OuterRef("pk"))
    rows = Membership.objects.filter(~Exists(earlier), list=one).select_related("worker")
    listing = _members(sources)
    results = listing.results(request, rows)
    context = {
        "one": one,
        "sources": sources,
        "hits": hits,
        "pending": pending,
        "may_ask": allowed(request.actor, Permission.SYNC, str(one.account_id)),
        "through": _through(one, sources, results.rows),
        "readings": _readings(one),
        "may_change": _may_change(request) and one.archived_at is None,
        "may_audit": allowed(request.actor, Permission.VIEW_AUDIT),
    }
    return listing.render(request, rows, "list/detail.html", context, results=results)


def _members(sources: list[ListSource]) -> Listing:
    """The members, to be narrowed to those of one source."""
    named = Membership.objects.filter(list=OuterRef("list"), worker=OuterRef("worker"))
    choices = [(str(one.pk), one.label) for one in sources]
    conditions = {str(one.pk): Q(Exists(named.filter(source=one.pk))) for one in sources}
    return Listing(
        columns=[Column("worker", "Worker"), Column("since", "In the list since"), Column("through", "Through")],
        filters=[Choice("source", "Source", choices=choices, any_label="All", conditions=conditions)],
        newer_label="Previous",
        older_label="Next",
    )


def _through(
    one: WorkerList, sources: list[ListSource], rows: list[Membership]
) -> dict[str, list[dict[str, Any]]]:
    """For the workers on the page, through which sources they are in the list, and when they took part."""
    labels = {source.pk: source.label for source in sources}
    found: dict[str, list[Any]] = defaultdict(list)
    for row in Membership.objects.filter(list=one, worker__in=[row.worker_id for row in rows]).order_by("pk"):
        if row.source_id in labels:
            found[str(row.worker_id)].append({"label": labels[row.source_id], "at": row.at})
    return dict(found)


def _readings(one: WorkerList) -> list[dict[str, Any]]:
    """The last times that somebody came or left, newest first."""
    entries = AuditEntry.objects.filter(target_type="workerlist", target_id=str(one.pk), action="workerlist.read")
    return [_reading(entry) for entry in entries.order_by("-seq")[:READINGS]]


def _reading(entry: AuditEntry) -> dict[str, Any]:
    """Who came and left in one reading. What a source brought or took when it was added or dropped is the net."""
    before, after = entry.changes["members"]
    added, removed = entry.changes["added"][1], entry.changes["removed"][1]
    if not added and not removed:
        added, removed = max(after - before, 0), max(before - after, 0)
    return {"at": entry.recorded_at, "added": added, "removed": removed, "members": after}


@page(Permission.GRANT, "GET", "POST")
def list_edit(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Change name, study or note."""
    one = _list(request, pk)
    initial = {"name": one.name, "study": one.study_id or "", "note": one.note}
    form = ListForm(posted(request), one=one, initial=initial)
    refuse_stale(request, form, one)

    def act() -> str:
        actions.update_list(actor=request.actor, one=one, **form.cleaned_data)
        messages.success(request, "The list is saved.")
        return reverse("list-detail", args=[pk])

    return submit(request, form, act) or show(request, "list/edit.html", form, one=one)


@page(Permission.GRANT, "GET", "POST")
def list_archive(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Put the list away."""
    one = _list(request, pk)
    return confirm_first(
        request,
        title=f"Put “{one.name}” away",
        text="It is no longer offered and no longer read. Nobody loses a qualification by that. "
        "It stays in the log and under “Put away”.",
        label="Put the list away",
        back=reverse("list-detail", args=[pk]),
        act=lambda: actions.archive_list(actor=request.actor, one=one),
        done=f"“{one.name}” was put away.",
    )


@page(Permission.GRANT, "GET", "POST")
def list_workers(request: Request, pk: uuid.UUID) -> HttpResponse:
    """A file or pasted ids as a source."""
    one = _list(request, pk)
    form = WorkersForm(posted(request), request.FILES if request.method == "POST" else None)

    def act() -> str:
        source = add_workers(actor=request.actor, list_id=one.pk, **form.wishes)
        workers = f"{grouped(source.members)} worker{'s' if source.members != 1 else ''}"
        messages.success(request, f"“{source.label}” was added: {workers}.")
        return reverse("list-detail", args=[pk])

    return submit(request, form, act) or show(request, "list/workers.html", form, one=one)


@page(Permission.GRANT, "GET", "POST")
def list_follow(request: Request, pk: uuid.UUID) -> HttpResponse:
    """The holders of a type, or another list, as a source."""
    one = _list(request, pk)
    form = FollowForm(posted(request), one=one)

    def act() -> str:
        chosen = form.chosen
        if isinstance(chosen, QualificationType):
            source = add_holders(actor=request.actor, list_id=one.pk, type=chosen)
        else:
            source = add_list_source(actor=request.actor, list_id=one.pk, other=chosen)
        messages.success(request, f"The list now follows: {source.label}.")
        return reverse("list-detail", args=[pk])

    return submit(request, form, act) or show(request, "list/follow.html", form, one=one)


@page(Permission.GRANT, "GET", "POST")
def list_hits(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Everybody who did some HITs, as a source."""
    one = _list(request, pk)
    form = HitsForm(posted(request))

    def act() -> str:
        given = form.cleaned_data
        source = add_hits(
            actor=request.actor, list_id=one.pk, hit_ids=[given["hit_ids"]], statuses=given["statuses"]
        )
        messages.success(request, f"The list now follows: {source.label}. They come in when Amazon has answered.")
        return reverse("list-detail", args=[pk])

    return submit(request, form, act) or show(request, "list/hits.html", form, one=one, most=MAX_HITS)


@page(Permission.GRANT, "GET", "POST")
def list_drop(request: Request, pk: uuid.UUID, source: int) -> HttpResponse:
    """Drop a source; its workers leave."""
    one = _list(request, pk)
    found = one.sources.filter(pk=source, dropped_at=None).first()
    if found is None:
        raise NotVisible
    count = f"{grouped(found.members)} worker{'s' if found.members != 1 else ''}"
    return confirm_first(
        request,
        title=f"Drop “{found.label}”",
        text=f"Its {count} leave “{one.name}”, unless another source names them too. "
        "Nothing is sent to Amazon now.",
        label="Drop this source",
        back=reverse("list-detail", args=[pk]),
        act=lambda: drop_source(actor=request.actor, source_id=found.pk),
        done=f"“{found.label}” was dropped.",
    )


@page(Permission.GRANT, "POST")
def list_read(request: Request, pk: uuid.UUID) -> HttpResponse:
    """Read the sources now, and have Amazon asked about the HITs among them."""
    one = _list(request, pk)

    def act() -> str:
        asked = ask_about_hits(actor=request.actor, list_id=one.pk, below=True)
        read_list(actor=request.actor, list_id=one.pk)
        more = " Amazon is being asked about the HITs." if asked else ""
        messages.success(request, f"The sources were read.{more}")
        return reverse("list-detail", args=[pk])

    return once(request, act)


def _visible(request: Request) -> Any:
    return WorkerList.objects.filter(account=request.account_in_use).visible_to(request.actor)


def _list(request: Request, pk: uuid.UUID) -> WorkerList:
    """The list, if it belongs to the account in use and the person may see it."""
    one: WorkerList | None = (
        _visible(request).select_related("account", "study", "created_by").filter(pk=pk).first()
    )
    if one is None:
        raise NotVisible
    return one


def _may_change(request: Request) -> bool:
    account = request.account_in_use
    return allowed(request.actor, Permission.GRANT, str(account.pk), production=account.is_production)
