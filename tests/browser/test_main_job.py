"""The main job in Chromium: from Amazon's own batch file to a job that ends while somebody watches."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from qualadmin.audit import record as audit
from qualadmin.audit.types import Context, Target
from qualadmin.core.models import Change, Heartbeat, Job, QualificationType
from tests.browser.conftest import LOOKS
from tests.browser.visitor import Visitor
from tests.factories import QualificationFactory, RequestFactory, TypeFactory, WorkerFactory

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
BATCH, WORKERS = "Batch_5093217_batch_results.csv", "User_1149273_workers.csv"
in_every_look = pytest.mark.parametrize("look", list(LOOKS))


@pytest.fixture
def wave(granter_at_browser: Visitor) -> QualificationType:
    """A type of the account in use, and a task cluster that seems to work."""
    Heartbeat.objects.create(name="cluster", beat_at=timezone.now())
    granter_at_browser.open("/profile/")
    page = granter_at_browser.page
    use_practice_lab(page)
    chosen: QualificationType = TypeFactory(
        account=granter_at_browser.people.account, name="Colour words wave 1", default_score=80
    )
    return chosen


def use_practice_lab(page: Page) -> None:
    """Through the switch on the left, which folds away on a phone."""
    fold = page.locator("details.fold > summary").first
    if fold.is_visible():
        fold.click()
    page.locator("details.switch > summary").click()
    page.locator(".switch-list").get_by_role("button", name="Practice lab").click()
    expect(page.locator(".env")).to_contain_text("Practice lab")


def upload(visitor: Visitor, name: str) -> None:
    visitor.open("/bulk/")
    visitor.page.get_by_label(re.compile("^File")).set_input_files(str(SAMPLES / name))
    visitor.page.get_by_role("button", name="Read the list").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(name)


@contextmanager
def new_entry(job: Job) -> Iterator[Any]:
    """An entry of the log: audited rows change only in the transaction that writes one."""
    with audit.transaction(Context.system("tests")) as tx:
        yield tx.record("job.finished", target=Target("job", str(job.pk), "test"), job=str(job.pk))


def end(job: Job, failed: int = 0) -> None:
    """Let the job end as the task cluster would, the last `failed` lines refused by Amazon."""
    now = timezone.now()
    with new_entry(job) as entry:
        changes = Change.objects.filter(job=job)
        good = changes.filter(n__lte=job.total - failed)
        good.update(state="done", attempt=1, finished_at=now, audit_id=entry)
        changes.filter(n__gt=job.total - failed).update(
            state="failed",
            attempt=2,
            code="AWS.ParameterValidationError",
            message="Amazon does not know this worker in this environment. Check the worker ID.",
            finished_at=now,
            audit_id=entry,
        )
        counts = {"planned": 0, "done": job.total - failed, "failed": failed, "started_at": now}
        Job.objects.filter(pk=job.pk).update(state="finished", finished_at=now, audit_id=entry, **counts)


@in_every_look
def test_from_the_batch_file_to_the_job(granter_at_browser: Visitor, wave: QualificationType, look: str) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    upload(visitor, BATCH)
    expect(page.get_by_text("551 workers are left")).to_be_visible()
    visitor.picture(f"columns-batch-{look}")
    visitor.assert_good_page()
    page.get_by_label(re.compile(r"Rejected \(")).check()
    expect(page.get_by_text("564 workers are left")).to_be_visible()
    page.get_by_label(re.compile(r"Rejected \(")).uncheck()
    page.get_by_label("Qualification type").select_option("Colour words wave 1")
    expect(page.get_by_label(re.compile("^Score for all"))).to_have_value("80")
    page.get_by_label(re.compile("^Score for all")).fill("100")
    page.get_by_role("button", name="Check line by line").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check before granting 551 workers")
    visitor.picture(f"check-{look}")
    visitor.assert_good_page()
    page.get_by_role("button", name="Grant 551 workers in the emulator").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(BATCH)
    expect(page.get_by_text("0 of 551 done")).to_be_visible()
    visitor.picture(f"job-running-{look}")
    visitor.assert_good_page()
    job = Job.objects.get()
    assert (job.total, job.notify, set(job.changes.values_list("value", flat=True))) == (551, False, {100})


@in_every_look
def test_the_worker_file_and_its_problems(granter_at_browser: Visitor, wave: QualificationType, look: str) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    TypeFactory(account=wave.account, name="Attention checks")
    upload(visitor, WORKERS)
    visitor.picture(f"columns-workers-{look}")
    visitor.assert_good_page()
    page.get_by_role("button", name="Check line by line").click()
    expect(page.locator("#error-summary")).to_be_focused()
    visitor.picture(f"columns-fault-{look}")
    visitor.assert_good_page()
    page.get_by_label(re.compile("Silently")).check()
    page.get_by_role("button", name="Check line by line").click()
    page.get_by_role("link", name=re.compile("Cannot be done")).click()
    expect(page.get_by_text("is not handled here")).to_be_visible()
    visitor.picture(f"check-problems-{look}")
    visitor.assert_good_page()


@in_every_look
def test_a_few_by_hand_with_corrections_and_requests(
    granter_at_browser: Visitor, wave: QualificationType, look: str
) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    held = QualificationFactory(type=wave, worker=WorkerFactory(worker_id="A1HOLDSITALREADY"), value=50)
    RequestFactory(type=wave, worker=WorkerFactory(worker_id="A2HASASKEDFORIT"))
    visitor.open(f"/grant/?type={wave.pk}&worker={held.worker.pk}")
    box = page.get_by_label("Worker IDs")
    expect(box).to_have_value("A1HOLDSITALREADY")
    box.fill("A1HOLDSITALREADY\nA2HASASKEDFORIT\na3lowercase0000\nme@example.org\nA1HOLDSITALREADY")
    expect(page.get_by_text("4 unique of 5 pasted")).to_be_visible()
    visitor.picture(f"grant-{look}")
    visitor.assert_good_page()
    page.get_by_label(re.compile("^Score")).fill("1.5")
    page.get_by_role("button", name="Check before granting").click()
    expect(page.locator("#error-summary")).to_be_focused()
    visitor.picture(f"grant-fault-{look}")
    visitor.assert_good_page()
    page.get_by_label(re.compile("^Score")).fill("75")
    page.get_by_role("button", name="Check before granting").click()
    page.get_by_label("Read as A3LOWERCASE0000").check()
    page.get_by_role("button", name="Accept the ticked lines").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check before granting 3 workers")
    expect(page.get_by_text("1 of these workers has asked")).to_be_visible()
    visitor.picture(f"check-few-{look}")
    visitor.assert_good_page()


@in_every_look
def test_a_result_is_good_to_look_at(granter_at_browser: Visitor, wave: QualificationType, look: str) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    job = grant_three(granter_at_browser, wave)
    end(job, failed=1)
    visitor.open(f"/jobs/{job.pk}/")
    visitor.picture(f"job-result-{look}")
    visitor.assert_good_page()
    page.get_by_role("link", name="Failed", exact=True).click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    visitor.open("/jobs/")
    visitor.picture(f"jobs-{look}")
    visitor.assert_good_page()
    for path, name in (("/requests/", "requests"), ("/revoke/", "revoke"), ("/bulk/", "bulk")):
        visitor.open(path)
        visitor.picture(f"{name}-{look}")
        visitor.assert_good_page()


def grant_three(visitor: Visitor, wave: QualificationType) -> Job:
    page = visitor.page
    visitor.open(f"/grant/?type={wave.pk}")
    page.get_by_label("Worker IDs").fill("A1WATCHEDWORKER\nA2WATCHEDWORKER\nA3WATCHEDWORKER")
    page.get_by_role("button", name="Check before granting").click()
    page.locator("#confirm-button").click()
    expect(page.locator("#progress")).to_be_visible()
    return Job.objects.get()


def test_who_watches_sees_it_end_without_a_click(granter_at_browser: Visitor, wave: QualificationType) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    job = grant_three(granter_at_browser, wave)
    expect(page.locator("#progress[data-poll]")).to_be_visible()
    end(job)
    expect(page.locator("#progress-title")).to_have_text("Finished", timeout=10_000)
    expect(page.locator("#progress[data-poll]")).to_have_count(0)
    expect(page.locator("#results .pill.ok")).to_have_count(3)
    expect(page.locator("#say")).to_contain_text("3 of 3 done (100%)")
    visitor.assert_good_page()


def test_focus_stays_where_it_was_while_the_page_asks_again(
    granter_at_browser: Visitor, wave: QualificationType
) -> None:
    page = granter_at_browser.page
    grant_three(granter_at_browser, wave)
    page.locator("#job-stop").focus()
    with page.expect_response(re.compile(r"/progress/$")):
        pass
    with page.expect_response(re.compile(r"/progress/$")):
        pass
    expect(page.locator("#job-stop")).to_be_focused()


def test_it_works_without_a_script(granter_at_browser: Visitor, wave: QualificationType, browser: Any) -> None:
    cookies = granter_at_browser.page.context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{granter_at_browser.base}/bulk/")
    page.get_by_label(re.compile("^Or paste a list")).fill("A1PLAINWORKER\nA2PLAINWORKER")
    page.get_by_role("button", name="Read the list").click()
    page.get_by_label("Qualification type").select_option("Colour words wave 1")
    page.get_by_role("button", name="Check line by line").click()
    page.get_by_role("button", name="Grant 2 workers in the emulator").click()
    expect(page.get_by_text("0 of 2 done")).to_be_visible()
    end(Job.objects.get())
    expect(page.locator("#progress-title")).to_have_text("Finished", timeout=15_000)
    context.close()
