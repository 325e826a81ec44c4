"""T-A03: the database refuses an entry. Nothing is changed, people are told so, and it is counted and told of."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from qualadmin.audit import refused
from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.access import record_denied
from qualadmin.core.models import Job, RequesterAccount
from qualadmin.tasks.watch import look_around
from tests.amazon.conftest import key_for
from tests.amazon.sender import call, error_of
from tests.api.program import Program, token_for
from tests.entries import take_the_next_number
from tests.factories import TypeFactory
from tests.people import Cast
from tests.vital_signs import beat
from tests.web.lists import Someone, hidden_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(cast: Cast, client: Client) -> Someone:
    return Someone(client, cast.manager, cast.account)


@pytest.fixture
def form(manager: Someone) -> dict[str, str]:
    """A form that was opened before the log was written into by hand, which happens now."""
    fields = manager.hidden("/accounts/add/") | {
        "name": "Panel",
        "environment": "sandbox",
        "profile_name": "lab",
    }
    take_the_next_number()
    return fields


def counted() -> str:
    lines = Client().get("/metrics").content.decode().splitlines()
    return next(line for line in lines if line.startswith("qualadmin_audit_refused_total"))


def test_t_a03_nothing_is_changed_and_the_page_says_so(
    manager: Someone, form: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    assert counted() == "qualadmin_audit_refused_total 0"
    before = AuditEntry.objects.count()
    page = manager.client.post("/accounts/add/", form)
    assert page.status_code == 503
    said = text_of(page)
    assert "The audit log did not take the entry" in said
    assert "Nothing was changed by what you sent" in said
    assert "already" not in said, "the name is free; that is not what was refused"
    assert hidden_of(page)["name"] == "Panel"
    assert not RequesterAccount.objects.filter(name="Panel").exists()
    assert AuditEntry.objects.count() == before
    assert counted() == "qualadmin_audit_refused_total 1"
    assert [one.levelname for one in caplog.records if "refused the entries" in one.message] == ["CRITICAL"]


def test_t_a03_programs_are_told_so(cast: Cast) -> None:
    program = Program(token_for(cast.granter))
    wave = TypeFactory(account=cast.account, name="Wave 7", mturk_id="3WAVE7")
    secret = key_for(cast.granter, cast.account)
    take_the_next_number()
    given = {"QualificationTypeId": wave.mturk_id, "WorkerId": "A1GOODWORKER01", "Study": cast.study.slug}
    answer = program.send("AssociateQualificationWithWorker", given)
    assert answer.status_code == 503
    assert "The audit log did not take the entry, so nothing was done." in answer.content.decode()
    asked = {name: given[name] for name in ("QualificationTypeId", "WorkerId")} | {"IntegerValue": 1}
    code, words = error_of(call("AssociateQualificationWithWorker", secret, asked))
    assert code == "InternalFailure"
    assert words.startswith("The audit log of qualadmin did not take the entry, so nothing was done.")
    assert not Job.objects.exists()
    assert refused.read().count == 2


def test_a_refusal_at_the_door_stands_and_is_counted(cast: Cast, form: dict[str, str]) -> None:
    record_denied(actor=cast.actor("viewer"), what="grant")
    assert refused.read().count == 1


def test_managers_are_told_once_and_see_it_for_a_day(
    manager: Someone, form: dict[str, str], settings: Any
) -> None:
    beat()
    manager.client.post("/accounts/add/", form)
    for _ in range(2):
        look_around()
    (letter,) = [one for one in mail.outbox if "audit log did not take an entry" in one.subject]
    assert "manage.py audit_verify" in letter.body
    assert "The audit log did not take an entry" in text_of(manager.get("/service/"))
    yesterday = time.time() - timedelta(hours=25).total_seconds()
    os.utime(settings.AUDIT_REFUSED_PATH, (yesterday, yesterday))
    assert "The audit log did not take an entry" not in text_of(manager.get("/service/"))
    assert refused.read().count == 1


def test_what_cannot_be_counted_is_at_least_said(
    tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.AUDIT_REFUSED_PATH = tmp_path / "gone" / "audit-refused"
    refused.note()
    assert "could not be counted" in caplog.text
    assert refused.read().count == 0
