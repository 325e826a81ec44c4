"""After a restore: what Amazon has otherwise than the backup, and the two persons who open the service again."""

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from qualadmin.core.actions import restorations as actions
from qualadmin.core.models import Change, QualificationType, RequesterAccount, Restoration, Verb
from qualadmin.core.permissions import Permission
from qualadmin.csvio import Cell, SafeCsvWriter, download_name
from qualadmin.web.acting import act_and_return
from qualadmin.web.filters import Choice
from qualadmin.web.http import Request, page
from qualadmin.web.listing import Column, Listing

CSV_HEADER: Final = (
    "Worker ID", "Qualification type", "MTurk type ID", "Account", "Backup: status", "Backup: score",
    "Amazon: status", "Amazon: score", "Seen at",
)  # fmt: skip


@page(Permission.OPEN_AGAIN, account=False)
def restoration(request: Request) -> HttpResponse:
    """The newest restore: how far the comparison is, what differs, who agreed."""
    row = _newest()
    rows = _differences(request, row)
    waiting = list(actions.uncompared_types(row)[:20]) if row and row.ended_at is None else []
    context = {
        "one": row,
        "waiting": waiting,
        "seat": actions.seat_of(request.actor, row) if row and row.ended_at is None and not waiting else None,
        "undecided": actions.undecided(row) if row and row.ended_at is None else 0,
    }
    return _listing(request).render(request, rows, "restoration/page.html", context)


@page(Permission.OPEN_AGAIN, "POST", account=False)
def restoration_compare(request: Request) -> HttpResponse:
    """Read everything from Amazon again."""
    return act_and_return(
        request,
        lambda: actions.request_comparison(actor=request.actor),
        "Amazon is being asked. Open this page again in a while.",
        reverse("restoration"),
    )


@page(Permission.OPEN_AGAIN, "POST", account=False)
def restoration_open(request: Request) -> HttpResponse:
    """Agree. With the second person the service is open."""
    return act_and_return(
        request,
        lambda: actions.agree_to_open(actor=request.actor),
        "It is noted that you agree. The service is open once a manager and a PI have agreed.",
        reverse("restoration"),
    )


@page(Permission.OPEN_AGAIN, account=False)
def restoration_export(request: Request) -> HttpResponseBase:
    """What differs, as filtered, as CSV. The download is an entry of the audit log."""
    row = _newest()
    rows = _listing(request).narrowed(request, _differences(request, row))
    actions.record_drift_exported(actor=request.actor, rows=rows.count())
    body = SafeCsvWriter(CSV_HEADER).stream(_csv_rows(rows))
    response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
    name = download_name("restored", f"{row.restored_at:%Y-%m-%d}" if row else "never")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _newest() -> Restoration | None:
    return Restoration.objects.select_related("manager", "pi").order_by("-pk").first()


def _differences(request: Request, row: Restoration | None) -> QuerySet[Change]:
    if row is None:
        return Change.objects.none()
    accounts = RequesterAccount.objects.visible_to(request.actor)
    return (
        actions.drift(row)
        .filter(type__account__in=accounts)
        .select_related("worker", "type__account", "job__study", "job__account")
    )


def _listing(request: Request) -> Listing:
    """Filters name the types the person sees."""
    return Listing(
        columns=[
            Column("worker", "Worker"),
            Column("type", "Type"),
            Column("backup", "In the backup"),
            Column("amazon", "At Amazon"),
            Column("seen", "Seen", "pk"),
        ],
        filters=[
            Choice("type", "Type", path="type", choices=lambda: _types(request)),
            Choice(
                "status",
                "At Amazon",
                path="verb",
                choices=((Verb.GRANT.value, "Granted"), (Verb.REVOKE.value, "Taken away")),
            ),
        ],
        sort="-seen",
    )


def _types(request: Request) -> list[tuple[str, str]]:
    rows = QualificationType.objects.visible_to(request.actor).grantable().order_by("name")
    return [(str(pk), name) for pk, name in rows.values_list("pk", "name")]


def _csv_rows(rows: QuerySet[Change]) -> Iterator[tuple[Cell, ...]]:
    for one in rows.order_by("pk").iterator(chunk_size=1000):
        yield (
            one.worker.worker_id or one.worker.pseudonym_in(one.stream),
            one.type.name, one.type.mturk_id, one.type.account.name,
            one.status_before or "Never held", one.value_before,
            "Granted" if one.verb == Verb.GRANT else "Revoked", one.value,
            one.created_at.astimezone(UTC).isoformat(timespec="seconds"),
        )  # fmt: skip
