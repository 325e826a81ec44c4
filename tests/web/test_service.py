"""The managers' page about the service itself."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from qualadmin.core.actions.accounts import pause_account
from qualadmin.core.actions.system import record_backup_finished
from qualadmin.core.actor import Actor
from qualadmin.core.models import AccountPace
from qualadmin.core.vitals import Disk
from tests.people import Cast
from tests.vital_signs import beat, due_change
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lists import Someone, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qualadmin.core.vitals.read_disk", lambda: Disk(total=100 * 2**30, free=40 * 2**30))


@pytest.fixture
def manager(cast: Cast, client: Client) -> Someone:
    return Someone(client, cast.manager, cast.account)


def test_all_is_well(cast: Cast, manager: Someone) -> None:
    beat("lab-one")
    response = manager.get("/service/")
    assert_valid_page(response)
    text = text_of(response)
    assert "Everything works." in text
    for words in ("lab-one", "machine", "Beats", "Lets through", "40.0 of 100.0 GiB free", "Last verification"):
        assert words in text, words
    assert_valid_fragment(manager.fragment("/service/"))
    assert 'href="/service/"' in manager.get("/").content.decode()


def test_what_needs_a_person_stands_first_with_what_to_do(
    cast: Cast, manager: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qualadmin.core.vitals.read_disk", lambda: Disk(total=100 * 2**30, free=2**29))
    beat(ago=timedelta(minutes=10))
    due_change(cast, timedelta(minutes=10))
    pause_account(actor=Actor.system("drain"), account=cast.other_account, cause="Amazon refused the credentials.")
    response = manager.get("/service/")
    assert_valid_page(response)
    text = text_of(response)
    for words in (
        "No task cluster is running.",
        "start it",
        "“Other lab” is paused. Amazon refused the credentials. Nothing is sent for it",
        "The disk is nearly full. 0.5 GiB are free, 0 %.",
        "Silent",
    ):
        assert words in text, words
    assert "Everything works" not in text
    assert f'href="/accounts/{cast.other_account.pk}/"' in response.content.decode()


def test_a_breaker_that_rests_is_shown_and_goes_on_by_itself(cast: Cast, manager: Someone) -> None:
    beat()
    AccountPace.objects.create(
        account=cast.account, state={"rate": 3.2}, open_until=timezone.now() + timedelta(seconds=40)
    )
    text = text_of(manager.get("/service/"))
    assert "Calls to “Practice lab” are held back." in text
    assert "goes on by itself" in text
    assert "Holds back" in text
    assert "3.2" in text


def test_when_it_was_backed_up(cast: Cast, manager: Someone) -> None:
    assert "takes one" in text_of(manager.get("/service/"))
    record_backup_finished(actor=Actor.system("backup"), entries=1, root="0" * 64, sha256="1" * 64, size=5)
    text = text_of(manager.get("/service/"))
    assert "Last backup" in text
    assert "takes one" not in text


def test_a_cluster_of_last_month_is_not_shown(cast: Cast, manager: Someone) -> None:
    beat("gone-machine", ago=timedelta(days=30))
    beat("here")
    text = text_of(manager.get("/service/"))
    assert "here" in text
    assert "gone-machine" not in text


def test_without_a_database_it_says_so(cast: Cast, manager: Someone, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*unused: Any) -> None:
        raise OperationalError("hush")

    monkeypatch.setattr("qualadmin.web.views.service.read_vitals", locked)
    response = manager.get("/service/")
    assert response.status_code == 503
    assert b"hush" not in response.content
