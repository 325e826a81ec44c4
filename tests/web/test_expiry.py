"""Grants for a time in a browser: said on the forms, shown ahead, taken away by hand where the night did not."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.models import Change, Job, Qualification, User
from tests.people import Cast
from tests.tasks.hands import finish
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, filled_in, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def granter(cast: Cast, client: Client) -> Someone:
    return Someone(client, cast.granter, cast.account)


def test_an_end_is_said_from_the_form_to_the_worker(granter: Someone, lab: Lab) -> None:
    day = (timezone.now() + timedelta(days=20)).date().isoformat()
    path = granter.grant(list="A1FORATIMEWORKER", type=str(lab.type.pk), until=day)
    assert f"Until {day} (UTC), then taken away silently" in text_of(granter.get(path))
    again = filled_in(granter.get(f"/grant/?preview={path.split('/')[2]}"))
    assert Job.objects.filter(hold_until=day).count() == 0
    assert again["list"] == "A1FORATIMEWORKER"
    went_on(granter.confirm(path))
    finish(lab.cast.account)
    job = Job.objects.get(hold_until=day)
    held = Qualification.objects.get(worker__worker_id="A1FORATIMEWORKER")
    for page in (
        granter.get(f"/jobs/{job.pk}/"),
        granter.get(f"/types/{lab.type.pk}/"),
        granter.get(f"/workers/{held.worker_id}/"),
        granter.get("/ends/"),
        granter.get(f"/ends/?within=30&type={lab.type.pk}"),
    ):
        assert_valid_page(page)
        assert day in text_of(page)
    assert "Nothing ends then" in text_of(granter.get("/ends/?within=7"))
    assert granter.get("/ends/?within=8").status_code == 400


def test_what_is_over_is_taken_away_by_hand(granter: Someone, lab: Lab) -> None:
    path = granter.grant(list="A1FORATIMEWORKER", type=str(lab.type.pk), days="1", study=str(lab.cast.study.pk))
    went_on(granter.confirm(path))
    finish(lab.cast.account)
    with audit.transaction(Context.system("tests")) as tx:
        moved = {"expires_at": timezone.now(), "audit_id": tx.record("mturk.drift.detected")}
        Change.objects.exclude(expires_at=None).update(**moved)
        Qualification.objects.exclude(expires_at=None).update(**moved)
    page = granter.get("/ends/")
    assert_valid_page(page)
    assert "1 qualification is over and still held , granted for Sleep and attention" in text_of(page)
    check = went_on(granter.send("/ends/", to="/ends/take-away/"))
    page = granter.get(check)
    assert_valid_page(page)
    assert "Check before taking away from 1 worker" in text_of(page)
    went_on(granter.confirm(check))
    finish(lab.cast.account)
    assert Qualification.objects.get(worker__worker_id="A1FORATIMEWORKER").status == "Revoked"
    assert "over and still held" not in text_of(granter.get("/ends/"))


def test_what_a_night_did_not_take_away_needs_somebody(
    granter: Someone, lab: Lab, colleague: User, client: Client
) -> None:
    """The account was off, or who granted it lost the right: a day later the first page says so, and where."""
    went_on(
        granter.confirm(granter.grant(list="A1FORATIMEWORKER\nA2FORATIMEWORKER", type=str(lab.type.pk), days="1"))
    )
    finish(lab.cast.account)
    over = Qualification.objects.exclude(expires_at=None).values_list("expires_at", flat=True)[0]
    with time_machine.travel(over + timedelta(hours=24), tick=False):
        assert "still held" not in text_of(Someone(client, lab.cast.granter, lab.cast.account).get("/"))
    with time_machine.travel(over + timedelta(hours=26), tick=False):
        page = Someone(client, colleague, lab.cast.account).get("/")
        assert_valid_page(page)
        assert "2 qualifications are over since yesterday or longer and still held." in text_of(page)
        assert 'href="/ends/"' in page.content.decode().partition("still held")[2][:200]
        assert "still held" not in text_of(Someone(client, colleague, lab.cast.other_account).get("/"))


def test_bad_ends_are_said_at_their_fields(granter: Someone, lab: Lab) -> None:
    for wrong, words in (
        ({"until": "2020-01-01"}, "This day is over"),
        ({"until": "soon"}, "This is no day"),
        ({"days": "0"}, "from 1 to 3,650"),
        ({"days": "many"}, "whole number of days"),
        ({"days": "3", "until": "2999-01-01"}, "not both"),
    ):
        response = granter.send("/grant/", list="A1FORATIMEWORKER", type=str(lab.type.pk), **wrong)
        assert response.status_code == 422
        assert words in text_of(response)
        assert_valid_page(response)


def test_a_file_is_granted_for_a_time(granter: Someone, lab: Lab) -> None:
    path = went_on(granter.upload("wave.csv", b"WorkerId\nA1FORATIMEWORKER\n"))
    check = went_on(granter.columns(path, type=str(lab.type.pk), days="30"))
    assert "30 days after the day of the grant (UTC)" in text_of(granter.get(check))
    assert filled_in(granter.get(path))["days"] == "30"
