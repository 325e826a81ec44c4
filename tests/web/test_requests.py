"""Waiting requests: read only, the oldest first."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import RequestFactory, TypeFactory
from tests.people import Cast
from tests.web.html import assert_valid_fragment, assert_valid_page
from tests.web.lists import Someone, text_of

pytestmark = pytest.mark.django_db


def test_it_shows_what_waits_in_the_account_the_oldest_first(granter: Someone, cast: Cast) -> None:
    wave, other = TypeFactory(account=cast.account), TypeFactory(account=cast.account)
    now = timezone.now()
    young = RequestFactory(type=wave, submitted_at=now - timedelta(hours=1))
    old = RequestFactory(type=other, submitted_at=now - timedelta(days=3))
    RequestFactory(type=wave, state="closed")
    RequestFactory(type=TypeFactory(account=cast.other_account))
    page = granter.get("/requests/")
    assert_valid_page(page)
    assert list(page.context["results"].rows) == [old, young]
    assert "3 days ago" in text_of(page)
    filtered = granter.get(f"/requests/?type={wave.pk}")
    assert_valid_page(filtered)
    assert list(filtered.context["results"].rows) == [young]
    assert_valid_fragment(granter.fragment(f"/requests/?type={wave.pk}"))


def test_an_empty_list_says_why(granter: Someone, cast: Cast) -> None:
    page = granter.get("/requests/")
    assert_valid_page(page)
    assert "No requests wait" in text_of(page)
    assert "Granting the qualification does not answer it" in text_of(page)


def test_a_type_of_another_account_is_no_filter(granter: Someone, cast: Cast) -> None:
    assert granter.get(f"/requests/?type={TypeFactory(account=cast.other_account).pk}").status_code == 400


def test_viewers_see_pseudonyms(cast: Cast) -> None:
    request = RequestFactory(type=TypeFactory(account=cast.account))
    viewer = Someone(Client(), cast.viewer, cast.account)
    html = viewer.get("/requests/").content.decode()
    assert request.worker.worker_id not in html
    assert request.worker.pseudonym_in(cast.account.stream) in html
    assert str(request.worker.pk) not in html
