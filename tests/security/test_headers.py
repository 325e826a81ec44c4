"""Headers of every answer, whoever asks, and what never stands in an address, a title or a log."""

import logging
import re
from typing import Any, Final

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from qualadmin.logs import JsonFormatter
from tests.factories import PASSWORD
from tests.security.stage import PRACTICE, WORKER_ID, Stage, undone
from tests.security.table import TABLE
from tests.web.lists import Someone, went_on

pytestmark = pytest.mark.django_db
WANTED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
NOTHING_ELSE: Final = ("default-src", "object-src", "base-uri", "frame-ancestors")


def faults_of(response: Any) -> list[str]:
    """What is wrong with the headers of one answer."""
    headers = response.headers
    faults = [f"{name}: {headers.get(name)}" for name, value in WANTED.items() if headers.get(name) != value]
    policy = dict(
        part.strip().partition(" ")[::2] for part in headers.get("Content-Security-Policy", "").split(";")
    )
    faults += [f"{name} {policy.get(name)}" for name in NOTHING_ELSE if policy.get(name) != "'none'"]
    faults += [f"{name} {policy.get(name)}" for name in ("script-src", "style-src", "form-action", "connect-src")
               if policy.get(name) != "'self'"]  # fmt: skip
    if re.search(r"unsafe|\*|https?:", str(policy)):
        faults.append(f"the policy lets too much in: {policy}")
    if "no-store" not in headers.get("Cache-Control", ""):
        faults.append(f"Cache-Control: {headers.get('Cache-Control')}")
    features = headers.get("Permissions-Policy", "")
    if "camera=()" not in features or "bluetooth" in features or re.search(r"=\((?!\))|\*", features):
        faults.append(f"Permissions-Policy: {features}")
    for name in ("Server", "X-Powered-By", "Access-Control-Allow-Origin"):
        if name in headers:
            faults.append(f"{name}: {headers[name]}")
    return faults


@pytest.mark.parametrize("name", ["manager", "granter", None])
def test_every_address_has_them(stage: Stage, name: str | None) -> None:
    """For pages, redirects, refusals, errors, files and parts of pages alike."""
    faults = {}
    for url_name, row in TABLE.items():
        address = stage.address(url_name, row.thing, name, PRACTICE)
        for method, extra in (("get", {}), ("get", {"HX-Request": "true"}), ("post", {}), ("put", {})):
            with undone():
                fields = stage.fields(name, PRACTICE) if method == "post" else {}
                response = getattr(stage.client(name, PRACTICE), method)(address, fields, headers=extra)
            if found := faults_of(response):
                faults[f"{method} {url_name} {response.status_code}"] = found
    assert faults == {}


@pytest.mark.parametrize("address", ["/no-such-page/", "/people/abc/", f"/?{'a' * 9_000}", "/types/?colour=red"])
def test_errors_have_them(stage: Stage, address: str) -> None:
    for name in ("manager", None):
        response = stage.client(name, PRACTICE).get(address)
        assert response.status_code in {302, 400, 404, 414}
        assert faults_of(response) == []


def test_a_failure_of_ours_has_them(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 500 page says nothing of what went wrong."""

    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("the secret is hush")

    monkeypatch.setattr("qualadmin.web.views.dashboard.needs_of", broken)
    client = stage.client("manager", PRACTICE)
    client.raise_request_exception = False
    response = client.get("/")
    assert response.status_code == 500
    assert faults_of(response) == []
    assert b"hush" not in response.content
    assert b"RuntimeError" not in response.content


class Trail:
    """A client that keeps what a browser, a proxy and a log would see of each exchange."""

    def __init__(self, client: Client) -> None:
        self.client, self.seen = client, list[str]()
        self._request = client.request
        client.request = self._follow  # type: ignore[method-assign, assignment]

    def _follow(self, **request: Any) -> Any:
        response = self._request(**request)
        self.seen.append(f"{request['PATH_INFO']}?{request.get('QUERY_STRING', '')}")
        self.seen.append(str(response.headers))
        if not response.streaming:
            body = response.content.decode("utf-8", "replace")
            self.seen += re.findall(r"<title>.*?</title>", body, re.S)
            self.seen += re.findall(r'(?:href|action|src|hx-get|hx-post|hx-push-url)="([^"]*)"', body)
        else:
            b"".join(response.streaming_content)
        return response


def test_no_worker_id_stands_in_an_address_a_title_or_a_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """The main job from list to result, searches, worker pages and the audit log, looked at from outside."""
    caplog.set_level(logging.DEBUG)
    ids = [f"{WORKER_ID}{letter}" for letter in "BCDEFG"]
    with undone():
        cache.clear()
        someone = Someone(Client(), stage.cast.granter, stage.cast.account)
        trail = Trail(someone.client)
        kind = str(stage.things[PRACTICE]["type"])
        check = someone.grant(type=kind, list="\n".join([*ids[:3], ids[0].lower()]))
        someone.get(f"{check}problems.csv")
        job = went_on(someone.confirm(check))
        for part in ("", "progress/", "results.csv", "?sort=-n", "?size=25"):
            someone.get(f"{job}{part}")
        columns = went_on(someone.upload(f"{ids[3]}.csv", f"WorkerId,Score\n{ids[3]},5\n".encode()))
        went_on(someone.columns(columns, type=kind))
        for path, fields in (
            ("/find/", {"q": ids[0]}),
            ("/find/", {"q": ids[5]}),
            ("/workers/find/", {"worker_id": ids[0]}),
            ("/workers/find/", {"worker_id": ids[5]}),
            ("/workers/look-up/", {"worker_id": ids[5], "type": kind}),
            ("/audit/", {"words": f"worker:{ids[0]} -action:view"}),
            ("/audit/", {"words": f"worker:{ids[0]} colour:red"}),
            ("/revoke/", {"type": kind, "list": ids[0], "how": "silent"}),
        ):
            response = someone.client.post(path, {**stage.fields("granter", PRACTICE), **fields})
            assert response.status_code in {200, 302, 422}, path
            if response.status_code == 302:
                someone.get(response.headers["Location"])
        someone.get(f"/grant/?worker={stage.things[PRACTICE]['worker']}&type={kind}")
        for path in ("/", "/workers/", "/requests/", "/jobs/", "/audit/", f"/types/{kind}/"):
            someone.get(path)
        assert _audit_tables_with(WORKER_ID) == []
    assert [one for one in trail.seen if WORKER_ID.lower() in one.lower()] == []
    lines = [JsonFormatter().format(record) for record in caplog.records if record.name != "django.db.backends"]
    assert [line for line in lines if WORKER_ID.lower() in line.lower()] == []
    assert len(trail.seen) > 300


def _audit_tables_with(text: str) -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for table in ("audit_entry", "audit_stream", "audit_head"):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                cells = (bytes(one) if isinstance(one, memoryview) else one for one in row)
                if any(text in (one.decode("latin-1") if isinstance(one, bytes) else str(one)) for one in cells):
                    found.append(table)
    return found


def test_no_password_and_no_key_of_a_session_stands_in_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Signing in rightly and wrongly, by the form, with everything logged that can be."""
    caplog.set_level(logging.DEBUG)
    client = Client()
    with undone():
        cache.clear()
        client.post("/sign-in/", {"username": "granter", "password": f"not {PASSWORD}"})
        assert client.post("/sign-in/", {"username": "granter", "password": PASSWORD}).status_code == 302
        key = client.cookies["sessionid"].value
        client.get("/profile/")
    lines = [JsonFormatter().format(one) for one in caplog.records if one.name != "django.db.backends"]
    assert [line for line in lines if PASSWORD in line or key in line] == []


def test_bi_22_a_download_is_called_by_us(stage: Stage) -> None:
    """BI-22: whatever the upload was called."""
    with undone():
        someone = Someone(Client(), stage.cast.granter, stage.cast.account)
        file = SimpleUploadedFile(f"{WORKER_ID}.csv", f"{WORKER_ID}Z\n".encode(), "text/csv")
        columns = went_on(someone.send("/bulk/", file=file, verb="grant"))
        check = went_on(someone.columns(columns, type=str(stage.things[PRACTICE]["type"])))
        response = someone.get(f"{check}problems.csv")
        assert WORKER_ID not in response.headers["Content-Disposition"]
