"""Workers by the beginning of their id: the exact one first, page by page, no id in an address or log line."""

import logging
import re

import pytest

from qualadmin.core.actions import workers as actions
from qualadmin.core.models import Worker
from tests.entries import new_entries
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.web.html import assert_valid_page
from tests.web.lab import Lab
from tests.web.lists import Someone, hidden_of, text_of, went_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(lab: Lab) -> list[Worker]:
    """AZQUINCE1 and AZQUINCE11 to AZQUINCE16, in order; the second holds a type here and one elsewhere."""
    found = [WorkerFactory(worker_id=f"AZQUINCE{n}") for n in (1, *range(11, 17))]
    QualificationFactory(type=lab.type, worker=found[1])
    QualificationFactory(type=TypeFactory(account=lab.cast.other_account), worker=found[1])
    WorkerFactory(worker_id="AZQUINCF1")
    return found


def shown(html: str) -> list[str]:
    return re.findall(r'<a class="mono" href="/workers/[^"]+">(\w+)</a>', html)


def find(granter: Someone, text: str, **more: str) -> str:
    page = granter.send("/workers/", to="/workers/find/", worker_id=text, **more)
    assert_valid_page(page)
    return str(page.content.decode())


@pytest.mark.parametrize("typed", ["AZQUINCE1", " azquince1"])
def test_the_exact_one_comes_first(granter: Someone, seven: list[Worker], typed: str) -> None:
    with new_entries() as entries:
        html = find(granter, typed)
    assert shown(html) == [one.worker_id for one in seven]
    assert [one.action for one in entries] == ["worker.searched"]
    assert entries.only.subject is None
    assert "AZQUINCE" not in bytes(entries.only.core).decode()
    assert "1 type" in html
    assert "2 types" not in html


def test_one_alone_is_opened(granter: Someone, seven: list[Worker]) -> None:
    assert went_on(granter.send("/workers/", to="/workers/find/", worker_id="AZQUINCE12")) == (
        f"/workers/{seven[2].pk}/"
    )


def test_pages_go_on_and_back_without_an_id_in_any_address(
    granter: Someone, seven: list[Worker], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(actions, "PAGE", 3)
    pages, html, turn = [], "", {}
    with caplog.at_level(logging.DEBUG):
        while not pages or turn:
            html = find(granter, "AZQUINCE", **turn)
            pages.append(shown(html))
            turn = {key: value for key, value in turns(html).items() if key == "after"}
        back = [shown(find(granter, "AZQUINCE", before=turns(html)["before"]))]
    assert pages == [[one.worker_id for one in seven[n : n + 3]] for n in (0, 3, 6)]
    assert back == [pages[1]]
    assert "AZQUINCE" not in caplog.text
    assert not re.search(r'(href|action)="[^"]*AZQUINCE', html)


def turns(html: str) -> dict[str, str]:
    return dict(re.findall(r'<button class="btn" name="(after|before)" value="([^"]+)"', html))


def test_a_page_that_is_gone_is_the_first(granter: Someone, seven: list[Worker]) -> None:
    html = find(granter, "AZQUINCE", after="0" * 32)
    assert shown(html) == [one.worker_id for one in seven]


def test_nobody_begins_so(granter: Someone, seven: list[Worker]) -> None:
    page = granter.send("/workers/", to="/workers/find/", worker_id="AZQUINCE9")
    assert page.status_code == 422
    assert "Nobody here has an ID that begins so." in text_of(page)


def test_a_whole_id_that_others_begin_with_can_still_be_looked_up(granter: Someone) -> None:
    for n in range(2):
        WorkerFactory(worker_id=f"A1PLUMTREE99{n}")
    page = granter.send("/workers/", to="/workers/find/", worker_id="A1PLUMTREE99")
    assert "Nobody here has met a worker with exactly this ID." in text_of(page)
    fields = hidden_of(page) | {"worker_id": "A1PLUMTREE99", "whole": "on"}
    assert "Look up at Amazon" in text_of(granter.client.post("/workers/find/", fields))
