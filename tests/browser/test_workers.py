"""In Chromium: a note and a tag are kept, the search box finds the tag, and those who have it are written to."""

from playwright.sync_api import expect

from qualadmin.core.models import Message
from tests.browser.test_main_job import use_practice_lab
from tests.browser.visitor import Visitor
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory


def test_from_a_tag_to_those_who_have_it(granter_at_browser: Visitor) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    type = TypeFactory(account=visitor.people.account)
    pair = [WorkerFactory(worker_id=f"ATAGGED{n}") for n in (1, 2)]
    for worker in pair:
        QualificationFactory(type=type, worker=worker)
    visitor.open("/profile/")
    use_practice_lab(page)
    for worker in pair:
        visitor.open(f"/workers/{worker.pk}/")
        page.get_by_label("New tag").fill("left-handed")
        page.get_by_role("button", name="Add the tag").click()
        expect(page.get_by_text("The worker is tagged.")).to_be_visible()
    page.get_by_label("New note").fill("Asked for larger letters.")
    page.get_by_role("button", name="Keep the note").click()
    expect(page.get_by_text("Asked for larger letters.")).to_be_visible()
    visitor.picture("worker-tagged")
    visitor.assert_good_page()

    page.keyboard.press("/")
    page.keyboard.type("LEFT")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Tags of workers")).to_be_visible()
    visitor.assert_good_page()
    page.get_by_role("button", name="left-handed 2 workers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Workers tagged “left-handed”")
    page.get_by_label("Select all on this page").check()
    visitor.picture("found-by-tag")
    visitor.assert_good_page()
    assert "handed" not in page.url
    page.get_by_role("button", name="Write to them…").click()
    expect(page.get_by_label("Subject")).to_be_visible()
    visitor.assert_good_page()
    assert Message.objects.get().total == 2

    visitor.open("/workers/")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("heading", name="By tag")).to_be_visible()
    visitor.picture("workers-by-tag-narrow")
    visitor.assert_good_page()
