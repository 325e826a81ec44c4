"""How many questions each list asks the database, written down: a page that asks one more says so here.

`QUALADMIN_REWRITE_BUDGETS=1` writes tests/query_budgets.json anew; the change then stands in the diff for review.
"""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import Hit, Job
from qualadmin.core.months import Month
from qualadmin.web.held_up import waits_for
from tests.factories import (
    ChangeFactory,
    DriftFactory,
    JobFactory,
    ListFactory,
    MembershipFactory,
    MessageFactory,
    QualificationFactory,
    RecipientFactory,
    RequestFactory,
    RuleFactory,
    SourceFactory,
    TypeFactory,
    WorkerFactory,
)
from tests.tasks.lists import make_preview, worker_ids
from tests.web.lab import Lab
from tests.web.lists import Someone
from tests.web.queries import Queries, watched

FILE = Path(__file__).parents[1] / "query_budgets.json"
MOST = 12
ROWS = 27  # more than a page of 25, so that lists must count what they do not show
ROLES = ("granter", "pi", "manager")


@pytest.fixture
def pages(lab: Lab) -> dict[str, str]:
    """Every list as its second page or filtered, where there is more than a page of rows; and the main pages."""
    running = _running(lab)
    workers = [WorkerFactory() for _ in range(ROWS)]
    for number, worker in enumerate(workers):
        QualificationFactory(type=lab.type, worker=worker, expires_at=timezone.now() + timedelta(days=number))
        RequestFactory(type=lab.type, worker=worker)
        ChangeFactory(type=lab.type, worker=lab.worker, job=lab.job, n=number + 10, state="failed")
        JobFactory(account=lab.cast.account, created_by=lab.cast.granter, study=lab.cast.study)
    preview = make_preview(lab.cast.granter, lab.type, worker_ids(ROWS))
    source = SourceFactory(list=ListFactory(account=lab.cast.account))
    changed, now = TypeFactory(account=lab.cast.account), timezone.now()
    for worker in workers:
        MembershipFactory(source=source, worker=worker)
        DriftFactory(type=changed, worker=worker)
        Hit.objects.create(
            account=lab.cast.account,
            hit_id=f"3{worker.pk.hex.upper()}",
            title="A HIT",
            created_at=now,
            seen_at=now,
        )
    rule = RuleFactory(type=lab.type, owner=lab.cast.granter, held="Many would lose it.")
    message = MessageFactory(account=lab.cast.account, created_by=lab.cast.granter, study=lab.cast.study)
    for number, worker in enumerate(workers):
        RecipientFactory(message=message, worker=worker, n=number)
    edge = AuditEntry.objects.order_by("-seq").values_list("seq", flat=True)[26]
    return {
        "dashboard": reverse("dashboard"),
        "job-list": f"{reverse('job-list')}?size=25&study={lab.cast.study.pk}",
        "job-detail": f"{reverse('job-detail', args=[lab.job.pk])}?size=25&outcome=failed",
        "job-running": f"{reverse('job-detail', args=[running.pk])}?size=25&outcome=open",
        "preview-check": f"{reverse('preview-check', args=[preview.pk])}?size=25&group=new",
        "type-list": f"{reverse('type-list')}?q=wave",
        "type-detail": f"{reverse('type-detail', args=[lab.type.pk])}?size=25&status=Granted",
        "request-list": f"{reverse('request-list')}?size=25&type={lab.type.pk}",
        "drift-list": f"{reverse('drift-list')}?size=25&kind=score",
        "hit-list": f"{reverse('hit-list')}?size=25&q=HIT",
        "request-detail": reverse("request-detail", args=[lab.type.requests.order_by("submitted_at")[3].pk]),
        "worker-list": reverse("worker-list"),
        "worker-detail": f"{reverse('worker-detail', args=[lab.worker.pk])}?size=25&kind=failed",
        "list-list": f"{reverse('list-list')}?q=list",
        "list-detail": f"{reverse('list-detail', args=[source.list.pk])}?size=25&source={source.pk}",
        "message-list": f"{reverse('message-list')}?q=wave",
        "message-detail": f"{reverse('message-detail', args=[message.pk])}?size=25&outcome=open",
        "rule-list": f"{reverse('rule-list')}?state=draft",
        "rule-detail": reverse("rule-detail", args=[rule.pk]),
        "end-list": f"{reverse('end-list')}?size=25&type={lab.type.pk}",
        "study-list": f"{reverse('study-list')}?q=study",
        "study-detail": reverse("study-detail", args=[lab.cast.study.pk]),
        "audit-list": f"{reverse('audit-list')}?size=25&job={lab.job.pk}&after={edge}",
        "audit-months": reverse("audit-months"),
        "audit-month": reverse("audit-month", args=[lab.cast.study.pk, Month.current()]),
        "account-list": reverse("account-list"),
        "account-detail": reverse("account-detail", args=[lab.cast.account.pk]),
        "person-list": f"{reverse('person-list')}?access=True",
        "service": reverse("service"),
    }


def _running(lab: Lab) -> Job:
    """A job that waits in part for another one: the page that asks most."""
    now = timezone.now()
    workers = [WorkerFactory() for _ in range(ROWS)]
    values: dict[str, Any] = {"account": lab.cast.account, "created_by": lab.cast.granter, "study": lab.cast.study}
    values |= {"total": ROWS, "planned": ROWS, "started_at": now - timedelta(minutes=1)}
    for job in (JobFactory(**values), JobFactory(**values)):
        for n, worker in enumerate(workers):
            ChangeFactory(type=lab.type, worker=worker, job=job, n=n, state="planned")
    assert waits_for(job)
    running: Job = job
    return running


def ask(client: Client, path: str) -> Queries | None:
    """The queries of the second visit, as the first stamps the session; None where the door is shut."""
    client.get(path)
    with watched() as queries:
        response = client.get(path)
    assert response.status_code in {200, 403, 404}, f"{path}: {response.status_code}"
    return queries if response.status_code == 200 else None


@pytest.mark.parametrize("role", ROLES)
def test_each_page_asks_as_often_as_written_down(lab: Lab, pages: dict[str, str], role: str) -> None:
    cache.clear()
    client = Client()
    Someone(client, lab.cast.user(role), lab.cast.account)
    found: dict[str, int] = {}
    for name, path in pages.items():
        queries = ask(client, path)
        if queries is None:
            continue
        assert queries.offsets == [], f"{name} skips rows"
        assert queries.full_counts == [], f"{name} counts a whole table"
        found[name] = queries.number
    assert max(found.values()) <= MOST, found
    if os.environ.get("QUALADMIN_REWRITE_BUDGETS"):
        _rewrite(role, found)
    budgets = json.loads(FILE.read_text(encoding="utf-8"))[role]
    if "service" in budgets and not settings.Q_CLUSTER.get("orm"):
        budgets["service"] -= 1  # Redis counts its messages itself
    assert found == budgets


def _rewrite(role: str, found: dict[str, int]) -> None:
    known = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    known[role] = found
    FILE.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def test_a_page_that_skips_rows_or_counts_all_would_be_found(lab: Lab) -> None:
    with watched() as queries:
        list(AuditEntry.objects.order_by("seq")[3:5])
        AuditEntry.objects.count()
        AuditEntry.objects.order_by()[:100].count()
    assert len(queries.offsets) == 1
    assert len(queries.full_counts) == 1
