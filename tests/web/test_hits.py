"""Workers from work: choosing HITs, waiting for Amazon, and on into a list, without JavaScript."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.models import Hit, HitList, HitReading, HitWork, Preview
from qualadmin.core.queue import LIST_HITS, READ_HITS
from tests.entries import new_entries
from tests.factories import TypeFactory
from tests.people import Cast
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lists import Someone, everything, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rung(rung: list[Any]) -> None:
    pass


@pytest.fixture
def hits(cast: Cast) -> list[Hit]:
    """27 of ours, and one of another account."""
    now = timezone.now()
    Hit.objects.create(account=cast.other_account, hit_id="3THEIRS", title="Theirs", created_at=now, seen_at=now)
    HitList.objects.create(account=cast.account, listed_at=now - timedelta(minutes=3))
    return [
        Hit.objects.create(
            account=cast.account, hit_id=f"3OURS{n:02d}", title=f"Colours {n}", status="Reviewable", seen_at=now,
            created_at=now - timedelta(hours=n), max_assignments=9, available=2, pending=1,
        )
        for n in range(27)
    ]  # fmt: skip


def ask(someone: Someone, query: str = "", **answers: Any) -> Any:
    fields: dict[str, Any] = someone.hidden(f"/hits/{query}")
    return someone.client.post("/hits/ask/", fields | {"statuses": ["Submitted", "Approved"]} | answers)


def answered(reading: HitReading, *workers: str) -> HitReading:
    """As the task leaves it."""
    for n, worker in enumerate(workers):
        HitWork.objects.create(
            reading=reading, assignment_id=f"3A{n}", hit_id=reading.hit_ids[0], worker_id=worker,
            status="Approved", submitted_at=timezone.now(),
        )  # fmt: skip
    HitReading.objects.filter(pk=reading.pk).update(state="done", workers=len(set(workers)))
    reading.refresh_from_db()
    return reading


def test_before_amazon_was_asked_the_page_says_so_and_asks(granter: Someone, cast: Cast, rung: list[Any]) -> None:
    page = granter.get("/hits/")
    assert_valid_page(page)
    assert "Amazon was not asked for the HITs of this account yet" in text_of(page)
    sent = granter.client.post("/hits/refresh/", granter.hidden("/hits/"))
    assert went_on(sent) == "/hits/"
    assert rung == [(LIST_HITS, str(cast.account.pk))]
    page = granter.get("/hits/")
    assert_valid_page(page)
    assert "Amazon is being asked for the HITs" in text_of(page)
    polling = {"HX-Request": "true", "HX-Polling": "true"}
    assert granter.get("/hits/", headers=polling).status_code == 204
    HitList.objects.update(asked_at=None, failure="Amazon gave no clear answer.")
    assert granter.get("/hits/", headers=polling).headers["HX-Refresh"] == "true"
    page = granter.get("/hits/")
    assert_valid_page(page)
    assert "The list of HITs could not be read." in text_of(page)


def test_ticked_hits_are_asked_about_and_their_workers_become_a_list(
    granter: Someone, hits: list[Hit], rung: list[Any], cast: Cast
) -> None:
    page = granter.get("/hits/?size=25")
    assert_valid_page(page)
    text = text_of(page)
    assert "Colours 0" in text
    assert "6 of 9" in text
    assert "Theirs" not in text
    address = went_on(ask(granter, row=[hits[0].pk, hits[3].pk]))
    reading = HitReading.objects.get()
    assert (reading.hit_ids, reading.statuses) == (["3OURS03", "3OURS00"], ["Submitted", "Approved"])
    assert rung == [(READ_HITS, str(reading.pk))]
    page = granter.get(address)
    assert_valid_page(page)
    assert "0 of 2 HITs read" in text_of(page)
    polling = {"HX-Request": "true", "HX-Polling": "true"}
    assert_valid_fragment(granter.get(address, headers=polling))

    answered(reading, "ATWO", "AONE", "ATWO")
    assert granter.get(address, headers=polling).headers["HX-Refresh"] == "true"
    page = granter.get(address)
    assert_valid_page(page)
    assert "2 workers did these HITs" in text_of(page)
    TypeFactory(account=cast.account, name="Wave 7")
    with new_entries() as entries:
        sent = granter.client.post(f"{address}select/", granter.hidden(address) | {"verb": "grant"})
    columns = granter.get(went_on(sent))
    assert entries.actions == ["hits.workers.selected"]
    assert_valid_page(columns)
    assert "Workers who did 2 HITs (work submitted or approved): 2" in text_of(columns)
    assert bytes(Preview.objects.get().content or b"") == b"ATWO\nAONE"


def test_all_that_match_and_pasted_ids(granter: Someone, hits: list[Hit]) -> None:
    went_on(ask(granter, "?q=Colours+1", matching="on", filter="?q=Colours+1"))
    assert len(HitReading.objects.get().hit_ids) == 11
    HitReading.objects.all().delete()
    went_on(ask(granter, hit_ids="3ONE, 3TWO\n3ONE", statuses=["Rejected"]))
    reading = HitReading.objects.get()
    assert (reading.hit_ids, reading.statuses) == (["3ONE", "3TWO"], ["Rejected"])


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"hit_ids": "3one"}, "Not HIT IDs: “3one”"),
        ({"hit_ids": "  "}, "nothing was entered"),
        ({"hit_ids": "3ONE", "statuses": []}, "Tick at least one status."),
        ({"hit_ids": "3ONE", "statuses": ["Paid"]}, "Paid"),
        ({"hit_ids": " ".join(f"3HIT{n}" for n in range(1001))}, "At most 1,000 HITs"),
        ({"hit_ids": "<b>3</b>"}, "&lt;b&gt;"),
    ],
)
def test_what_is_pasted_wrongly_comes_back_with_the_fault(
    granter: Someone, hits: list[Hit], answers: dict[str, Any], words: str
) -> None:
    before = everything()
    page = ask(granter, **answers)
    assert page.status_code == 422
    assert_valid_page(page)
    assert words in page.content.decode()
    assert everything() == before


@pytest.mark.parametrize(
    ("answers", "status"),
    [({}, 302), ({"statuses": []}, 302), ({"row": "x"}, 400), ({"matching": "on", "filter": "?x=1"}, 400)],
)
def test_nothing_chosen_or_a_strange_form_asks_nothing(
    granter: Someone, hits: list[Hit], rung: list[Any], answers: dict[str, Any], status: int
) -> None:
    assert ask(granter, **answers).status_code == status
    assert (HitReading.objects.count(), rung) == (0, [])


def test_what_is_of_another_account_is_not_there(granter: Someone, hits: list[Hit], cast: Cast) -> None:
    theirs = Hit.objects.get(hit_id="3THEIRS")
    assert ask(granter, row=[theirs.pk]).status_code == 404
    foreign = HitReading.objects.create(account=cast.other_account, hit_ids=["3X"], statuses=["Approved"])
    assert granter.get(f"/hits/{foreign.pk}/").status_code == 404


def test_failure_nobody_and_hits_that_could_not_be_read_are_told(granter: Someone, hits: list[Hit]) -> None:
    address = went_on(ask(granter, row=[hits[0].pk]))
    reading = HitReading.objects.get()
    select = granter.hidden("/hits/") | {"verb": "grant"}
    assert granter.client.post(f"{address}select/", select).status_code == 409  # not read yet
    HitReading.objects.update(
        state="failed", failure="Amazon refused <this>.", unread=[["3OURS00", "No such HIT."]]
    )
    page = granter.get(address)
    assert_valid_page(page)
    for words in ("Amazon did not say who did them.", "Amazon refused <this>.", "No such HIT."):
        assert words in text_of(page)
    answered(reading)
    page = granter.get(address)
    assert_valid_page(page)
    assert "Nobody has handed in such work" in text_of(page)
    sent = granter.client.post(f"{address}select/", granter.hidden("/hits/") | {"verb": "grant"})
    assert went_on(sent) == address
    assert "Nobody handed in such work" in text_of(granter.get(address))
