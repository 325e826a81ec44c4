"""A PI at the log finds who granted a worker, when, why and from which file; and the pages around it are good."""

import re

import pytest
from playwright.sync_api import expect

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, Target, Who
from qualadmin.core.models import User
from tests.browser.conftest import BOTH, sign_in
from tests.browser.visitor import Visitor
from tests.web.lab import WORKER_ID, Lab, make_lab

in_both_looks = pytest.mark.parametrize("look", BOTH)


def furnished(visitor: Visitor) -> Lab:
    """The lab with one grant, as the task cluster writes it."""
    lab = make_lab(visitor.people)
    granter = Who("user", str(lab.cast.granter.pk), lab.cast.granter.full_name)
    context = Context(actor=Who("task", "drain", "drain"), on_behalf_of=granter)
    with audit.transaction(context) as tx:
        tx.record(
            "mturk.call.finished",
            target=Target("qtype", str(lab.type.pk), lab.type.name),
            stream=lab.cast.study.stream,
            subject=lab.worker.pk,
            job=str(lab.job.pk),
            changes={"state": ["sending", "done"], "value": [None, 80]},
            aws={"op": "AssociateQualificationWithWorker", "http": 200, "ms": 52},
        )
    return lab


def enter(visitor: Visitor, lab: Lab, user: User) -> None:
    """Signed in, and at work in the account of the lab."""
    sign_in(visitor, user)
    visitor.open(f"/accounts/{lab.cast.account.pk}/")
    button = visitor.page.get_by_role("button", name="Work in this account")
    if button.count():
        button.click()
        visitor.page.wait_for_url(f"{visitor.base}/")


def pages_of(lab: Lab) -> dict[str, str]:
    account, worker, one = lab.cast.account.pk, lab.worker.pk, lab.type.pk
    return {
        "dashboard": "/",
        "types": "/types/",
        "types-empty": "/types/?q=nothing-like-that",
        "type": f"/types/{one}/",
        "type-create": "/types/create/",
        "type-import": "/types/import/",
        "workers": "/workers/",
        "worker": f"/workers/{worker}/",
        "studies": "/studies/",
        "study": f"/studies/{lab.cast.study.pk}/",
        "audit": "/audit/",
        "audit-filtered": f"/audit/?worker={worker}&outcome=ok",
        "audit-empty": "/audit/?action=system.migrated&outcome=failed",
        "audit-entry": "/audit/1/",
        "accounts": "/accounts/",
        "account": f"/accounts/{account}/",
        "account-add": "/accounts/add/",
        "account-archive": f"/accounts/{account}/archive/",
        "people": "/people/",
        "person": f"/people/{lab.cast.granter.pk}/",
        "person-invite": "/people/invite/",
    }


@in_both_looks
def test_axe_and_the_content_policy_find_no_fault(visitor: Visitor, look: str) -> None:
    lab = furnished(visitor)
    enter(visitor, lab, lab.cast.manager)
    for name, path in pages_of(lab).items():
        answer = visitor.open(path)
        assert answer.status == 200, path
        visitor.picture(f"{name}-{look}")
        visitor.assert_good_page()


def test_a_pi_finds_who_granted_a_worker_when_why_and_from_which_file(visitor: Visitor) -> None:
    lab = furnished(visitor)
    page = visitor.page
    enter(visitor, lab, lab.cast.pi)
    visitor.open("/audit/")
    page.get_by_label("Search in words").fill(WORKER_ID)
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator(".chip")).to_contain_text(f"Worker: {WORKER_ID}")
    assert WORKER_ID not in page.url
    row = page.locator("#results tbody tr", has_text="Granter Person")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("value 80")
    row.get_by_role("link").first.click()
    why = page.get_by_role("region", name="Why, and from where")
    for words in ("wave-7.csv", "Granter Person", "Took part in wave 6", "Sleep and attention"):
        expect(why).to_contain_text(words)
    expect(page.get_by_role("region", name="Before and after")).to_contain_text("sending")
    page.get_by_role("link", name="All of this job").click()
    expect(page.locator(".chip")).to_contain_text("Job: wave-7.csv")
    page.locator(".chip").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_words_and_boxes_say_the_same(visitor: Visitor) -> None:
    lab = furnished(visitor)
    page = visitor.page
    enter(visitor, lab, lab.cast.pi)
    visitor.open("/audit/")
    box = page.get_by_label("Search in words")
    box.fill(f'actor:granter type:"Wave 7" worker:{WORKER_ID} -action:view')
    box.press("Enter")
    expect(page.locator("#results tbody tr:not(.day)")).to_have_count(1)
    assert WORKER_ID not in page.url
    expect(page.locator("#filter-person option:checked")).to_have_text("Granter Person")
    expect(page.locator("#filter-not-action option:checked")).to_have_text("Audit log: viewed")
    expect(box).to_have_value(f'actor:"Granter Person" type:"Wave 7" worker:{WORKER_ID} -action:audit.viewed')
    page.locator("#filter-outcome").select_option(label="Done")
    expect(box).to_have_value(
        f'actor:"Granter Person" outcome:ok type:"Wave 7" worker:{WORKER_ID} -action:audit.viewed'
    )
    expect(page.locator("#exports a").first).to_have_attribute("href", re.compile("outcome=ok"))
    box.fill('outcome:ok colour:"light blue"')
    box.press("Enter")
    expect(page.locator("#error-summary")).to_contain_text(
        "At character 12: There is no key “colour:”. Keys are actor, action"
    )
    expect(page.locator(".words mark")).to_have_text('colour:"light blue"')
    expect(box).to_have_value('outcome:ok colour:"light blue"')
    page.get_by_text("What can be written").click()
    expect(page.locator(".words dl")).to_contain_text("created:2026-11-01..2026-11-07")
    visitor.picture("audit-words-fault")
    visitor.assert_good_page()


def test_filters_change_rows_and_address(visitor: Visitor) -> None:
    lab = furnished(visitor)
    page = visitor.page
    enter(visitor, lab, lab.cast.pi)
    visitor.open("/audit/")
    page.locator("#filter-action").select_option(label="Calls to Amazon: all")
    expect(page.locator(".chip")).to_contain_text("Calls to Amazon: all")
    expect(page).to_have_url(f"{visitor.base}/audit/?action=mturk.%2A")
    page.reload()
    expect(page.locator(".chip")).to_have_count(1)
    page.locator("#exports summary").click()
    visitor.picture("audit-exports")
    visitor.assert_good_page()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV For a spreadsheet").click()
    assert download.value.suggested_filename == "qualadmin-audit-log.csv"


def test_the_log_is_checked_by_a_click(visitor: Visitor) -> None:
    lab = furnished(visitor)
    enter(visitor, lab, lab.cast.pi)
    visitor.open("/audit/")
    visitor.page.get_by_role("button", name="Check now").click()
    expect(visitor.page.get_by_text("Unbroken", exact=True)).to_be_visible()


def test_it_fits_a_window_of_320_pixels(visitor: Visitor) -> None:
    lab = furnished(visitor)
    enter(visitor, lab, lab.cast.manager)
    visitor.page.set_viewport_size({"width": 320, "height": 800})
    for path in pages_of(lab).values():
        visitor.open(path)
        assert visitor.sticks_out() <= 0, path
