"""How the service stands, for managers: what needs somebody, clusters, accounts, and how what was done is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from qualadmin.core.concerns import BACKUP_AFTER, UNPUBLISHED_AFTER, concerns_of
from qualadmin.core.permissions import Permission
from qualadmin.core.queue import DEPTH_LIMIT
from qualadmin.core.vitals import CHANGES_COUNTED, SILENT_AFTER, Keeping, Vitals, read_vitals
from qualadmin.web.http import Request, is_fragment, page
from qualadmin.web.words import duration, grouped

#: A cluster that was silent for longer is of a machine that is no longer there.
FORGOTTEN_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is kept: when it last went well. `state` is that of its pill, `note` what else there is."""

    name: str
    state: str
    word: str
    at: datetime | None = None
    note: str = ""


@page(Permission.WATCH_SERVICE, account=False)
def service(request: Request) -> HttpResponse:
    """Read anew each time; the page asks again by itself."""
    now = timezone.now()
    vitals = read_vitals(now)
    concerns = concerns_of(vitals, now)
    context = {
        "concerns": concerns,
        "clusters": [
            (one, now - one.beat_at <= SILENT_AFTER)
            for one in vitals.sending.clusters
            if now - one.beat_at < FORGOTTEN_AFTER
        ],
        "sending": vitals.sending.accounts,
        "facts": _facts(vitals, now),
        "lines": _lines(vitals, now),
        "now": now,
    }
    return render(
        request, "service/service.html#state" if is_fragment(request) else "service/service.html", context
    )


def _facts(vitals: Vitals, now: datetime) -> list[tuple[str, str]]:
    """The numbers of the work in hand."""
    changes, sending, lease = vitals.keeping.changes, vitals.sending, vitals.keeping.lease_until
    late = (now - lease).total_seconds() if lease else 0
    due, lying = sending.oldest_due.total_seconds(), sending.left_lying.total_seconds()
    return [
        ("Changes queued", _counted(changes["planned"], CHANGES_COUNTED)),
        ("Being sent", _counted(changes["sending"], CHANGES_COUNTED)),
        ("Being checked", _counted(changes["unknown"], CHANGES_COUNTED)),
        ("Need a person", _counted(changes["person"], CHANGES_COUNTED)),
        ("Oldest call in hand", f"{duration(late)} late" if late > 0 else "In time" if lease else "None"),
        ("Oldest that is due", f"for {duration(due)}" if due else "None is due"),
        *([("Not looked at for", duration(lying))] if lying > 60 else []),
        ("Jobs running", grouped(vitals.jobs["running"])),
        ("Messages in the queue", "–" if vitals.messages is None else _counted(vitals.messages, DEPTH_LIMIT)),
    ]


def _counted(number: int, limit: int) -> str:
    return f"{grouped(limit)} or more" if number >= limit else grouped(number)


def _lines(vitals: Vitals, now: datetime) -> list[Line]:
    """How what was done is kept."""
    keeping, disk = vitals.keeping, vitals.disk
    free = f"{disk.free / 2**30:,.1f} of {disk.total / 2**30:,.1f} GiB free"
    return [
        _backup(keeping, now),
        *_checkpoint(keeping, now),
        _verification(keeping),
        Line(
            "Disk of the state folder",
            "bad" if disk.is_low else "ok",
            "Nearly full" if disk.is_low else "Enough room",
            note=free,
        ),
    ]


def _backup(keeping: Keeping, now: datetime) -> Line:
    if keeping.backup_at is None:
        state = "warning" if settings.LIVE else "none"
        return Line("Last backup", state, "Never", note="“manage.py backup” takes one")
    fresh = now - keeping.backup_at <= BACKUP_AFTER
    return Line("Last backup", "ok" if fresh else "warning", "Recent" if fresh else "Old", keeping.backup_at)


def _checkpoint(keeping: Keeping, now: datetime) -> list[Line]:
    if keeping.sealed_at is None:
        return [Line("Last checkpoint", "none", "Never", note="“manage.py audit_seal” signs the log")]
    sealed = f"{grouped(keeping.sealed_size or 0)} of {grouped(keeping.entries)} entries of the audit log"
    fresh = now - keeping.sealed_at <= UNPUBLISHED_AFTER
    published, at = "ok", keeping.published_at
    if at is None or now - at > UNPUBLISHED_AFTER:
        published = "warning"
    word = "Never" if at is None else "Recent" if published == "ok" else "Old"
    return [
        Line(
            "Last checkpoint",
            "ok" if fresh else "warning",
            "Recent" if fresh else "Old",
            keeping.sealed_at,
            sealed,
        ),
        Line("Last checkpoint published", published, word, at),
    ]


def _verification(keeping: Keeping) -> Line:
    last = keeping.verified
    if last is None:
        return Line("Last verification", "none", "Never", note="It runs every night")
    state, word = {"ok": ("ok", "Nothing found"), "failed": ("bad", "Something found")}.get(
        last.outcome, ("warning", "Not finished")
    )
    return Line("Last verification", state, word, last.at)
