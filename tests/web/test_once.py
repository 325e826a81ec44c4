"""A form is done once, however often it is sent."""

import uuid
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import BadRequest
from django.db import OperationalError
from django.test import RequestFactory

from qualadmin.core.errors import ActionError, Conflict
from qualadmin.core.models import User
from qualadmin.web.http import FORM_KEY, RUNNING_SECONDS, once


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


def sent(key: str, person: int = 1) -> Any:
    request: Any = RequestFactory().post("/", {FORM_KEY: key})
    request.user = User(pk=person)
    return request


def test_the_second_one_leads_to_the_first_outcome() -> None:
    key, done = uuid.uuid4().hex, []

    def act() -> str:
        done.append(1)
        return f"/jobs/{len(done)}/"

    answers = [once(sent(key), act)["Location"] for _ in range(3)]
    assert answers == ["/jobs/1/"] * 3
    assert done == [1]


def test_another_person_or_another_form_is_another_act() -> None:
    key = uuid.uuid4().hex
    assert once(sent(key, 1), lambda: "/a/")["Location"] == "/a/"
    assert once(sent(key, 2), lambda: "/b/")["Location"] == "/b/"
    assert once(sent(uuid.uuid4().hex, 1), lambda: "/c/")["Location"] == "/c/"


def test_while_the_first_is_at_work_the_second_is_told_so() -> None:
    key = uuid.uuid4().hex

    def act() -> str:
        with pytest.raises(Conflict, match="not done twice"):
            once(sent(key), lambda: "/never/")
        return "/first/"

    assert once(sent(key), act)["Location"] == "/first/"


def test_after_a_refusal_the_same_form_may_be_sent_again() -> None:
    key = uuid.uuid4().hex

    def refuse() -> str:
        raise ActionError("No.")

    with pytest.raises(ActionError):
        once(sent(key), refuse)
    assert once(sent(key), lambda: "/now/")["Location"] == "/now/"


@pytest.mark.parametrize("key", ["", "x", "0" * 400])
def test_a_form_without_its_key_is_400(key: str) -> None:
    with pytest.raises(BadRequest):
        once(sent(key), lambda: "/never/")


class LockedCache:
    """The cache table of a database that is locked as soon as the form is at work."""

    def add(self, *given: object) -> bool:
        return True

    def set(self, *given: object) -> None:
        raise OperationalError("database is locked")

    delete = set


def test_an_outcome_that_cannot_be_noted_is_still_the_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qualadmin.web.http.cache", LockedCache())
    assert once(sent(uuid.uuid4().hex), lambda: "/jobs/1/")["Location"] == "/jobs/1/"


def test_a_refusal_that_cannot_be_noted_is_still_that_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> str:
        raise ActionError("No.")

    monkeypatch.setattr("qualadmin.web.http.cache", LockedCache())
    with pytest.raises(ActionError, match="No"):
        once(sent(uuid.uuid4().hex), refuse)


def test_a_form_whose_process_died_may_be_sent_again_before_long(monkeypatch: pytest.MonkeyPatch) -> None:
    kept_for: list[int] = []
    monkeypatch.setattr(cache, "add", lambda slot, value, seconds: kept_for.append(seconds) or True)
    once(sent(uuid.uuid4().hex), lambda: "/jobs/1/")
    assert kept_for == [RUNNING_SECONDS]
