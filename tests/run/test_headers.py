"""Headers of every answer, and the two clocks of a session."""

import pytest
from django.conf import settings as in_force
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from qualadmin.web.headers import SEEN_AT, SIGNED_IN_AT, SecurityHeadersMiddleware, SessionLimitMiddleware


def test_every_answer_is_guarded(client: Client, db: None) -> None:
    response = client.get("/healthz")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


def test_static_files_may_be_cached(rf: RequestFactory) -> None:
    response = SecurityHeadersMiddleware(lambda request: HttpResponse())(rf.get("/static/app.css"))
    assert "Cache-Control" not in response.headers


class Person:
    is_authenticated = True


@pytest.fixture
def ask(rf: RequestFactory, db: None):
    def _ask(stamps: dict[str, int], **headers: str) -> HttpRequest:
        request = rf.get("/", headers=headers)
        request.COOKIES[in_force.SESSION_COOKIE_NAME] = "key"
        request.session = SessionStore()
        request.session.update(stamps)
        request.user = Person()
        SessionLimitMiddleware(lambda request: HttpResponse())(request)
        return request

    return _ask


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("qualadmin.web.headers.time.time", lambda: 1_000_000.0)
    return 1_000_000


def test_a_click_keeps_a_session_alive(ask, now: int) -> None:
    request = ask({SIGNED_IN_AT: now - 4000, SEEN_AT: now - 1000})
    assert request.user.is_authenticated
    assert request.session[SEEN_AT] == now


@pytest.mark.parametrize("stamps", [(100, in_force.SESSION_IDLE_SECONDS), (in_force.SESSION_ABSOLUTE_SECONDS, 1)])
def test_an_idle_or_old_session_ends(ask, now: int, stamps: tuple[int, int]) -> None:
    request = ask({SIGNED_IN_AT: now - stamps[0], SEEN_AT: now - stamps[1]})
    assert not request.user.is_authenticated
    assert SIGNED_IN_AT not in request.session


def test_a_page_that_polls_is_no_sign_of_life(ask, now: int) -> None:
    request = ask({SIGNED_IN_AT: now - 4000, SEEN_AT: now - 1000}, **{"HX-Polling": "true"})
    assert request.session[SEEN_AT] == now - 1000


def test_a_new_session_gets_its_stamps(ask, now: int) -> None:
    assert ask({}).session[SIGNED_IN_AT] == now
