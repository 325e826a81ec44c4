"""A message in Chromium: from ticked holders over the check page to the result for each worker."""

import pytest
from playwright.sync_api import expect

from qualadmin.core.actions.message_calls import Refusal, claim_recipients, record_mailed
from qualadmin.core.actor import Actor
from qualadmin.core.models import Message, QualificationType
from tests.browser.conftest import BOTH
from tests.browser.test_main_job import use_practice_lab
from tests.browser.visitor import Visitor
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.tasks.lists import worker_ids

SENDER = Actor.system("send_message")
WORDS = "Cannot send a notification to a worker who has not done any work for you"


@pytest.fixture
def wave(granter_at_browser: Visitor) -> QualificationType:
    """A type that three workers hold."""
    granter_at_browser.open("/profile/")
    use_practice_lab(granter_at_browser.page)
    one: QualificationType = TypeFactory(account=granter_at_browser.people.account, name="Wave 3")
    for name in worker_ids(3):
        QualificationFactory(type=one, worker=WorkerFactory(worker_id=name))
    return one


def good(visitor: Visitor, name: str) -> None:
    visitor.picture(name)
    visitor.assert_good_page()


@pytest.mark.parametrize("look", BOTH)
def test_from_the_holders_of_a_type_to_the_result(
    granter_at_browser: Visitor, wave: QualificationType, look: str
) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    visitor.open("/messages/")
    expect(page.get_by_text("No messages yet")).to_be_visible()
    good(visitor, f"message-none-{look}")
    page.get_by_role("link", name="Write a message").first.click()
    page.get_by_role("button", name="Go on to the text").click()
    expect(page.get_by_text("Choose a file, or paste worker IDs.").first).to_be_visible()
    good(visitor, f"message-add-{look}")
    page.get_by_label("Write to").select_option(label="Wave 3")
    page.get_by_role("button", name="Go on to the text").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Write to 3 workers")
    page.get_by_label("Subject").fill("Wave 4 is open")
    good(visitor, f"message-write-{look}")
    page.get_by_label("Text").fill("Dear worker,\n\nwave 4 is open until Friday.")
    page.get_by_role("button", name="Check the message").click()
    expect(page.get_by_text("A mail cannot be taken back.")).to_be_visible()
    expect(page.get_by_text("wave 4 is open until Friday.")).to_be_visible()
    good(visitor, f"message-check-{look}")
    page.get_by_role("button", name="E-mail 3 workers in the emulator").click()
    expect(page.locator("#progress")).to_contain_text("0 of 3 workers")
    good(visitor, f"message-running-{look}")
    message = Message.objects.get()
    hand = claim_recipients(actor=SENDER, message_id=message.pk)
    assert hand is not None
    stranger = next(iter(hand.workers))
    record_mailed(actor=SENDER, hand=hand, refusals={stranger: Refusal("HardFailure", WORDS)})
    expect(page.locator("#progress-title")).to_have_text("Finished", timeout=10_000)
    expect(page.locator("#results")).to_contain_text(f"Amazon said: {WORDS}")
    good(visitor, f"message-done-{look}")
    visitor.open("/messages/")
    expect(page.get_by_role("row", name="Wave 4 is open")).to_contain_text("Finished")
    good(visitor, f"message-list-{look}")
