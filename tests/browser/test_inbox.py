"""The inbox in Chromium: two answers by keyboard, one taken back, the rest at once."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from qualadmin.core.models import Change, Job, QualificationRequest, QualificationType
from tests.browser.test_main_job import use_practice_lab
from tests.browser.visitor import Visitor
from tests.factories import QualificationFactory, RequestFactory, TypeFactory, WorkerFactory
from tests.tasks.hands import finish

ASKERS = 5


@pytest.fixture
def wave(granter_at_browser: Visitor) -> QualificationType:
    """A type that five workers ask for; the second of them holds it already."""
    granter_at_browser.open("/profile/")
    use_practice_lab(granter_at_browser.page)
    chosen: QualificationType = TypeFactory(account=granter_at_browser.people.account, name="Wave 7")
    for n in range(ASKERS):
        worker = WorkerFactory(worker_id=f"AASKER{n}")
        RequestFactory(type=chosen, worker=worker, submitted_at=timezone.now() - timedelta(days=9 - n))
        if n == 1:
            QualificationFactory(type=chosen, worker=worker, value=40)
    return chosen


def test_two_by_keyboard_one_taken_back_and_the_rest_at_once(
    granter_at_browser: Visitor, wave: QualificationType
) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    just_now = page.locator("#answered")
    visitor.open("/requests/")
    visitor.assert_good_page()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_text("AASKER0")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_text("Accepting overwrites the score; rejecting leaves it.")).to_be_visible()
    visitor.picture("request")
    visitor.assert_good_page()
    page.keyboard.press("k")
    expect(page.get_by_text("AASKER0")).to_be_visible()
    page.keyboard.press("a")
    expect(just_now).to_contain_text("AASKER0 accepted with score 100")
    expect(page.get_by_role("heading", level=1)).to_have_text("Request for Wave 7")
    page.keyboard.press("r")
    expect(page.get_by_label("Reason the worker will read")).to_be_focused()
    page.keyboard.type("Please take part in wave 6 first.")
    page.keyboard.press("Enter")
    expect(just_now).to_contain_text("AASKER1 rejected")
    expect(just_now).to_contain_text(re.compile(r"Is sent in [1-9] seconds?"))
    visitor.picture("request-answered")
    visitor.assert_good_page()
    page.keyboard.press("u")
    expect(page.get_by_text("Taken back. Nothing was sent to Amazon; the request waits again.")).to_be_visible()
    expect(just_now).to_contain_text("Taken back before it was sent.")
    states = dict(Change.objects.values_list("request__worker__worker_id", "state"))
    assert states == {"AASKER0": "planned", "AASKER1": "cancelled"}
    Change.objects.update(due_at=timezone.now())
    finish(wave.account)
    expect(just_now).to_contain_text("Amazon accepted it.", timeout=10_000)

    page.get_by_role("link", name="Requests", exact=True).first.click()
    page.get_by_label("Select all on this page").check()
    page.locator("#selection").get_by_role("button", name="Reject…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reject 4 requests")
    page.get_by_label("Reason the workers will read").fill("The study is over.")
    visitor.assert_good_page()
    page.get_by_role("button", name="Check before rejecting").click()
    expect(page.get_by_text("Holds it. Rejecting the request leaves the score.")).to_be_visible()
    visitor.picture("request-check")
    visitor.assert_good_page()
    page.get_by_role("button", name="Reject 4 requests in the emulator").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reject 4 requests for Wave 7")
    finish(wave.account)
    expect(page.get_by_text("Finished").first).to_be_visible(timeout=10_000)
    visitor.assert_good_page()
    ended = QualificationRequest.objects.values_list("worker__worker_id", "state")
    assert dict(ended) == {"AASKER0": "accepted", **{f"AASKER{n}": "rejected" for n in range(1, ASKERS)}}
    assert set(Job.objects.values_list("state", flat=True)) == {"finished"}
