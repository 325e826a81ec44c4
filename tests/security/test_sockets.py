"""What only a raw socket can send, to real gunicorn: lengths that lie, foreign hosts, forged proxies, old cookies.

Two servers on one database: `plain` without a proxy and without https, `behind` one trusted proxy with https.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories import PASSWORD
from tests.security.servers import Answer, Server

FORM = "application/x-www-form-urlencoded"
HTTPS = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def plain(folder: Path) -> Iterator[Server]:
    with Server(folder, "plain") as server:
        yield server


@pytest.fixture(scope="module")
def behind(folder: Path, plain: Server) -> Iterator[Server]:
    with Server(folder, "behind", QUALADMIN_TRUSTED_PROXIES="1", QUALADMIN_HTTPS="true") as server:
        yield server


@pytest.fixture(autouse=True)
def _no_500(plain: Server) -> Iterator[None]:
    """Nothing ever yields a 500, and nothing crashes the server."""
    before = len(plain.said())
    yield
    said = plain.said()[before:]
    for words in ("Internal Server Error", "Error handling request", "Exception in worker", "WORKER TIMEOUT"):
        assert words not in said, said[-3000:]


def sign_in(
    server: Server,
    *,
    cookies: dict[str, str] | None = None,
    query: str = "",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Through the form, as a browser would; `cookies` are those it had before."""
    extra = headers or {}
    page = server.request("GET", f"/sign-in/{query}", headers={**extra, **_cookie(cookies or {})})
    assert page.status == 200
    held = {**(cookies or {}), **page.cookies}
    fields = {"csrfmiddlewaretoken": _token(page), "username": "granter", "password": PASSWORD}
    wanted = re.search(rb'name="next" value="([^"]*)"', page.body)
    if wanted:
        fields["next"] = wanted[1].decode()
    return post(server, f"/sign-in/{query}", fields, cookies=held, headers=extra)


def post(
    server: Server,
    path: str,
    fields: dict[str, str],
    *,
    cookies: dict[str, str],
    headers: dict[str, str] | None = None,
) -> Answer:
    from urllib.parse import urlencode

    more = {"Content-Type": FORM, **_cookie(cookies), **(headers or {})}
    return server.request("POST", path, headers=more, body=urlencode(fields).encode())


def _cookie(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}


def _token(page: Answer) -> str:
    found = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.body)
    assert found
    return found[1].decode()


def raw(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body


# --- BI-02: lengths -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body", "wanted"),
    [
        (["Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\n\r\n", {413}),
        (["Transfer-Encoding: chunked", "Content-Length: 5"], b"5\r\nhello\r\n0\r\n\r\n", {400, 413}),
        (["Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n", {400, 413, 501}),
        (["Transfer-Encoding: xchunked"], b"hello", {400, 413, 501}),
        (["Content-Length: 99999999999999999999"], b"hello", {400, 413}),
        (["Content-Length: 30000000"], b"hello", {413}),
        (["Content-Length: -5"], b"hello", {400}),
        (["Content-Length: +5"], b"hello", {400}),
        (["Content-Length: 5_0"], b"hello", {400}),
        (["Content-Length: five"], b"hello", {400}),
        (["Content-Length: ５"], b"hello", {400}),
        (["Content-Length: 5", "Content-Length: 6"], b"hello!", {400}),
        (["Content-Length: 500"], b"a=1", {400, 403}),  # less comes than was said
        (["Content-Length: 3"], b"a=1GET /healthz HTTP/1.1\r\n\r\n", {403}),  # more comes than was said
    ],
)
def test_bi_02_a_length_that_lies(plain: Server, headers: list[str], body: bytes, wanted: set[int]) -> None:
    """BI-02: refused before anything is read into memory; one answer, whatever follows on the same line."""
    request = "\r\n".join(["POST /bulk/ HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {FORM}", *headers])
    answer = plain.send(request.encode() + b"\r\nConnection: close\r\n\r\n" + body, hang_up=True)
    assert answer.status in wanted, (answer.status, headers)
    assert b"HTTP/1.1" not in answer.body  # no second answer was smuggled out


def test_bi_02_reading_stops_at_the_limit(plain: Server) -> None:
    """BI-02: who goes on sending after the refusal talks to a closed door."""
    head = raw("POST /sign-in/ HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {FORM}", "Content-Length: 50000000")
    answer = plain.send(head + b"a" * 400_000)
    assert answer.status == 413


def test_bi_02_a_file_that_ends_in_the_middle_is_no_500(plain: Server) -> None:
    """BI-02: a multipart body cut off within its file."""
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nA1GOOD'
    head = raw("POST /bulk/ HTTP/1.1", "Host: 127.0.0.1", "Content-Type: multipart/form-data; boundary=x",
               "Content-Length: 5000")  # fmt: skip
    assert plain.send(head + body, hang_up=True).status in {302, 400, 403}


# --- BI-43: hosts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1:99999x", "127.0.0.1@evil.example", "[::2]", "evil.example:80",
     "localhost.evil.example", "127.0.0.1, evil.example", "a b"],
)  # fmt: skip
def test_bi_43_a_foreign_host_is_400_and_noted(plain: Server, host: str) -> None:
    """BI-43: 400, an entry, and the name is not repeated."""
    before = len(plain.entries("access.bad_host"))
    answer = plain.request("GET", "/sign-in/", host=host)
    assert answer.status == 400
    assert b"evil.example" not in answer.body
    after = len(plain.entries("access.bad_host"))
    assert after == before + 1 or b"Bad Request" in answer.body  # gunicorn's own refusal has no entry of ours


@pytest.mark.parametrize(
    "lines",
    [
        ("GET http://evil.example/sign-in/ HTTP/1.1", "Host: 127.0.0.1"),
        ("GET http://evil.example/ HTTP/1.1", "Host: 127.0.0.1"),
        ("GET https://127.0.0.1/sign-in/ HTTP/1.1", "Host: evil.example"),
        ("GET //evil.example/ HTTP/1.1", "Host: 127.0.0.1"),
        ("GET /sign-in/ HTTP/1.1", "Host: "),
        ("GET /sign-in/ HTTP/1.1", "Host: 127.0.0.1", "Host: evil.example"),
        ("GET /sign-in/ HTTP/1.1", "Host: evil.example", "X-Forwarded-Host: 127.0.0.1"),
        ("CONNECT evil.example:443 HTTP/1.1", "Host: 127.0.0.1"),
        ("OPTIONS * HTTP/1.1", "Host: 127.0.0.1"),
    ],
)
def test_bi_43_a_request_line_or_host_of_another_site_is_refused(plain: Server, lines: tuple[str, ...]) -> None:
    """BI-43: an address in the request line, no host, two hosts."""
    answer = plain.send(raw(*lines))
    assert answer.status in {400, 404, 405}, lines
    assert "evil.example" not in str(answer.headers)
    assert b"evil.example" not in answer.body


def test_bi_43_an_address_in_the_request_line_is_noted(plain: Server) -> None:
    """BI-43: `access.bad_host`, even where the host header is ours."""
    before = len(plain.entries("access.bad_host"))
    assert plain.send(raw("GET http://evil.example/sign-in/ HTTP/1.1", "Host: 127.0.0.1")).status == 400
    assert len(plain.entries("access.bad_host")) == before + 1


# --- BI-44: proxies -----------------------------------------------------------------------------------------

FORGED = {
    "X-Forwarded-For": "1.2.3.4, evil",
    "X-Real-IP": "9.9.9.9",
    "Forwarded": "for=8.8.8.8;proto=https;host=evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": "/evil",
    "Script-Name": "/evil",
}


def test_bi_44_without_a_proxy_nothing_forwarded_is_believed(plain: Server) -> None:
    """BI-44: the entry shows the real peer, and http stays http."""
    answer = plain.request("GET", "/grant/", headers=FORGED)
    assert answer.status == 302
    assert answer.headers["location"] == "/sign-in/?next=%2Fgrant%2F"
    assert "strict-transport-security" not in answer.headers
    before = len(plain.entries("access."))
    # Were https believed, a missing referrer would be the fault; it is the missing token either way: 403.
    assert plain.request("POST", "/sign-in/", headers={"Content-Type": FORM, **FORGED}, body=b"a=1").status == 403
    assert plain.entries("access.")[before:] == [("access.csrf_failed", "127.0.0.1")]


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "REMOTE_ADDR", "wsgi.url_scheme", "X_FORWARDED_FOR"])
def test_bi_44_no_header_sets_what_the_server_knows(plain: Server, name: str) -> None:
    """BI-44: some servers take these from a peer on the same machine."""
    answer = plain.request("GET", "/grant/", headers={name: "/evil"})
    assert (
        answer.status == 302 and answer.headers["location"] == "/sign-in/?next=%2Fgrant%2F"
    ) or answer.status == 400


def test_bi_44_a_client_cannot_say_that_it_came_by_https(plain: Server) -> None:
    """BI-44: the form of somebody who claims https is judged as what it is, and still signs in."""
    answer = sign_in(plain, headers={"X-Forwarded-Proto": "https"})
    assert answer.status == 302
    assert plain.entries("auth.login.succeeded")[-1][1] == "127.0.0.1"


def test_bi_44_behind_one_proxy_only_its_own_word_counts(behind: Server) -> None:
    """BI-44: the last address is the proxy's; what a client put before it is not believed."""
    before = len(behind.entries("access."))
    forged = {**FORGED, "X-Forwarded-For": "1.2.3.4, 203.0.113.9", "X-Forwarded-Ssl": "off"}
    assert behind.request("POST", "/sign-in/", headers={"Content-Type": FORM, **forged}, body=b"a=1").status == 403
    assert behind.entries("access.")[before:] == [("access.csrf_failed", "203.0.113.9")]
    answer = behind.request("GET", "/sign-in/")  # the proxy says nothing of https: it was http
    assert (answer.status, answer.headers["location"]) == (301, "https://127.0.0.1/sign-in/")


# --- BI-41, BI-45, BI-46: forms from elsewhere, cookies, next -------------------------------------------------


@pytest.mark.parametrize(
    "extra",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Content-Type": "text/plain"},
     {"X-CSRFToken": "a" * 64}, {"Referer": "https://evil.example/"}],
)  # fmt: skip
def test_bi_41_a_form_from_elsewhere(plain: Server, extra: dict[str, str]) -> None:
    """BI-41: 403, an entry, and the session goes on."""
    cookies = sign_in(plain).cookies
    before = len(plain.entries("access.csrf_failed"))
    answer = plain.request(
        "POST", "/profile/theme/", headers={"Content-Type": FORM, **_cookie(cookies), **extra}, body=b"theme=dark"
    )
    assert answer.status == 403
    assert len(plain.entries("access.csrf_failed")) == before + 1
    assert plain.request("GET", "/profile/", headers=_cookie(cookies)).status == 200


def test_bi_41_another_sites_origin_with_a_valid_token(plain: Server) -> None:
    """BI-41: the token alone does not help."""
    cookies = sign_in(plain).cookies
    page = plain.request("GET", "/profile/", headers=_cookie(cookies))
    fields = {"csrfmiddlewaretoken": _token(page), "theme": "dark"}
    held = {**cookies, **page.cookies}
    for origin, status in (("http://evil.example", 403), ("https://127.0.0.1", 403), ("http://127.0.0.1", 302)):
        assert post(plain, "/profile/theme/", fields, cookies=held, headers={"Origin": origin}).status == status


def test_bi_45_cookies(plain: Server) -> None:
    """BI-45: a preset key is not taken over; a key that was signed out, made up or 8 KB long is nobody's."""
    preset = {"sessionid": "a" * 32}
    first = sign_in(plain, cookies=preset)
    assert first.status == 302
    assert first.cookies["sessionid"] not in {"", preset["sessionid"]}
    held = sign_in(plain).cookies
    page = plain.request("GET", "/profile/", headers=_cookie(held))
    assert page.status == 200
    both = {**held, **page.cookies}
    assert post(plain, "/sign-out/", {"csrfmiddlewaretoken": _token(page)}, cookies=both).status == 302
    for value in (held["sessionid"], "b" * 32, "' OR 1=1", "../../x", "%00", "x" * 4_000):
        answer = plain.request("GET", "/profile/", headers={"Cookie": f"sessionid={value}"})
        assert (answer.status, answer.headers["location"]) == (302, "/sign-in/?next=%2Fprofile%2F"), value
    assert plain.request("GET", "/profile/", headers={"Cookie": f"sessionid={'x' * 8_200}"}).status in {400, 431}


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example/", "javascript:alert(1)", "/\\evil.example", "///evil.example",
     "https:evil.example", "%09//evil.example", "/%0d%0aSet-Cookie:%20a=b", "data:text/html,x", "\\\\evil.example",
     "http:///evil.example", "%00//evil.example"],
)  # fmt: skip
def test_bi_46_next_leads_nowhere_else(plain: Server, wanted: str) -> None:
    """BI-46: the own start page, or at most a page of this site."""
    answer = sign_in(plain, query=f"?next={wanted}")
    assert answer.status == 302
    target = answer.headers["location"]
    assert target == "/" or (target.startswith("/%0D%0ASet-Cookie") and "a" not in answer.cookies), target


# --- BI-51: too many parts ----------------------------------------------------------------------------------


def test_bi_51_too_many_parts_fields_or_levels(plain: Server) -> None:
    """BI-51: 101 files, 2,001 fields, 200 KB of headers in one part, JSON within JSON."""
    page = plain.request("GET", "/sign-in/")
    cookies, token = page.cookies, _token(page)
    start = f'--x\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'.encode()

    def part(n: int) -> bytes:
        return b'--x\r\nContent-Disposition: form-data; name="f%d"; filename="a.csv"\r\n\r\nx\r\n' % n

    headers = {"Content-Type": "multipart/form-data; boundary=x", **_cookie(cookies)}
    body = start + b"".join(part(n) for n in range(101)) + b"--x--\r\n"
    assert plain.request("POST", "/sign-in/", headers=headers, body=body).status == 400
    thick = (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nX-Y: ' + b"y" * 200_000 + b"\r\n\r\nx\r\n--x--\r\n"
    )
    assert plain.request("POST", "/sign-in/", headers=headers, body=start + thick).status in {400, 403, 422}
    for boundary in ("", "; boundary=", "; boundary=" + "x" * 300, '; boundary="é"'):
        wrong = {**headers, "Content-Type": f"multipart/form-data{boundary}"}
        assert plain.request("POST", "/sign-in/", headers=wrong, body=start).status in {400, 403}, boundary
    many = {f"f{n}": "1" for n in range(2_001)}
    assert post(plain, "/sign-in/", {"csrfmiddlewaretoken": token, **many}, cookies=cookies).status == 400
    deep = b"[" * 100_000 + b"]" * 100_000
    as_json = {"Content-Type": "application/json", "X-CSRFToken": token, **_cookie(cookies)}
    assert plain.request("POST", "/sign-in/", headers=as_json, body=deep).status in {400, 403, 422}


# --- https --------------------------------------------------------------------------------------------------


def test_with_https_cookies_are_tied_to_it(behind: Server) -> None:
    """Prefix, Secure, HttpOnly, SameSite, no Domain; a year of https only; a missing referrer is refused."""
    origin = {**HTTPS, "Referer": "https://127.0.0.1/sign-in/"}
    answer = sign_in(behind, headers=origin)
    assert answer.status == 302
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000; includeSubDomains")
    page = behind.request("GET", "/sign-in/", headers=origin)
    flags = {**page.flags, **answer.flags}
    assert set(flags) >= {"__Host-sessionid", "__Host-csrftoken"}
    for name, given in flags.items():
        parts = {one.strip().lower() for one in given.split(";")}
        assert name.startswith("__Host-"), name
        assert {"secure", "httponly", "path=/"} <= parts, (name, given)
        assert not any(one.startswith("domain") for one in parts), given
        assert f"samesite={'strict' if 'csrf' in name else 'lax'}" in parts, given
    page = behind.request("GET", "/profile/", headers={**origin, **_cookie(answer.cookies)})
    assert (page.status, page.headers["cache-control"]) == (200, "no-store")
    held, fields = {**answer.cookies, **page.cookies}, {"csrfmiddlewaretoken": _token(page), "theme": "dark"}
    assert post(behind, "/profile/theme/", fields, cookies=held, headers=HTTPS).status == 403
    assert post(behind, "/profile/theme/", fields, cookies=held, headers=origin).status == 302
