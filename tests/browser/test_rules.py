"""A rule in Chromium: a list from two files, the first run, a source dropped, the run that takes away."""

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from qualadmin.core.models import Heartbeat, Job, Qualification, QualificationType, RequesterAccount
from tests.browser.test_main_job import use_practice_lab
from tests.browser.visitor import Visitor
from tests.factories import TypeFactory
from tests.tasks.hands import finish

HEAD = '"HITId","WorkerId","AssignmentStatus","SubmitTime"\n'
FILES = {"study-a.csv": ("A1MADEUPWORKER", "A2MADEUPWORKER"), "study-b.csv": ("A2MADEUPWORKER", "A3MADEUPWORKER")}


def good(visitor: Visitor, name: str) -> None:
    visitor.picture(name)
    visitor.assert_good_page()


def holders() -> set[str | None]:
    return set(Qualification.objects.filter(status="Granted").values_list("worker__worker_id", flat=True))


def make_list(visitor: Visitor, tmp_path: Path, look: str) -> None:
    page = visitor.page
    visitor.open("/lists/")
    page.get_by_role("link", name="Make a list").first.click()
    page.get_by_label("Name", exact=False).first.fill("Studies A and B")
    page.get_by_role("button", name="Make the list").click()
    moment = f"{timezone.now():%a %b %d %H:%M:%S} UTC {timezone.now().year}"
    for name, ids in FILES.items():
        path = tmp_path / name
        path.write_text(HEAD + "".join(f'"3HIT","{one}","Approved","{moment}"\n' for one in ids))
        page.get_by_role("link", name="Add a file or IDs").click()
        good(visitor, f"list-workers-{look}")
        page.locator("input[type=file]").set_input_files(path)
        page.get_by_role("button", name="Add these workers").click()
        expect(page.locator("main")).to_contain_text(name)
    expect(page.locator(".pager")).to_contain_text("3 workers")
    good(visitor, f"list-{look}")


@pytest.mark.parametrize("look", ["light"])
def test_a_rule_from_two_files_to_taking_away(granter_at_browser: Visitor, tmp_path: Path, look: str) -> None:
    Heartbeat.objects.create(name="cluster", beat_at=timezone.now())
    visitor, page = granter_at_browser, granter_at_browser.page
    account: RequesterAccount = visitor.people.account
    visitor.open("/profile/")
    use_practice_lab(page)
    kind: QualificationType = TypeFactory(account=account, name="Prior participant")
    make_list(visitor, tmp_path, look)

    visitor.open("/rules/add/")
    page.get_by_label("Qualification type").select_option(label=kind.name)
    page.get_by_label("Studies A and B (3 workers)").check()
    page.get_by_label("Who took part in the last so many days", exact=False).fill("180")
    good(visitor, f"rule-add-{look}")
    page.get_by_role("button", name="See what the first run would do").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check before granting 3 workers")
    good(visitor, f"rule-check-{look}")
    page.locator("#confirm-button").click()
    expect(page.locator("#progress")).to_be_visible()
    finish(account)
    assert holders() == {"A1MADEUPWORKER", "A2MADEUPWORKER", "A3MADEUPWORKER"}

    visitor.open("/lists/")
    page.get_by_role("link", name="Studies A and B").click()
    page.get_by_role("link", name="Drop… study-a.csv").click()
    page.get_by_role("button", name="Drop this source").click()
    expect(page.locator(".pager")).to_contain_text("2 workers")
    visitor.open("/rules/")
    good(visitor, f"rules-{look}")
    page.get_by_role("link", name="Prior participant").click()
    good(visitor, f"rule-{look}")
    page.locator("#run").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check before taking away from 1 worker")
    expect(page.locator("main")).to_contain_text("No worker gets an e-mail.")
    page.locator("#confirm-button").click()
    expect(page.locator("#progress")).to_be_visible()
    finish(account)
    assert holders() == {"A2MADEUPWORKER", "A3MADEUPWORKER"}
    assert [job.revoke_reason for job in Job.objects.all()] == ["", ""]
    visitor.open("/ends/")
    good(visitor, f"ends-{look}")
    visitor.open("/grant/")
    good(visitor, f"grant-{look}")
