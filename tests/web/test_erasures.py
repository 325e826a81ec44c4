"""Erasing a worker on the pages: asked by one, seen and decided by another; holds; what is told of studies."""

from typing import Any

import pytest
from django.test import Client

from qualadmin.core.models import Change, Erasure, Hold, Study, Worker
from tests.web.html import assert_valid_page
from tests.web.lab import WORKER_ID, Lab
from tests.web.lists import Someone, text_of, went_on

pytestmark = pytest.mark.django_db
WHY = "The worker withdrew from the study."


@pytest.fixture
def granter(lab: Lab) -> Someone:
    return Someone(Client(), lab.cast.granter, lab.cast.account)


@pytest.fixture
def manager(lab: Lab) -> Someone:
    return Someone(Client(), lab.cast.manager, lab.cast.account)


@pytest.fixture
def idle(lab: Lab) -> Worker:
    """The worker, who holds a type, and of whom nothing is to be sent."""
    assert not Change.objects.filter(worker=lab.worker, state__in=Change.OPEN).exists()
    return lab.worker


def ask(person: Someone, worker: Worker) -> str:
    return went_on(person.send(f"/workers/{worker.pk}/erase/", reason=WHY, leave="on"))


def test_one_asks_and_another_erases(idle: Worker, granter: Someone, manager: Someone) -> None:
    page = granter.get(f"/workers/{idle.pk}/erase/")
    assert_valid_page(page)
    assert "Take away first what the worker holds." in text_of(page)
    assert f"/revoke/?worker={idle.pk}" in page.content.decode()
    assert granter.send(f"/workers/{idle.pk}/erase/", reason=WHY).status_code == 422  # what stays must be ticked
    wish = ask(granter, idle)
    own = granter.get(wish)
    assert "Withdraw" in text_of(own)
    assert "Erase this worker for good" not in text_of(own)
    assert "Somebody asked to erase this worker" in text_of(granter.get(f"/workers/{idle.pk}/"))

    inbox = manager.get("/approvals/")
    assert_valid_page(inbox)
    assert WHY in text_of(inbox)
    assert WORKER_ID not in inbox.content.decode()
    assert_valid_page(manager.get(wish))
    assert (
        manager.send(wish, to=f"{wish}decide/", decision="erase").status_code == 422
    )  # that it is final must be ticked
    assert went_on(manager.send(wish, to=f"{wish}decide/", decision="erase", final="on")) == wish
    for address in (wish, f"/workers/{idle.pk}/", "/approvals/", "/workers/", "/jobs/"):
        answer = manager.get(address)
        assert_valid_page(answer)
        assert WORKER_ID not in answer.content.decode()
    told = text_of(manager.get(f"/workers/{idle.pk}/"))
    assert "This worker was erased" in told
    assert "Grant…" not in text_of(granter.get(f"/workers/{idle.pk}/"))


def test_it_is_refused_with_words_or_withdrawn(idle: Worker, granter: Someone, manager: Someone) -> None:
    wish = ask(granter, idle)
    assert "Say why" in text_of(manager.send(wish, to=f"{wish}decide/", decision="decline"))
    went_on(manager.send(wish, to=f"{wish}decide/", decision="decline", words="This is somebody else."))
    assert "This is somebody else." in text_of(granter.get(wish))
    again = ask(granter, idle)
    assert went_on(granter.send(again, to=f"{again}withdraw/")) == f"/workers/{idle.pk}/"
    assert Erasure.objects.get(pk=again.split("/")[2]).state == "withdrawn"


def test_a_hold_is_set_shown_and_released(idle: Worker, granter: Someone, manager: Someone) -> None:
    path = f"/workers/{idle.pk}/hold/"
    assert_valid_page(manager.get(path))
    assert went_on(manager.send(path, reason="A complaint")) == f"/workers/{idle.pk}/"
    told = text_of(granter.get(f"/workers/{idle.pk}/erase/"))
    assert "This cannot be done now." in told
    assert "Ask to erase this worker" not in told
    assert "A complaint" in text_of(manager.get(path))
    went_on(manager.send(path, to=f"/holds/{Hold.objects.get().pk}/release/"))
    ask(granter, idle)


def test_how_long_a_study_is_kept_is_told(lab: Lab, manager: Someone) -> None:
    study: Any = lab.cast.study
    path = f"/studies/{study.pk}/"
    assert "for 6 years after it is closed" in text_of(manager.get(path))
    wish = {"title": study.title, "protocol_number": study.protocol_number}
    assert manager.send(f"{path}edit/", **wish, retention_years="2").status_code == 422
    went_on(manager.send(f"{path}edit/", **wish, retention_years="7"))  # closed: the box is not ticked
    kept = Study.objects.get(pk=study.pk).kept_until
    assert kept is not None
    assert f"Everything of this study is kept until {kept:%-d %B %Y}" in text_of(manager.get(path))
    went_on(manager.send(f"{path}hold/", reason="An audit by the board"))
    told = manager.get(path)
    assert_valid_page(told)
    assert "An audit by the board" in text_of(told)
    assert "never fewer than 3" in text_of(manager.get("/audit/"))
