"""In Chromium: a score changed behind our back is found and put right, and HITs become a list to check.

Tasks run in this process, against an emulator over HTTP.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from qualadmin.core.models import Heartbeat, HitReading, Membership, Qualification, QualificationType
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks import callers
from qualadmin.tasks.accounts import gateway_for
from qualadmin.tasks.drain import drain
from qualadmin.tasks.hits import list_hits, read_hits, take_answer
from qualadmin.tasks.holders import sync_type
from tests.browser.test_main_job import use_practice_lab
from tests.browser.visitor import Visitor
from tests.tasks.conftest import make_live_type
from tests.tasks.hit_makers import publish


@pytest.fixture
def amazon(settings: Any) -> Iterator[Emulator]:
    with Emulator() as running:
        settings.EMULATOR_URL = running.url
        settings.SETTLE_SECONDS = 1
        settings.DRAIN_THREADS = 4
        yield running
        callers.close_all()


@pytest.fixture
def wave(amazon: Emulator, granter_at_browser: Visitor) -> QualificationType:
    """Held with score 80, as both sides know."""
    Heartbeat.objects.create(name="cluster", beat_at=timezone.now())
    granter_at_browser.open("/profile/")
    use_practice_lab(granter_at_browser.page)
    made = make_live_type(granter_at_browser.people.account)
    gateway_for(made.account).associate(made.mturk_id or "", "AHOLDER1", 80, notify=False)
    sync_type(str(made.pk))
    return made


def good(visitor: Visitor, name: str) -> None:
    visitor.picture(name)
    visitor.assert_good_page()


def test_changed_behind_our_back_found_and_put_right_by_a_job(
    granter_at_browser: Visitor, wave: QualificationType
) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    gateway = gateway_for(wave.account)
    gateway.associate(wave.mturk_id or "", "AHOLDER1", 5, notify=False)
    visitor.open(f"/types/{wave.pk}/")
    page.get_by_role("button", name="Compare with Amazon now").click()
    sync_type(str(wave.pk))  # as the cluster would
    visitor.open("/drift/")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("Score changed outside")
    good(visitor, "drift-list")
    page.locator("[data-row]").check()
    page.locator("#select-put_right").click()
    good(visitor, "drift-decide")
    page.get_by_label("Reason", exact=False).fill("Not ours")
    page.get_by_role("button", name="Check before putting right").click()
    expect(page.get_by_text("Back to the score that qualadmin had.")).to_be_visible()
    good(visitor, "drift-check")
    page.locator("#confirm-button").click()
    expect(page.locator("#progress")).to_be_visible()
    drain(str(wave.account_id))
    score: Any = gateway.score(wave.mturk_id or "", "AHOLDER1")
    assert score.value == Qualification.objects.get().value == 80
    visitor.open("/drift/")
    expect(page.get_by_role("heading", name="In step with Amazon")).to_be_visible()
    good(visitor, "drift-empty")


def test_from_hits_to_the_check_page(
    granter_at_browser: Visitor, amazon: Emulator, wave: QualificationType
) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    publish(amazon, wave.account, ["AONE1", "ATWO2"], Title="Name a colour")
    visitor.open("/bulk/")
    page.get_by_role("link", name="Workers from HITs").click()
    page.locator("#refresh-hits").click()
    expect(page.locator("#listing")).to_be_visible()
    list_hits(str(wave.account_id))
    expect(page.locator("tbody")).to_contain_text("Name a colour", timeout=10_000)  # the page looks by itself
    good(visitor, "hit-list")
    page.locator("[data-row]").check()
    page.locator("#ask-selected").click()
    expect(page.get_by_text("Amazon is being asked.")).to_be_visible()
    read_hits(str(HitReading.objects.get().pk))
    expect(page.get_by_text("2 workers")).to_be_visible(timeout=10_000)
    good(visitor, "hit-reading")
    page.locator("#select-grant").click()
    expect(page.get_by_text("Workers who did the HIT", exact=False)).to_be_visible()


def test_a_list_follows_hits_and_found_workers_go_to_the_check_page(
    granter_at_browser: Visitor, amazon: Emulator, wave: QualificationType
) -> None:
    visitor, page = granter_at_browser, granter_at_browser.page
    hit = publish(amazon, wave.account, ["AFOUND1", "AFOUND2"])
    visitor.open("/lists/add/")
    page.get_by_label("Name", exact=True).fill("Took part")
    page.get_by_role("button", name="Make the list").click()
    page.get_by_role("link", name="Follow HITs").click()
    page.get_by_label("HIT IDs").fill(f"{hit}, 3NOSUCHHIT")
    good(visitor, "list-hits-form")
    page.get_by_role("button", name="Follow these HITs").click()
    expect(page.get_by_text("Amazon is being asked")).to_be_visible()
    good(visitor, "list-hits-waiting")
    reading = str(HitReading.objects.get().pk)
    read_hits(reading)
    take_answer(reading)
    members = page.get_by_role("region", name="Table of the workers")
    expect(members.locator("tbody tr")).to_have_count(2, timeout=15_000)  # the page looks by itself
    expect(page.get_by_text("1 HIT could not be read; workers read before stay.")).to_be_visible()
    good(visitor, "list-hits-read")
    page.set_viewport_size({"width": 390, "height": 844})
    good(visitor, "list-hits-read-narrow")
    page.set_viewport_size({"width": 1280, "height": 900})

    visitor.open("/workers/")
    page.get_by_label("Worker ID, or how it begins").fill("afound")
    page.get_by_role("button", name="Find", exact=True).click()
    bar = page.locator("#selection")
    expect(bar).to_be_hidden()
    page.get_by_label("Select all on this page").check()
    expect(bar).to_contain_text("2 selected")
    good(visitor, "found-selected")
    bar.get_by_role("button", name="Grant…").click()
    expect(page.get_by_text("Workers found by their ID: 2 ticked")).to_be_visible()
    visitor.open(f"/workers/{Membership.objects.order_by('pk')[0].worker_id}/")
    expect(page.get_by_role("link", name="Took part")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    good(visitor, "worker-lists-dark")
