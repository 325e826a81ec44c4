"""HITs as a source of a list, in a browser: the form, and each state that the page of the list can be in."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from qualadmin.core.actions.accounts import disable_account, enable_account
from qualadmin.core.actions.list_hits import take_hits
from qualadmin.core.models import HitReading, HitWork, ListSource
from qualadmin.core.queue import READ_HITS
from tests.people import Cast
from tests.web.html import assert_valid_page
from tests.web.lists import Someone, text_of, went_on

pytestmark = pytest.mark.django_db
POLLING = {"HX-Request": "true", "HX-Polling": "true"}


@pytest.fixture(autouse=True)
def _rung(rung: list[Any]) -> None:
    pass


@pytest.fixture
def path(granter: Someone, rung: list[Any]) -> str:
    """A list that follows two HITs; Amazon is being asked."""
    path = went_on(granter.send("/lists/add/", name="Took part"))
    page = granter.get(f"{path}hits/")
    assert_valid_page(page)
    assert "Amazon deletes HITs by itself after 120 days" in text_of(page)
    sent = granter.send(f"{path}hits/", hit_ids="3TWO, 3ONE\n3TWO", statuses=["Approved"])
    assert went_on(sent) == path
    assert rung == [(READ_HITS, str(HitReading.objects.get().pk))]
    return path


def ended(state: str = "done", workers: tuple[str, ...] = (), **more: Any) -> HitReading:
    """The reading as the task leaves it."""
    reading = HitReading.objects.get(state="waiting")
    for n, worker in enumerate(workers):
        HitWork.objects.create(
            reading=reading, assignment_id=f"3A{n}", hit_id="3ONE", worker_id=worker, status="Approved",
            submitted_at=timezone.now(),
        )  # fmt: skip
    HitReading.objects.filter(pk=reading.pk).update(state=state, finished_at=timezone.now(), **more)
    reading.refresh_from_db()
    return reading


def shown(granter: Someone, path: str) -> str:
    page = granter.get(path)
    assert_valid_page(page)
    return text_of(page)


def test_the_page_waits_for_amazon_and_then_shows_the_workers(granter: Someone, cast: Cast, path: str) -> None:
    text = shown(granter, path)
    assert "2 HITs 3ONE, 3TWO Work that counts: Approved" in text
    assert "Amazon is being asked" in text
    HitReading.objects.update(place=1, tries=1)
    text = shown(granter, path)
    assert "1 of 2 read. Amazon gave no clear answer yet and is asked again." in text
    assert granter.get(path, headers=POLLING).status_code == 204
    reading = ended(workers=("A1DIDTHEHIT", "A2DIDTHEHIT"))
    assert "Workers are coming in" in shown(granter, path)
    assert granter.get(path, headers=POLLING).status_code == 204
    take_hits(actor=cast.actor("granter"), reading_id=reading.pk)
    assert granter.get(path, headers=POLLING).headers["HX-Refresh"] == "true"
    text = shown(granter, path)
    assert "as Amazon said just now" in text
    assert "A1DIDTHEHIT" in text
    assert "and Amazon is asked about the HITs" in text
    assert "data-poll" not in granter.get(path).content.decode()
    HitReading.objects.update(finished_at=timezone.now() - timedelta(hours=5))
    went_on(granter.client.post(f"{path}read/", granter.hidden(path)))
    text = shown(granter, path)
    assert "as Amazon said 5 h ago Amazon is being asked" in text
    viewer = Someone(Client(), cast.viewer, cast.account)
    assert "A1DIDTHEHIT" not in shown(viewer, path)
    assert "Follow HITs" not in shown(viewer, path)


def test_hits_that_amazon_does_not_know_are_told_with_what_to_do(granter: Someone, cast: Cast, path: str) -> None:
    unread = [["3ONE", "Amazon does not know this HIT."], ["3TWO", "Amazon does not know this HIT."]]
    first = ended("failed", failure="Amazon gave none of these HITs.", unread=unread)
    text = shown(granter, path)
    assert "did not say who did them. Amazon gave none of these HITs." in text
    assert "If an ID is mistyped, drop this source and add it anew." in text
    assert "2 HITs could not be read" in text
    which = granter.get(f"/hits/{first.pk}/")
    assert_valid_page(which)
    assert "For the list Took part" in text_of(which)
    went_on(granter.client.post(f"{path}read/", granter.hidden(path)))
    reading = ended(workers=("A1DIDTHEHIT",), unread=unread[1:])
    take_hits(actor=cast.actor("granter"), reading_id=reading.pk)
    text = shown(granter, path)
    assert "1 HIT could not be read; workers read before stay." in text
    went_on(granter.client.post(f"{path}read/", granter.hidden(path)))
    ended("failed", failure="Amazon gave no clear answer for a long time, so this was given up. Ask again later.")
    text = shown(granter, path)
    assert "Ask again later. The workers stay as they were." in text
    assert "A1DIDTHEHIT" in text


def test_an_account_that_is_off_is_told_with_who_can_help(granter: Someone, cast: Cast) -> None:
    account = disable_account(actor=cast.actor("manager"), account=cast.account)
    path = went_on(granter.send("/lists/add/", name="Took part"))
    went_on(granter.send(f"{path}hits/", hit_ids="3ONE", statuses=["Approved"]))
    assert not HitReading.objects.exists()
    text = shown(granter, path)
    assert f"Not asked: {cast.account.name} is switched off or paused. A manager can switch it on" in text
    enable_account(actor=cast.actor("manager"), account=account)
    assert "Not asked yet. Read again now, or wait for the night." in shown(granter, path)


def test_bad_ids_are_named_and_kept_in_the_box(granter: Someone) -> None:
    path = went_on(granter.send("/lists/add/", name="Took part"))
    for answers, words in (
        ({"hit_ids": "3FINE not-one"}, "Not HIT IDs: “not-one”"),
        ({"hit_ids": " "}, "Enter at least one HIT ID."),
        ({"hit_ids": "3FINE", "statuses": []}, "Tick at least one status."),
        ({"hit_ids": "3FINE", "statuses": ["Returned"]}, "Work that counts"),
        ({"hit_ids": " ".join(f"3HIT{n}" for n in range(1001))}, "At most 1,000 HITs"),
    ):
        response = granter.send(f"{path}hits/", **{"statuses": ["Approved"], **answers})
        assert response.status_code == 422
        assert words in text_of(response)
        assert str(answers["hit_ids"]).strip() in response.content.decode()
        assert_valid_page(response)
    assert not ListSource.objects.exists()
