"""Erasing a worker in Chromium: one asks, another decides, and the pages know the worker by number only."""

from typing import Any

from playwright.sync_api import expect

from qualadmin.core.models import Worker
from tests.browser.conftest import sign_in
from tests.browser.visitor import Visitor
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory

NAME = "AGOESFORGOOD1"


def good(visitor: Visitor, name: str) -> None:
    visitor.picture(name)
    visitor.assert_good_page()


def test_asked_erased_gone(visitor: Visitor) -> None:
    worker: Any = WorkerFactory(worker_id=NAME)
    QualificationFactory(type=TypeFactory(account=visitor.people.account, name="Wave 9"), worker=worker)
    page = visitor.page
    sign_in(visitor, visitor.people.granter)
    visitor.open(f"/workers/{worker.pk}/")
    page.get_by_role("link", name="Erase…").click()
    good(visitor, "erasing-ask")
    page.get_by_label("Why the worker is to be erased").fill("Withdrew from the study.")
    page.get_by_role("button", name="Ask to erase this worker").click()
    expect(page.locator("#error-summary")).to_be_focused()  # what stays at Amazon must be ticked
    page.get_by_label("I know that what the worker holds stays").check()
    page.get_by_role("button", name="Ask to erase this worker").click()
    expect(page.get_by_role("button", name="Withdraw")).to_be_visible()
    good(visitor, "erasing-asked")

    sign_in(visitor, visitor.people.manager)
    visitor.open("/approvals/")
    good(visitor, "erasing-inbox")
    page.get_by_role("link", name="Withdrew from the study.").click()
    page.get_by_role("button", name="Erase this worker for good").click()
    expect(page.locator("#error-summary")).to_be_focused()
    good(visitor, "erasing-decide")
    page.get_by_label("I know that this cannot be undone").check()
    page.get_by_role("button", name="Erase this worker for good").click()
    expect(page.get_by_text("The ID is gone from the database.")).to_be_visible()
    good(visitor, "erasing-done")
    visitor.open(f"/workers/{worker.pk}/")
    expect(page.get_by_text("This worker was erased")).to_be_visible()
    assert NAME not in page.content()
    good(visitor, "erasing-gone")
    assert Worker.objects.get(pk=worker.pk).worker_id is None
