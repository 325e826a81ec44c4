"""Help is at the same place on every page, for everybody who signed in."""

import pytest
from django.test import Client
from django.urls import reverse

from qualadmin.web.navigation import ENTRIES
from tests.people import NAMES, Cast
from tests.web.html import assert_valid_page


@pytest.mark.parametrize("name", NAMES)
def test_everybody_finds_help_from_any_page(client: Client, cast: Cast, name: str) -> None:
    client.force_login(cast.user(name))
    assert reverse("help") in client.get(reverse("dashboard")).content.decode()
    answer = client.get(reverse("help"))
    assert answer.status_code == 200
    assert_valid_page(answer)


def test_every_entry_of_the_navigation_leads_somewhere() -> None:
    for entry in ENTRIES:
        assert reverse(entry.url_name)
