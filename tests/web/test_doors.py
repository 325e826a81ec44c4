"""What is refused before any view: size, host, origin, method, forged addresses. BI-02, 31, 38, 41 to 44, 51."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from qualadmin.audit.models import AuditEntry
from qualadmin.web.peers import client_ip
from tests.people import Cast
from tests.web.html import assert_valid_page


def refusals() -> list[str]:
    return list(AuditEntry.objects.filter(action__startswith="access.").values_list("action", flat=True))


def guard(cast: Cast, **other: str) -> dict[str, str]:
    """The hidden fields of a form the granter opened; `Other lab` comes first in the alphabet."""
    fields = {
        "guard_account": str(cast.other_account.pk),
        "guard_environment": cast.other_account.environment,
        "guard_person": str(cast.granter.pk),
    }
    return {**fields, **other}


def test_a_long_query_is_414_before_anything_reads_it(db: None, client: Client) -> None:
    response = client.get("/sign-in/?" + "a" * 8_193)
    assert response.status_code == 414
    assert_valid_page(response)
    assert client.get("/sign-in/?" + "a" * 8_192).status_code == 200


@pytest.mark.parametrize("headers", [{"CONTENT_LENGTH": str(9 * 2**20)}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_too_much_at_once_is_413(db: None, client: Client, settings: Settings, headers: dict[str, str]) -> None:
    response = client.generic("POST", "/sign-in/", b"x", **headers)  # type: ignore[arg-type]
    assert response.status_code == 413
    assert_valid_page(response)
    assert f"8 MB and {settings.UPLOAD_MAX_ROWS:,} lines" in response.content.decode()


def test_a_length_that_is_none_is_400(db: None, client: Client) -> None:
    assert client.generic("POST", "/sign-in/", b"x", CONTENT_LENGTH="-5").status_code == 400


def test_2001_fields_or_6_files_are_400(db: None, client: Client) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    assert client.post("/sign-in/", {f"f{n}": "x" for n in range(2_001)}).status_code == 400
    files = {f"f{n}": SimpleUploadedFile("a.csv", b"x") for n in range(6)}
    assert client.post("/sign-in/", files).status_code == 400


@pytest.mark.parametrize("host", ["evil.example", "testserver:99999x", "[::2]", "", "a b"])
def test_a_foreign_host_is_400_and_noted(db: None, client: Client, host: str) -> None:
    response = client.get("/sign-in/", HTTP_HOST=host)
    assert response.status_code == 400
    assert host == "" or "evil" not in response.content.decode()
    assert refusals() == ["access.bad_host"]


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"HTTP_X_CSRFTOKEN": "x" * 64},
        {"HTTP_ORIGIN": "https://evil.example"},
        {"CONTENT_TYPE": "text/plain"},
    ],
)
def test_a_form_from_elsewhere_is_403_and_noted(cast: Cast, extra: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.granter)
    response = client.generic(
        "POST", "/profile/theme/", "theme=dark", **{"CONTENT_TYPE": "application/x-www-form-urlencoded", **extra}
    )  # type: ignore[arg-type]
    assert response.status_code == 403
    assert_valid_page(response)
    assert refusals() == ["access.csrf_failed"]
    cast.granter.refresh_from_db()
    assert cast.granter.theme == "system"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"])
def test_other_methods_on_a_form_address_are_405(cast: Cast, client: Client, method: str) -> None:
    client.force_login(cast.granter)
    response = client.generic(method, "/profile/theme/")
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.2.3.4, 5.6.7.8", "192.0.2.1"),
        (1, "1.2.3.4, 5.6.7.8", "5.6.7.8"),
        (2, "evil, 1.2.3.4, 5.6.7.8", "1.2.3.4"),
        (2, "5.6.7.8", "192.0.2.1"),
        (1, "", None),
        (1, "evil", None),
        (1, "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_what_own_proxies_wrote_is_believed(
    rf: RequestFactory, settings: Settings, proxies: int, forwarded: str, expected: str | None
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = rf.get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded, HTTP_X_REAL_IP="9.9.9.9")
    assert client_ip(request) == expected


def test_a_form_for_another_account_is_refused_with_the_sentence(cast: Cast, client: Client) -> None:
    client.force_login(cast.granter)
    fields = guard(cast, time_zone="Europe/Berlin", theme="dark")
    stale = client.post("/profile/", {**fields, "guard_environment": "sandbox"})
    assert stale.status_code == 409
    assert_valid_page(stale)
    assert (
        "You opened this page for the sandbox; now the emulator is active. Nothing was done."
        in stale.content.decode()
    )
    other = client.post("/profile/", {**fields, "guard_account": str(cast.account.pk)})
    assert "You opened this page for another account; now “Other lab” is active." in other.content.decode()
    somebody = client.post("/profile/", {**fields, "guard_person": str(cast.pi.pk)})
    assert somebody.status_code == 409
    cast.granter.refresh_from_db()
    assert cast.granter.theme == "system"
    assert client.post("/profile/", fields).status_code == 302
    cast.granter.refresh_from_db()
    assert (cast.granter.theme, cast.granter.time_zone) == ("dark", "Europe/Berlin")


def test_the_sentence_names_production(cast: Cast, client: Client, production_account: object) -> None:
    client.force_login(cast.granter)
    client.post(reverse("account-use"), {"account": str(production_account.pk)})  # type: ignore[attr-defined]
    response = client.post("/profile/", guard(cast, guard_environment="sandbox"))
    assert "You opened this page for the sandbox; now production is active." in response.content.decode()


@pytest.mark.parametrize("missing", ["guard_account", "guard_environment", "guard_person"])
def test_a_form_without_its_guard_is_400(cast: Cast, client: Client, missing: str) -> None:
    client.force_login(cast.granter)
    fields = guard(cast, time_zone="UTC", theme="dark")
    del fields[missing]
    assert client.post("/profile/", fields).status_code == 400


def test_a_doubled_field_is_400_and_an_extra_one_ignored(cast: Cast, client: Client) -> None:
    client.force_login(cast.granter)
    doubled: dict[str, object] = {**guard(cast, time_zone="UTC"), "theme": ["dark", "light"]}
    response = client.post("/profile/", doubled)
    assert response.status_code == 400
    assert "given twice" in response.content.decode()
    extra = guard(cast, time_zone="UTC", theme="light", is_active="", username="root", role="manager")
    assert client.post("/profile/", extra).status_code == 302
    cast.granter.refresh_from_db()
    assert (cast.granter.username, cast.granter.is_active) == ("granter", True)


def test_an_account_out_of_scope_does_not_exist(cast: Cast, client: Client) -> None:
    client.force_login(cast.outsider)
    for wanted, status in ((str(cast.account.pk), 404), ("x", 400), (str(cast.other_account.pk), 302)):
        assert client.post(reverse("account-use"), {"account": wanted}).status_code == status
    assert refusals() == ["access.denied"]
    assert "Practice lab" not in client.get("/profile/").content.decode()


def test_an_expired_session_sends_a_fragment_request_to_the_sign_in_page(db: None, client: Client) -> None:
    response: HttpResponse = client.get("/styleguide/list/", headers={"HX-Request": "true"})  # type: ignore[assignment]
    assert response.headers["HX-Redirect"] == "/sign-in/"


def test_healthz_tells_nothing_and_asks_nobody(db: None, client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert client.post("/healthz").status_code == 405
