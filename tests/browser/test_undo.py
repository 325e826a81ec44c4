"""Undoing in Chromium: from the page of a finished job over the check page to the job that undoes it."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from qualadmin.core.models import Heartbeat, Job, Qualification, QualificationType
from tests.browser.conftest import BOTH
from tests.browser.test_main_job import use_practice_lab
from tests.browser.visitor import Visitor
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.tasks.hands import finish
from tests.tasks.lists import make_job, worker_ids

in_both_looks = pytest.mark.parametrize("look", BOTH)
IDS = worker_ids(6)


@pytest.fixture
def job(granter_at_browser: Visitor) -> Job:
    """Six workers got a score of 50, two had another before; one was changed since by somebody else."""
    Heartbeat.objects.create(name="cluster", beat_at=timezone.now())
    granter_at_browser.open("/profile/")
    use_practice_lab(granter_at_browser.page)
    people = granter_at_browser.people
    wave: QualificationType = TypeFactory(account=people.account, name="Colour words wave 2")
    for one in IDS[:2]:
        QualificationFactory(type=wave, worker=WorkerFactory(worker_id=one), value=90)
    made = make_job(people.granter, wave, IDS, score=50)
    finish(people.account)
    make_job(people.granter, wave, IDS[5:], score=60)
    finish(people.account)
    return made


def good(visitor: Visitor, name: str) -> None:
    visitor.picture(name)
    visitor.assert_good_page()


@in_both_looks
def test_from_the_finished_job_to_the_one_that_undoes_it(granter_at_browser: Visitor, job: Job, look: str) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open(f"/jobs/{job.pk}/")
    page.get_by_role("link", name="Undo…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Undo this job?")
    good(visitor, f"undo-question-{look}")
    page.get_by_label("Reason", exact=False).fill("Wrong list")
    page.get_by_role("button", name="Check before undoing").click()
    expect(page.get_by_text("1 line changed since is left alone.")).to_be_visible()
    good(visitor, f"undo-check-{look}")
    page.get_by_role("link", name="Back, change something").click()
    expect(page.get_by_label("Reason", exact=False)).to_have_value("Wrong list")
    page.get_by_role("button", name="Check before undoing").click()
    page.locator("#confirm-button").click()
    expect(page.locator("#progress")).to_contain_text("This job undoes")
    good(visitor, f"undo-running-{look}")
    finish(job.account)
    expect(page.locator("#progress-title")).to_have_text("Finished", timeout=10_000)
    good(visitor, f"undo-done-{look}")
    visitor.open(f"/jobs/{job.pk}/")
    expect(page.locator("#progress")).to_contain_text("Undone by Granter Person")
    good(visitor, f"undo-undone-{look}")
    held = Qualification.objects.filter(status="Granted").values_list("worker__worker_id", "value")
    assert dict(held) == {IDS[0]: 90, IDS[1]: 90, IDS[5]: 60}


def test_with_the_keyboard_alone(granter_at_browser: Visitor, job: Job) -> None:
    """The button of the question sends the form: by Enter in a field too."""
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open(f"/jobs/{job.pk}/undo/")
    page.locator("#undo-check").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#confirm-button")).to_be_visible()
    page.locator("#confirm-button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_contain_text("This job undoes")
    assert Job.objects.filter(undoes=job).count() == 1
