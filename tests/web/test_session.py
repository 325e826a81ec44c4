"""Signing in and out: BI-45, BI-46, BI-47, BI-49, BI-50."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from qualadmin.audit.models import AuditEntry
from qualadmin.core.actions.people import deactivate_user
from qualadmin.core.models import User
from qualadmin.web import signing_in
from qualadmin.web.views.session import WRONG
from tests.factories import PASSWORD, UserFactory
from tests.people import Cast
from tests.web.html import assert_valid_page

SIGN_IN = "/sign-in/"


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    cache.clear()


def try_sign_in(client: Client, name: str, password: str, ip: str = "192.0.2.1", **extra: str):  # type: ignore[no-untyped-def]
    return client.post(SIGN_IN, {"username": name, "password": password, **extra}, REMOTE_ADDR=ip)


def is_signed_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def actions_written() -> list[str]:
    return list(
        AuditEntry.objects.filter(action__startswith="auth.").order_by("pk").values_list("action", flat=True)
    )


@pytest.mark.parametrize("name", ["granter", "GRANTER", "granter@lab.example.org", " granter "])
def test_it_signs_in_by_name_or_address_and_writes_one_entry(cast: Cast, client: Client, name: str) -> None:
    response = try_sign_in(client, name, PASSWORD)
    assert response.status_code == 302
    assert response.headers["Location"] == "/"
    assert is_signed_in(client)
    assert actions_written() == ["auth.login.succeeded"]


def test_a_preset_session_key_is_not_taken_over(cast: Cast, client: Client) -> None:
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = before
    try_sign_in(client, "granter", PASSWORD)
    assert client.session.session_key != before
    assert "planted" not in client.session


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("granter", "wrong password here"),
        ("nobody-like-that", PASSWORD),
        ("closed", PASSWORD),
        ("granter\0", PASSWORD),
        ("ｇranter", PASSWORD),
        ("x" * 10_240, PASSWORD),
        ("granter", "p" * 129),
        ("granter", "p" * 10_000),
        ("granter", f" {PASSWORD}"),
        ("' OR 1=1 --", "' OR 1=1 --"),
    ],
)
def test_every_failure_looks_the_same(cast: Cast, client: Client, name: str, password: str) -> None:
    UserFactory(username="closed", is_active=False)
    response = try_sign_in(client, name, password)
    assert response.status_code == 422
    assert_valid_page(response)
    assert WRONG in response.content.decode()
    assert not is_signed_in(client)
    # NUL is refused by the form itself and never reaches the check, so it leaves no entry
    assert actions_written() in (["auth.login.failed"], [])


@pytest.mark.parametrize("name", ["granter", "closed", "nobody-like-that", "nobody@lab.example.org"])
def test_unknown_closed_and_wrong_take_one_hash_each(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The hash is all of the time it takes, so as many hashes is as long; a clock would measure the machine."""
    UserFactory(username="closed", is_active=False)
    hashed: list[str] = []
    original = MD5PasswordHasher.encode

    def counting(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return original(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    assert signing_in._checked(name, "wrong password here") is None
    assert hashed == ["wrong password here"]


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
        "\\\\evil.example",
        "x",
        "/%0d%0aSet-Cookie:a=b\r\n",
    ],
)
def test_it_goes_to_no_foreign_address(cast: Cast, client: Client, wanted: str) -> None:
    location = try_sign_in(client, "granter", PASSWORD, next=wanted).headers["Location"]
    assert location == "/" or (location.startswith("/%") and "\n" not in location)


def test_it_goes_back_to_the_page_that_was_asked_for(cast: Cast, client: Client) -> None:
    asked = client.get("/styleguide/list/?q=pi").headers["Location"]
    assert asked == "/sign-in/?next=%2Fstyleguide%2Flist%2F%3Fq%3Dpi"
    shown = client.get(asked)
    assert 'name="next" value="/styleguide/list/?q=pi"' in shown.content.decode()
    response = try_sign_in(client, "granter", PASSWORD, next="/styleguide/list/?q=pi")
    assert response.headers["Location"] == "/styleguide/list/?q=pi"


def test_many_tries_from_one_address_are_held_back(cast: Cast, client: Client) -> None:
    answers = [try_sign_in(client, "granter", f"guess number {n}").status_code for n in range(8)]
    assert answers == [422] * 5 + [429] * 3
    response = try_sign_in(client, "granter", PASSWORD)
    assert response.status_code == 429, "not even with the right password"
    assert int(response.headers["Retry-After"]) > 0
    assert_valid_page(response)
    assert actions_written().count("auth.login.locked") == 1, "a burst is one entry"


def test_a_stranger_locks_nobody_out(cast: Cast, client: Client) -> None:
    for n in range(60):
        try_sign_in(client, "granter", "guess", ip=f"198.51.100.{n % 12 + 1}")
    assert try_sign_in(client, "granter", PASSWORD, ip="192.0.2.77").status_code == 302


def test_a_name_attacked_from_many_addresses_gets_one_try_for_each(cast: Cast, client: Client) -> None:
    for _ in range(50):
        signing_in.NAME.note("granter")
    first = try_sign_in(client, "granter", "guess", ip="203.0.113.9").status_code
    second = try_sign_in(client, "granter", "guess", ip="203.0.113.9").status_code
    assert (first, second) == (422, 429)


def test_one_password_tried_on_many_names_is_held_back(cast: Cast, client: Client) -> None:
    with time_machine.travel(datetime(2026, 11, 2, 10, 0, tzinfo=UTC), tick=False):  # within one window
        answers = [try_sign_in(client, f"person-{n}", "Spring2026").status_code for n in range(40)]
    assert answers[:30] == [422] * 30
    assert set(answers[30:]) == {429}


def test_signing_out_ends_the_session_on_the_server(cast: Cast, client: Client) -> None:
    try_sign_in(client, "granter", PASSWORD)
    stolen = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.get("/sign-out/").status_code == 405, "a link can't sign anybody out"
    assert client.post("/sign-out/").status_code == 302
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = stolen
    assert not is_signed_in(thief)
    assert actions_written() == ["auth.login.succeeded", "auth.logout"]


def test_a_session_ends_when_the_person_is_deactivated(cast: Cast, client: Client) -> None:
    try_sign_in(client, "viewer", PASSWORD)
    assert is_signed_in(client)
    deactivate_user(actor=cast.actor("manager"), user=cast.viewer)
    assert not is_signed_in(client)


@pytest.mark.parametrize("cookie", ["", "x" * 8_000, "abc; def", "../../etc/passwd"])
def test_a_strange_session_cookie_is_nobody(cast: Cast, client: Client, cookie: str) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert client.get("/profile/").status_code == 302


def test_the_sign_in_page_names_nobody(cast: Cast, client: Client) -> None:
    text = client.get(SIGN_IN).content.decode()
    assert "granter" not in text.lower()
    assert "demo" not in text.lower()


def test_a_demo_shows_its_people(cast: Cast, client: Client, settings: Settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings.MODE, settings.VAR_DIR = "demo", tmp_path
    people = '[{"name": "mira", "password": "made up words here", "role": "Granter"}]'
    (tmp_path / "sign-ins.json").write_text(people, encoding="utf-8")
    response = client.get(SIGN_IN)
    assert_valid_page(response)
    assert 'data-fill-username="mira"' in response.content.decode()


def test_whoever_got_a_password_from_somebody_must_change_it_first(cast: Cast, client: Client) -> None:
    UserFactory(username="fresh", must_change_password=True)
    try_sign_in(client, "fresh", PASSWORD)
    assert client.get("/profile/").headers["Location"] == reverse("password")
    page = client.get(reverse("password"))
    assert_valid_page(page)
    guard = {
        "guard_account": "",
        "guard_environment": "",
        "guard_person": str(User.objects.get(username="fresh").pk),
    }
    new = "four plain words together"
    answer = client.post(reverse("password"), {**guard, "old": PASSWORD, "new": new, "again": new})
    assert answer.status_code == 302
    assert is_signed_in(client), "the own session goes on"
    assert try_sign_in(Client(), "fresh", PASSWORD).status_code == 422
    assert try_sign_in(Client(), "fresh", new).status_code == 302
