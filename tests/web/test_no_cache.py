"""The shared cache is gone (F-46): nobody signs in uncounted, and everything else goes on."""

from typing import Any, ClassVar

import pytest
from django.db import OperationalError
from django.test import Client
from redis.exceptions import RedisError

from tests.entries import new_entries
from tests.factories import PASSWORD
from tests.people import Cast
from tests.web.lists import Someone, text_of

pytestmark = pytest.mark.django_db


class Backend:
    """A cache whose table or server cannot be reached."""

    error: ClassVar[Exception]

    def __init__(self, *given: object) -> None:
        pass

    def close(self, **more: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        def refuse(*given: object, **more: object) -> Any:
            raise self.error

        return refuse


@pytest.fixture(autouse=True, params=[OperationalError("no such table: cache"), RedisError("refused")])
def _gone(settings: Any, request: pytest.FixtureRequest) -> None:
    Backend.error = request.param
    settings.CACHES = {**settings.CACHES, "default": {"BACKEND": "tests.web.test_no_cache.Backend"}}


def test_f46_nobody_signs_in(cast: Cast) -> None:
    """A right password too: without a count anybody could try as many as they like."""
    client = Client(raise_request_exception=False)
    page = client.post("/sign-in/", {"username": cast.granter.username, "password": PASSWORD})
    assert page.status_code == 503
    assert "Nothing was changed by what you sent." in text_of(page)
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("path", ["/", "/jobs/", "/types/", "/workers/", "/requests/", "/audit/"])
def test_f46_pages_open(cast: Cast, path: str) -> None:
    someone = Someone(Client(), cast.granter, cast.account)
    assert someone.get(path).status_code == 200


def test_f46_a_reading_of_the_log_is_noted_all_the_same(cast: Cast) -> None:
    someone = Someone(Client(), cast.pi, cast.account)
    with new_entries() as entries:
        someone.get("/audit/?outcome=denied")
    assert entries.actions == ["audit.viewed"]
