"""Who may send the forms of the emulator's pages, and what the pages may load."""

from __future__ import annotations

import json

import pytest

from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator
from tests.emulator.browsing import FORM, Surfer
from tests.emulator.conftest import create_type, make_client

PAGES = [
    "",
    *(
        f"page/{name}"
        for name in ("qualifications", "test", "hits", "work", "mail", "calls", "clock", "misbehave", "reset")
    ),
]
RESET = {"do": "reset", "sure": "yes"}


@pytest.fixture
def emulator(servers: dict[str, Emulator]) -> Emulator:
    server = servers["sandbox"]
    server.reset()
    server.configure(**Settings().as_dict())
    return server


@pytest.fixture
def surfer(emulator: Emulator) -> Surfer:
    create_type(make_client(emulator.url, "AKIADEMOFIRST"))
    return Surfer(emulator.host, emulator.port)


def is_untouched(emulator: Emulator) -> bool:
    return bool(emulator.control("GET", "health")["qualification_types"] == 1)


@pytest.mark.parametrize("path", PAGES)
def test_pages_load_nothing_foreign_and_run_nothing(surfer: Surfer, path: str) -> None:
    seen = surfer.get(path)
    assert seen.status == 200
    policy = seen.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not [rule for rule in policy if "script" in rule or "unsafe" in rule]
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert seen.headers["cache-control"] == "no-store"
    assert "<script" not in seen.html
    assert "style=" not in seen.html
    assert "http://" not in seen.html.replace("http://127.0.0.1", "")


def test_the_style_sheet_is_there(surfer: Surfer) -> None:
    seen = surfer.get("page/style.css")
    assert (seen.status, seen.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "url(" not in seen.html


def test_without_the_token_nothing_happens(surfer: Surfer, emulator: Emulator) -> None:
    for token in ("", "guessed", "täuschung"):
        seen = surfer.post("page/reset", {**RESET, "token": token})
        assert seen.status == 403
        assert "Nothing was changed" in seen.notice
    assert is_untouched(emulator)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_forms_of_other_pages_are_refused_even_with_the_token(
    surfer: Surfer, emulator: Emulator, headers: dict[str, str]
) -> None:
    seen = surfer.post("page/reset", RESET, **headers)
    assert (seen.status, seen.notice) == (403, "This form came from another page. Nothing was changed.")
    assert is_untouched(emulator)


def test_our_own_form_is_taken(surfer: Surfer, emulator: Emulator) -> None:
    headers = {"origin": f"http://{emulator.host}:{emulator.port}", "sec_fetch_site": "same-origin"}
    seen = surfer.post("page/reset", RESET, **headers)
    assert seen.notice == "Everything is forgotten. The emulator is empty."
    assert not is_untouched(emulator)


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x"])
def test_other_content_types_are_refused(surfer: Surfer, emulator: Emulator, kind: str) -> None:
    assert surfer.post("page/reset", RESET, content_type=kind).status == (200 if kind == FORM else 415)
    assert is_untouched(emulator)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8089", "127.0.0.1.evil.example", ""])
def test_a_name_somebody_pointed_here_shows_nothing(surfer: Surfer, host: str) -> None:
    for path in ("page/calls", "calls"):
        seen = surfer.get(path, host=host)
        assert seen.status == 403
        assert "localhost" in json.loads(seen.html)["message"]


@pytest.mark.parametrize("host", ["localhost:8089", "127.0.0.1", "[::1]:8089", "emulator:8089"])
def test_names_of_this_machine_are_fine(surfer: Surfer, host: str) -> None:
    assert surfer.get("page/calls", host=host).status == 200
    assert surfer.get("calls", host=host).status == 200


def test_unknown_buttons_pages_and_methods(surfer: Surfer) -> None:
    assert surfer.post("page/reset", {"do": "explode"}).status == 400
    assert surfer.get("page/explode").status == 404
    assert surfer._send("PUT", "/_emulator/page/reset", None, {}).status == 405
    seen = surfer._send("GET", "/_emulator", None, {})
    assert (seen.status, seen.headers["location"]) == (308, "/_emulator/")


def test_a_form_of_ten_thousand_fields_is_refused_in_words(surfer: Surfer) -> None:
    fields: dict[str, object] = {f"f{number}": "x" for number in range(10_000)}
    seen = surfer.post("page/clock", {"do": "advance", **fields})
    assert (seen.status, seen.notice) == (400, "The form could not be read. Nothing was changed.")
