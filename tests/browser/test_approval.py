"""The second person in Chromium: who asks, who decides, and what then runs."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from qualadmin.core.models import Change, Environment, Heartbeat, Job, QualificationType
from tests.browser.conftest import BOTH, sign_in
from tests.browser.test_main_job import end
from tests.browser.visitor import Visitor
from tests.factories import AccountFactory, QualificationFactory, RoleFactory, TypeFactory, WorkerFactory
from tests.tasks.lists import worker_ids

in_both_looks = pytest.mark.parametrize("look", BOTH)


@pytest.fixture
def wave(visitor: Visitor) -> QualificationType:
    """A type of the only account in production, two holders, and a PI who reaches real workers."""
    Heartbeat.objects.create(name="cluster", beat_at=timezone.now())
    account = AccountFactory(name="Real lab", environment=Environment.PRODUCTION, profile_name="lab")
    RoleFactory(user=visitor.people.pi, role="pi", account=account, can_production=True)
    chosen: QualificationType = TypeFactory(account=account, name="Colour words wave 2", default_score=80)
    for one in worker_ids(2):
        QualificationFactory(type=chosen, worker=WorkerFactory(worker_id=one), value=90)
    return chosen


def use_real_lab(visitor: Visitor) -> None:
    visitor.open("/profile/")
    fold = visitor.page.locator("details.fold > summary").first
    if fold.is_visible():
        fold.click()
    visitor.page.locator("details.switch > summary").click()
    visitor.page.locator(".switch-list").get_by_role("button", name="Real lab").click()
    expect(visitor.page.locator(".env")).to_contain_text("Real lab")


def good(visitor: Visitor, name: str, look: str) -> None:
    visitor.picture(f"{name}-{look}")
    visitor.assert_good_page()


@in_both_looks
def test_asked_approved_done(visitor: Visitor, wave: QualificationType, look: str) -> None:
    page = visitor.page
    sign_in(visitor, visitor.people.granter)
    use_real_lab(visitor)
    job = ask(visitor, wave, look)
    good(visitor, "approval-asked", look)

    sign_in(visitor, visitor.people.pi)
    visitor.open("/approvals/")
    good(visitor, "approval-inbox-other-account", look)
    page.get_by_role("button", name="Work in Real lab to see it").click()
    good(visitor, "approval-inbox", look)
    page.get_by_role("link", name=job.title).click()
    expect(page.get_by_role("heading", name="Your approval is asked for")).to_be_visible()
    good(visitor, "approval-decide", look)
    page.get_by_role("button", name="Send back").click()
    expect(page.locator("#error-summary")).to_be_focused()
    good(visitor, "approval-fault", look)
    page.get_by_label("Your words to who asked").fill("Right: they took part twice.")
    page.get_by_role("button", name="Approve 2 changes").click()
    expect(page.locator("#progress")).to_contain_text("0 of 2 done")
    good(visitor, "approval-running", look)
    end(job)
    expect(page.locator("#progress")).to_contain_text("2 of 2 done")
    assert set(Change.objects.filter(job=job).values_list("state", flat=True)) == {"done"}


def ask(visitor: Visitor, wave: QualificationType, look: str) -> Job:
    """Lower two scores, as somebody would."""
    page = visitor.page
    visitor.open("/grant/")
    page.get_by_label("Qualification type").select_option("Colour words wave 2")
    page.get_by_label("Worker IDs").fill("\n".join(worker_ids(2)))
    page.get_by_label("Score").first.fill("50")
    page.get_by_label("Study").select_option(label="Sleep and attention (IRB-2026-014)")
    page.get_by_label("Reason", exact=False).last.fill("Took part twice")
    page.locator("main form button.primary").first.click()
    expect(page.locator("#needs-approval")).to_contain_text("lowers 2 scores")
    good(visitor, "approval-beforehand", look)
    page.get_by_role("button", name="Ask to grant 2 workers in production").click()
    expect(page.get_by_role("heading", name="Waits for a second person")).to_be_visible()
    return Job.objects.get()


def test_sent_back_and_withdrawn(visitor: Visitor, wave: QualificationType) -> None:
    page: Any = visitor.page
    sign_in(visitor, visitor.people.granter)
    use_real_lab(visitor)
    job = ask(visitor, wave, "light")
    page.get_by_role("link", name="Withdraw…").click()
    good(visitor, "approval-withdraw", "light")
    page.get_by_role("button", name="Withdraw the job").click()
    expect(page.get_by_role("heading", name="Withdrawn by Granter Person")).to_be_visible()
    good(visitor, "approval-withdrawn", "light")
    assert Job.objects.get(pk=job.pk).state == Job.State.WITHDRAWN
