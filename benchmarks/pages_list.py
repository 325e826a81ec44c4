"""Which pages benchmarks/pages.py measures: every list, first and deep and filtered, and the main pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.lab import Lab
from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.previews import Wishes, plan_preview, start_preview
from qualadmin.core.models import Change, Job, Preview, PreviewRow, Qualification, QualificationRequest
from qualadmin.core.reading import Plan


@dataclass(frozen=True)
class Case:
    """One page. `roles`: who looks at it; `fragment`: asked for by htmx; `post`: what is sent.

    `cold`: nothing is kept from visits before.
    """

    name: str
    path: str
    roles: tuple[str, ...] = ("granter", "pi", "manager")
    fragment: bool = False
    post: dict[str, str] | None = None
    cold: bool = False


def cases(lab: Lab, content: bytes) -> Iterator[Case]:
    """All of them. `content` is the file of the check page."""
    yield Case("dashboard", "/")
    yield Case("dashboard, nothing kept", "/", cold=True)
    yield from _jobs(lab)
    yield from _check_page(lab, content)
    yield from _types(lab)
    yield from _workers(lab)
    yield from _audit(lab)
    yield from _others(lab)
    yield from _long_pages(lab)


def _jobs(lab: Lab) -> Iterator[Case]:
    week = datetime.now(UTC) - timedelta(days=7)
    deep = _nth(Job.objects.order_by("-created_at", "-pk"), 0.9)
    yield Case("jobs", "/jobs/")
    yield Case("jobs, deep", f"/jobs/?after={deep}")
    yield Case("jobs, with failures", "/jobs/?result=failed")
    yield Case("jobs, running", "/jobs/?state=running")
    yield Case("jobs, last week", f"/jobs/?from={week:%Y-%m-%d}")
    large = f"/jobs/{lab.jobs[-1]}/"
    yield Case("job, result", large)
    yield Case("job, failed lines", f"{large}?outcome=failed")
    yield Case(
        "job, last lines", f"{large}?after={_nth(Change.objects.filter(job=lab.jobs[-1]).order_by('n'), 0.8)}"
    )
    yield Case("job, running", f"/jobs/{lab.running}/")
    yield Case("job, progress", f"/jobs/{lab.running}/progress/", fragment=True)
    yield Case("job, lines not ended", f"/jobs/{lab.running}/?outcome=open")


def _check_page(lab: Lab, content: bytes) -> Iterator[Case]:
    actor = lab.people["granter"].as_actor()
    preview = start_preview(
        actor=actor, account=lab.account, source=Preview.Source.FILE, content=content, file_name="list.csv"
    )
    plan_preview(
        actor=actor, preview=preview, plan=Plan(types={"": str(lab.types[0].pk)}), wishes=Wishes(score=100)
    )
    path, granter = f"/previews/{preview.pk}/", ("granter",)
    deep = _nth(PreviewRow.objects.filter(preview=preview).order_by("n"), 0.9)
    yield Case("check", path, granter)
    yield Case("check, problems", f"{path}?group=problem", granter)
    yield Case("check, corrections", f"{path}?group=proposed", granter)
    yield Case("check, deep", f"{path}?after={deep}", granter)
    yield Case("check, 250 lines", f"{path}?size=250", granter)


def _types(lab: Lab) -> Iterator[Case]:
    yield Case("types", "/types/")
    yield Case("types, search", "/types/?q=wave")
    largest = f"/types/{lab.types[0].pk}/"
    holders = Qualification.objects.filter(type=lab.types[0])
    yield Case("type, scores and holders", largest)
    yield Case("type, holders deep", f"{largest}?after={_nth(holders.order_by('-pk'), 0.9)}")
    yield Case("type, taken away", f"{largest}?status=Revoked")
    yield Case("type, few holders", f"/types/{lab.types[6].pk}/")


def _workers(lab: Lab) -> Iterator[Case]:
    yield Case("workers", "/workers/")
    busy = f"/workers/{lab.busy}/"
    yield Case("worker, busy", busy)
    yield Case("worker, failed", f"{busy}?kind=failed")
    yield Case("worker, seen at Amazon", f"{busy}?kind=seen")
    yield Case("worker, deep", f"{busy}?after={_nth(Change.objects.filter(worker=lab.busy).order_by('-pk'), 0.7)}")
    yield Case("search by name", "/find/", post={"q": "wave"})
    yield Case("search for nothing", "/find/", post={"q": "no such thing"})


def _audit(lab: Lab) -> Iterator[Case]:
    entries = AuditEntry.objects.order_by("-seq")
    day = datetime.now(UTC) - timedelta(days=40)
    person = lab.people["granter"].pk
    readers = ("pi", "manager")
    yield Case("log", "/audit/")
    yield Case("log, deep", f"/audit/?after={_nth(entries, 0.5)}")
    yield Case("log, very deep", f"/audit/?after={_nth(entries, 0.95)}")
    for name in ("mturk.call.finished", "mturk.*", "auth.login.succeeded", "role.granted", "role.revoked"):
        yield Case(f"log, {name}", f"/audit/?action={name}")
    for outcome in ("failed", "denied"):
        yield Case(f"log, {outcome}", f"/audit/?outcome={outcome}")
    yield Case("log, a stream", f"/audit/?stream={lab.stream}", readers)
    yield Case("log, a study", f"/audit/?stream={lab.studies[1].stream}", readers)
    yield Case("log, one day", f"/audit/?from={day:%Y-%m-%d}&to={day:%Y-%m-%d}")
    yield Case("log, before a day", f"/audit/?to={day:%Y-%m-%d}")
    yield Case("log, before it began", "/audit/?to=2020-01-01")
    yield Case("log, a person", f"/audit/?person={person}", readers)
    yield Case("log, a quiet person", f"/audit/?person={lab.people['pi'].pk + 5}", readers)
    yield Case("log, own and quiet", "/audit/", ("viewer",))
    yield Case("log, a person and an action", f"/audit/?person={person}&action=auth.login.succeeded", readers)
    yield Case("log, a busy worker", f"/audit/?worker={lab.busy}")
    yield Case("log, a worker", f"/audit/?worker={lab.workers[777]}")
    yield Case("log, a large type", f"/audit/?type={lab.types[0].pk}")
    yield Case("log, a job", f"/audit/?job={lab.jobs[7]}")
    yield Case("log, a request", "/audit/?request=0123456789abcdef0123456789abcdef")
    yield Case("log, failed of a study", f"/audit/?stream={lab.studies[1].stream}&outcome=denied", readers)
    yield Case("log, one entry", f"/audit/{entries[50].seq}/", readers)


def _others(lab: Lab) -> Iterator[Case]:
    deep = _nth(QualificationRequest.objects.order_by("submitted_at", "pk"), 0.9)
    yield Case("requests", "/requests/")
    yield Case("requests, deep", f"/requests/?after={deep}")
    yield Case("requests, a type", f"/requests/?type={lab.types[2].pk}")
    yield Case("requests, a quiet type", f"/requests/?type={lab.types[3].pk}")
    yield Case("people", "/people/", ("manager",))
    yield Case("person", f"/people/{lab.people['granter'].pk}/", ("manager",))
    yield Case("accounts", "/accounts/")
    yield Case("account", f"/accounts/{lab.account.pk}/")
    yield Case("studies", "/studies/")
    yield Case("study", f"/studies/{lab.studies[1].pk}/")
    yield Case("grant", "/grant/", ("granter",))
    yield Case("bulk grant", "/bulk/", ("granter",))


def _long_pages(lab: Lab) -> Iterator[Case]:
    """Each list with as many lines as one may ask for."""
    yield Case("log, 250 lines", "/audit/?size=250")
    yield Case("jobs, 250 lines", "/jobs/?size=250")
    yield Case("job, 250 lines", f"/jobs/{lab.jobs[-1]}/?size=250")
    yield Case("job, running, 250 lines", f"/jobs/{lab.running}/?size=250")
    yield Case("type, 250 lines", f"/types/{lab.types[0].pk}/?size=250")
    yield Case("worker, busy, 250 lines", f"/workers/{lab.busy}/?size=250")
    yield Case("requests, 250 lines", "/requests/?size=250")
    yield Case("people, 250 lines", "/people/?size=250", ("manager",))
    yield Case("studies, 250 lines", "/studies/?size=250")


def _nth(rows: Any, share: float) -> Any:
    """The key of the row that far into the list: what a page deep in it has in its address."""
    keys = rows.values_list("pk", flat=True)
    return keys[int(keys.count() * share)]
