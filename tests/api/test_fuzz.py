"""Requests that nobody thought of, made from the OpenAPI document: no 5xx, and no answer outside the document.

Schemathesis makes them up and judges the answers; what it makes up is the same in every run.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from qualadmin.api import door
from qualadmin.api.urls import OPERATIONS
from qualadmin.core.models import QualificationType
from qualadmin.web.limits import Limit
from tests.api.program import token_for
from tests.factories import (
    ChangeFactory,
    JobFactory,
    PreviewFactory,
    QualificationFactory,
    RoleFactory,
    WorkerFactory,
)
from tests.people import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
EXAMPLES = 10  # of each operation and kind
CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(autouse=True)
def _connection_kept() -> Iterator[None]:
    """As Django's own test client has it: the end of a request must not close the connection of the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def things(cast: Cast, wave: QualificationType) -> dict[str, Any]:
    """What is there to be named, so that not everything ends with NOT_FOUND."""
    worker = WorkerFactory(worker_id="A1GOODWORKER01")
    QualificationFactory(type=wave, worker=worker)
    job = JobFactory(account=cast.account, created_by=cast.granter)
    change = ChangeFactory(type=wave, worker=worker, job=job, n=1, state="done")
    preview = PreviewFactory(account=cast.account, created_by=cast.granter, rows_sha256="0" * 64)
    return {
        "QualificationTypeId": wave.mturk_id,
        "WorkerId": worker.worker_id,
        "JobId": str(job.pk),
        "ChangeId": str(change.pk),
        "PreviewId": str(preview.pk),
        "Study": cast.study.slug,
        "Search": "action:job.*",
        "Seq": 1,
    }


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_what_nobody_thought_of(
    cast: Cast, things: dict[str, Any], monkeypatch: pytest.MonkeyPatch, mode: GenerationMode
) -> None:
    monkeypatch.setattr(door, "REQUESTS", Limit("api", times=100_000, seconds=60))
    RoleFactory(user=cast.granter, role="manager")  # who may do everything
    headers = {"Authorization": f"Bearer {token_for(cast.granter)}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    seen = {
        one.name: answers_of(schema[f"/api/v1/{one.name}"]["POST"], mode, things, headers) for one in OPERATIONS
    }
    assert min(sum(statuses.values()) for statuses in seen.values()) >= EXAMPLES // 3
    if mode is GenerationMode.POSITIVE:
        done = [name for name, statuses in seen.items() if statuses[200] + statuses[202]]
        assert len(done) > len(OPERATIONS) / 2, seen


def answers_of(
    operation: Any, mode: GenerationMode, things: dict[str, Any], headers: dict[str, str]
) -> Counter[int]:
    """How often an operation answered with which status. In every second request, names name something."""
    statuses: Counter[int] = Counter()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: Any) -> None:
        if isinstance(case.body, dict) and sum(statuses.values()) % 2:
            case.body.update({name: one for name, one in things.items() if name in case.body})
        statuses[case.call_and_validate(headers=headers, checks=CHECKS).status_code] += 1

    ask()
    return statuses
