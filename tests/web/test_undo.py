"""Undoing a job from its page, and what the pages of both jobs say of it."""

import pytest
from django.test import Client
from django.utils import timezone

from qualadmin.core.actions.control import pause_job
from qualadmin.core.models import Heartbeat, Job, Preview, Qualification, QualificationType
from tests.factories import TypeFactory
from tests.people import Cast
from tests.tasks.hands import finish
from tests.tasks.lists import make_job, worker_ids
from tests.web.html import assert_valid_page
from tests.web.lists import Someone, entries_of, everything, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(cast: Cast, wave: QualificationType) -> Job:
    """Three workers were granted; the third was changed since by somebody else."""
    made = make_job(cast.granter, wave, worker_ids(3), score=50)
    finish(cast.account)
    make_job(cast.granter, wave, worker_ids(3)[2:], score=60)
    finish(cast.account)
    made.refresh_from_db()
    return made


def question(job: Job) -> str:
    return f"/jobs/{job.pk}/undo/"


def test_from_the_button_to_the_end(granter: Someone, cast: Cast, wave: QualificationType, job: Job) -> None:
    assert f'href="{question(job)}"' in granter.get(f"/jobs/{job.pk}/").content.decode()
    asked = granter.get(question(job))
    assert_valid_page(asked)
    assert "A worker may have used the qualification meanwhile." in text_of(asked)
    fields = granter.hidden(question(job)) | {"reason": "wrong list", "study": ""}
    check = went_on(granter.client.post(question(job), fields))
    page = granter.get(check)
    assert_valid_page(page)
    text = text_of(page)
    assert "Check before taking away from 2 workers" in text
    assert "A worker may have used this qualification meanwhile." in text
    assert "1 line changed since is left alone." in text
    assert "Changed since by Granter Person" in text
    assert "No worker gets an e-mail." in text
    assert "Problems as CSV" not in text
    assert granter.get(f"{check}columns/").status_code == 302
    done = went_on(granter.client.post(check, granter.hidden(check)))
    finish(cast.account)
    page = granter.get(done)
    assert_valid_page(page)
    assert f'This job undoes <a href="/jobs/{job.pk}/">' in page.content.decode()
    assert "Left alone 1 line changed since" in text_of(page)
    assert "Undo…" in text_of(page)  # undoing an undo works the same way
    page = granter.get(f"/jobs/{job.pk}/")
    assert_valid_page(page)
    assert "Undone by Granter Person" in text_of(page)
    assert f'<a href="{done}">Undo of' in page.content.decode()
    held = Qualification.objects.filter(type=wave, status="Granted").values_list("worker__worker_id", "value")
    assert list(held) == [(worker_ids(3)[2], 60)]


def test_two_clicks_and_two_tabs_get_one_preview_and_one_job(granter: Someone, job: Job) -> None:
    forms = [granter.hidden(question(job)) | {"reason": "x", "study": ""} for _ in range(2)]
    addresses = {went_on(granter.client.post(question(job), fields)) for fields in [*forms, forms[0]]}
    [check] = addresses
    assert entries_of("job.undo.prepared") == 1
    confirmed = granter.hidden(check)
    jobs = {went_on(granter.client.post(check, confirmed)) for _ in range(2)}
    assert len(jobs) == 1
    assert entries_of("job.undone") == 1
    assert went_on(granter.get(question(job))) == jobs.pop()  # it is being undone already
    assert "Being undone by" in text_of(granter.get(f"/jobs/{job.pk}/"))
    assert "Undo…" not in text_of(granter.get(f"/jobs/{job.pk}/"))


def test_deciding_against_it_leads_back_to_the_job(granter: Someone, job: Job) -> None:
    fields = granter.hidden(question(job)) | {"reason": "kept words", "study": ""}
    check = went_on(granter.client.post(question(job), fields))
    assert "kept words" in granter.get(question(job)).content.decode()  # back, change something
    address = went_on(granter.client.post(f"{check}discard/", granter.hidden(check)))
    assert address == f"/jobs/{job.pk}/"
    assert Preview.objects.get(undoes=job).state == "discarded"


def test_a_job_that_has_not_ended_says_so(granter: Someone, cast: Cast, wave: QualificationType) -> None:
    job = make_job(cast.granter, wave, worker_ids(2))
    assert "Undo…" not in text_of(granter.get(f"/jobs/{job.pk}/"))
    fields = granter.hidden("/grant/") | {"reason": "", "study": ""}
    before = everything()
    for answer in (granter.get(question(job)), granter.client.post(question(job), fields)):
        assert answer.status_code == 409
        assert "has not ended" in text_of(answer)
    assert everything() == before


@pytest.mark.parametrize("name", ["pi", "manager", "viewer"])
def test_who_may_not_grant_sees_no_button(cast: Cast, job: Job, name: str) -> None:
    someone = Someone(Client(), cast.user(name), cast.account)
    assert "Undo…" not in text_of(someone.get(f"/jobs/{job.pk}/"))
    assert someone.get(question(job)).status_code == 403


class TestWaiting:
    """The second job waits and says for what."""

    @pytest.fixture(autouse=True)
    def heart_beats(self, db: None) -> None:
        Heartbeat.objects.create(name="cluster", beat_at=timezone.now())

    def test_the_second_names_the_first_and_how_many(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        first = make_job(cast.granter, wave, worker_ids(5), score=1)
        second = make_job(cast.granter, wave, worker_ids(3), score=2)
        page = granter.get(f"/jobs/{second.pk}/")
        assert_valid_page(page)
        assert f'<a href="/jobs/{first.pk}/">Waiting for “{first.title}”</a>' in page.content.decode()
        assert "It changes 3 workers of this job and was asked for first." in text_of(page)
        assert "Waiting for “" not in text_of(granter.get(f"/jobs/{first.pk}/"))
        finish(cast.account)
        assert "Waiting for “" not in text_of(granter.get(f"/jobs/{second.pk}/"))

    def test_a_paused_job_keeps_others_waiting_and_that_is_said(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        first = make_job(cast.granter, wave, worker_ids(1), score=1)
        second = make_job(cast.granter, wave, worker_ids(3), score=2)
        pause_job(actor=cast.granter.as_actor(), job_id=first.pk)
        text = text_of(granter.get(f"/jobs/{second.pk}/"))
        assert "It changes 1 worker of this job and was asked for first. It is paused" in text

    def test_other_workers_and_other_types_hold_up_nobody(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        make_job(cast.granter, wave, worker_ids(2, prefix="AELSE"))
        make_job(cast.granter, TypeFactory(account=cast.account), worker_ids(2))
        job = make_job(cast.granter, wave, worker_ids(2))
        assert "Waiting for “" not in text_of(granter.get(f"/jobs/{job.pk}/"))

    def test_of_a_large_job_only_what_comes_next_is_looked_at(
        self, granter: Someone, cast: Cast, wave: QualificationType
    ) -> None:
        make_job(cast.granter, wave, worker_ids(450), score=1)
        second = make_job(cast.granter, wave, worker_ids(450), score=2)
        text = text_of(granter.get(f"/jobs/{second.pk}/"))
        assert "It changes at least 400 workers of this job" in text
