"""The search box of every page: workers, types, jobs, studies, people, each only for those who may see them."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from qualadmin.web.views.search import SHOWN
from tests.entries import new_entries
from tests.factories import AccountFactory, JobFactory, StudyFactory, TypeFactory, UserFactory, WorkerFactory
from tests.web.html import assert_valid_page
from tests.web.lab import WORKER_ID, Lab
from tests.web.lists import Someone, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db


def test_the_search_box_leads_straight_to_a_worker(granter: Someone, lab: Lab) -> None:
    assert went_on(granter.client.post("/find/", {"q": WORKER_ID})) == f"/workers/{lab.worker.pk}/"


def test_the_search_box_finds_types_and_jobs_of_the_account_in_use(granter: Someone, lab: Lab) -> None:
    other = AccountFactory()
    TypeFactory(account=other, name="Wave elsewhere")
    text = text_of(granter.client.post("/find/", {"q": "wave"}))
    for words in ("Wave 7", "Old wave", "wave-7.csv"):
        assert words in text
    assert "elsewhere" not in text


def test_an_unknown_id_is_offered_to_amazon(granter: Someone) -> None:
    page = granter.client.post("/find/", {"q": "A1NOBODYKNOWS"})
    assert_valid_page(page)
    assert "Look up at Amazon" in text_of(page)


def test_a_viewer_can_not_try_ids(client: Client, lab: Lab) -> None:
    viewer = Someone(client, lab.cast.viewer, lab.cast.account)
    known = text_of(viewer.client.post("/find/", {"q": WORKER_ID}))
    unknown = text_of(viewer.client.post("/find/", {"q": "A1NOBODYKNOWS"}))
    assert known.replace(WORKER_ID, "") == unknown.replace("A1NOBODYKNOWS", "")


@pytest.mark.parametrize("data", [{}, {"q": ["a", "b"]}])
def test_a_search_without_a_word_is_refused(granter: Someone, data: dict[str, str]) -> None:
    assert granter.client.post("/find/", data).status_code == 400
    assert granter.get("/find/?q=a").status_code == 405


def search(someone: Someone, text: str) -> str:
    page = someone.client.post("/find/", {"q": text})
    assert page.status_code == 200
    assert_valid_page(page)
    return text_of(page)


def test_an_exact_id_is_opened_although_others_begin_so(granter: Someone) -> None:
    short = WorkerFactory(worker_id="AZQUINCE12")
    WorkerFactory(worker_id="AZQUINCE123")
    with new_entries() as entries:
        assert went_on(granter.client.post("/find/", {"q": " azquince12 "})) == f"/workers/{short.pk}/"
    assert [(one.action, one.subject) for one in entries] == [("worker.searched", short.pk)]


def test_the_beginning_of_an_id_lists_those_who_begin_so(granter: Someone) -> None:
    for n in range(SHOWN):
        WorkerFactory(worker_id=f"AZQUINCE{n}")
    text = search(granter, "azquince")
    assert f"AZQUINCE{SHOWN - 1}" in text
    assert "See all of them" not in text
    WorkerFactory(worker_id="AZQUINCEZ")
    page = granter.client.post("/find/", {"q": "azquince"})
    assert "AZQUINCEZ" not in text_of(page)
    assert "See all of them" in text_of(page)
    everybody = granter.client.post("/workers/find/", {**hidden_of(page), "worker_id": "azquince"})
    assert "AZQUINCEZ" in text_of(everybody)


def test_only_workers_of_the_own_accounts_are_found(client: Client, lab: Lab) -> None:
    outsider = Someone(client, lab.cast.outsider, lab.cast.other_account)
    assert WORKER_ID not in search(outsider, WORKER_ID[:4])


def test_studies_are_found_by_title_and_protocol_number(granter: Someone, lab: Lab) -> None:
    for asked in ("attention", "irb-2026-014"):
        page = granter.client.post("/find/", {"q": asked})
        assert "Sleep and attention" in text_of(page)
        assert f'href="/studies/{lab.cast.study.pk}/"' in page.content.decode()


def test_a_type_is_found_by_the_id_amazon_gave_it(granter: Someone, lab: Lab) -> None:
    assert "Wave 7" in search(granter, lab.type.mturk_id)


@pytest.mark.parametrize("asked", ["Quincy Medlar", "qmedlar", "quincy@lab.example"])
def test_only_who_looks_after_people_finds_them(client: Client, lab: Lab, asked: str) -> None:
    UserFactory(full_name="Quincy Medlar", username="qmedlar", email="quincy@lab.example")
    answers = {
        name: search(Someone(client, lab.cast.user(name), lab.cast.account), asked)
        for name in ("manager", "granter", "pi", "viewer")
    }
    assert "Quincy Medlar" in answers.pop("manager").replace(f"“{asked}”", "")
    for name, text in answers.items():
        assert "Quincy" not in text.replace(f"“{asked}”", ""), name
        assert "Nothing is called so" in text, name


def test_a_pi_finds_jobs_of_the_own_studies_only(client: Client, lab: Lab) -> None:
    JobFactory(account=lab.cast.account, title="Wave of others", study=StudyFactory())
    assert "Wave of others" in search(Someone(client, lab.cast.manager, lab.cast.account), "of others")
    assert "Wave of others" not in search(Someone(client, lab.cast.pi, lab.cast.account), "of others")


def test_of_many_the_first_are_shown_and_the_page_says_so(client: Client, lab: Lab) -> None:
    for n in range(SHOWN + 1):
        TypeFactory(account=lab.cast.account, name=f"Quince type {n:02}")
        JobFactory(account=lab.cast.account, title=f"Quince job {n:02}")
        StudyFactory(title=f"Quince study {n:02}")
        UserFactory(full_name=f"Quince person {n:02}")
    manager = Someone(client, lab.cast.manager, lab.cast.account)
    with CaptureQueriesContext(connection) as queries:
        text = search(manager, "quince")
    assert len(queries) <= 17
    for words in ("type 00", "job 10", "study 00", "person 00"):
        assert f"Quince {words}" in text
    for words in ("type 10", "job 00", "study 10", "person 10"):
        assert f"Quince {words}" not in text
    assert text.count("Enter more of the name to see fewer.") == 4
    assert "The newest 10." in text


def test_what_was_typed_stays_in_the_box_and_out_of_every_address(granter: Someone) -> None:
    page = granter.client.post("/find/", {"q": "A1NOBODYKNOWS"}).content.decode()
    assert 'value="A1NOBODYKNOWS"' in page
    assert "NOBODYKNOWS" not in "".join(part.split('"')[0] for part in page.split('href="')[1:])
