"""What is refused before any operation is asked: tokens, headers, sizes, broken JSON, unknown paths."""

import json

import pytest
from django.db import OperationalError
from django.test import Client

from qualadmin.api import door, views
from qualadmin.api.operation import SMALL
from qualadmin.core.actions import people
from qualadmin.core.models import Job, QualificationType
from qualadmin.web import limits
from qualadmin.web.limits import Limit
from tests.api.program import Program, details_of, error_of, in_envelope
from tests.entries import new_entries
from tests.people import Cast

pytestmark = pytest.mark.django_db
GRANT = "AssociateQualificationWithWorker"
FULL = {"QualificationTypeId": "3WAVE7", "WorkerId": "A1GOODWORKER01"}


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic bWlyYTp4", "qat_x", "Token qat_x"])
def test_without_a_token_nobody_gets_in(db: None, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = Program().send(GRANT, FULL, headers=headers)
    assert error_of(response) == (401, "AUTHENTICATION_REQUIRED")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_counts_for_nothing(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.granter)
    assert error_of(Program(client=client).send(GRANT, FULL)) == (401, "AUTHENTICATION_REQUIRED")


def test_no_form_token_is_needed(program: Program, wave: QualificationType) -> None:
    program.client = Client(enforce_csrf_checks=True)
    assert program.send(GRANT, FULL).status_code == 202


def test_the_token_of_a_deactivated_person_is_refused_and_logged(
    cast: Cast, program: Program, wave: QualificationType
) -> None:
    people.deactivate_user(actor=cast.manager.as_actor(), user=cast.granter)
    with new_entries() as entries:
        response = program.send(GRANT, FULL)
    assert error_of(response) == (401, "AUTHENTICATION_REQUIRED")
    assert "was closed. Nothing was done." in response.json()["error"]["message"]
    assert entries.only.action == "auth.token.refused"
    assert entries.only.changes == {"cause": [None, "inactive"]}
    assert not Job.objects.exists()


def test_an_address_that_tries_tokens_is_slowed_down_and_others_are_not(
    program: Program, wave: QualificationType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "WRONG", Limit("api-wrong", times=2, seconds=300))
    wrong = Program("qat_" + "x" * 43)
    with new_entries() as entries:
        found = [wrong.send(GRANT, FULL) for _ in range(4)]
    assert [response.status_code for response in found] == [401, 401, 429, 429]
    assert 0 < int(found[-1].headers["Retry-After"]) <= 300
    assert entries.actions == ["auth.token.refused", "auth.token.refused", "access.rate_limited"]
    assert program.send(GRANT, FULL).status_code == 202


def test_processes_tell_each_other_of_every_twentieth_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting in the shared cache costs more than many a request."""
    limit = Limit("api", times=50, seconds=86_400)
    counts = [limit.note_lightly("mira") for _ in range(45)]
    assert counts == list(range(1, 46))
    assert limit.count("mira") == 40
    monkeypatch.setattr(limits, "_kept", {})  # another process
    assert [limit.note_lightly("mira") for _ in range(25)][-6:] == [60, 61, 62, 63, 64, 65]
    assert limit.count("mira") > limit.times


def test_too_many_requests_of_one_person_wait(
    program: Program, wave: QualificationType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "REQUESTS", Limit("api", times=2, seconds=86_400))
    assert [program.send(GRANT, {}).status_code for _ in range(2)] == [400, 400]
    with new_entries() as entries:
        responses = [program.send(GRANT, FULL) for _ in range(2)]
    assert error_of(responses[0]) == (429, "RATE_LIMITED")
    assert int(responses[0].headers["Retry-After"]) > 0
    assert entries.actions == ["access.rate_limited"]
    assert not Job.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_operations_are_posted(program: Program, method: str) -> None:
    response = getattr(program.client, method)(f"/api/v1/{GRANT}")
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"
    if method != "head":
        in_envelope(response)


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v1/Nothing", "/api/v2/x", f"/api/v1/{GRANT}/", "/api/%00"]
)
def test_an_unknown_path_is_answered_in_the_envelope(path: str, db: None) -> None:
    for response in (Client().get(path), Client().post(path, {})):
        assert error_of(in_envelope(response)) == (404, "NOT_FOUND")


def test_a_foreign_host_is_refused_in_the_envelope(db: None) -> None:
    with new_entries() as entries:
        response = Client().post(f"/api/v1/{GRANT}", headers={"Host": "evil.example.org"})
    assert in_envelope(response).status_code == 400
    assert entries.only.action == "access.bad_host"


@pytest.mark.parametrize("accept", ["text/html", "application/xml, text/*", "image/*"])
def test_who_takes_no_json_is_told_so(program: Program, accept: str) -> None:
    assert program.send(GRANT, FULL, headers={"Accept": accept}).status_code == 406


@pytest.mark.parametrize("accept", ["*/*", "application/*", "text/html, application/json;q=0.5"])
def test_who_takes_json_among_others_gets_it(program: Program, wave: QualificationType, accept: str) -> None:
    assert program.send(GRANT, FULL, headers={"Accept": accept}).status_code == 202


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/json; charset=latin-1",
        "application/jsonx",
    ],
)
def test_who_sends_no_json_is_told_so(program: Program, kind: str) -> None:
    assert program.send(GRANT, json.dumps(FULL).encode(), content_type=kind).status_code == 415


def test_a_packed_body_is_refused(program: Program) -> None:
    assert program.send(GRANT, FULL, headers={"Content-Encoding": "gzip"}).status_code == 415


def test_a_body_of_ten_megabytes_is_refused_unread(program: Program) -> None:
    body = json.dumps(FULL | {"Reason": "x" * 10_000_000}).encode()
    response = program.send(GRANT, body)
    assert response.status_code == 413
    assert f"{SMALL:,} bytes" in response.json()["error"]["message"]


@pytest.mark.parametrize("length", ["", "-1", "x", "1" * 40, "١٢"])
def test_a_strange_length_is_refused(program: Program, length: str) -> None:
    assert program.send(GRANT, FULL, CONTENT_LENGTH=length).status_code in {400, 413}


@pytest.mark.parametrize(
    "body",
    [
        b" ", b"{", b"[]", b"null", b'"x"', b"1", b"{'a': 1}", b'{"a": NaN}', b'{"a": Infinity}',
        b"\xff\xfe{}", b'{"a": 1} trailing', b"[" * 30_000, b'{"a":' * 10_000,
        b'{"a": ' + b"9" * 10_000 + b"}", b"\xef\xbb\xbf{}",
    ],
)  # fmt: skip
def test_broken_json_is_refused_in_words(program: Program, body: bytes) -> None:
    response = program.send(GRANT, body)
    assert error_of(response) == (400, "VALIDATION_ERROR")
    assert "Nothing was done." in response.json()["error"]["message"]


def test_a_parameter_given_twice_is_named(program: Program) -> None:
    body = b'{"WorkerId": "A1GOODWORKER01", "QualificationTypeId": "x", "WorkerId": "A2GOODWORKER02"}'
    assert details_of(program.send(GRANT, body)) == {"WorkerId": ["Was given twice."]}


def test_every_fault_is_named_at_once(program: Program) -> None:
    response = program.send(GRANT, {"WorkerId": 7, "Extra": 1, "SendNotification": "no", "\0<b>": 1})
    assert response.json()["error"]["message"] == "Invalid request parameters"
    assert details_of(response) == {
        "Extra": ["There is no such parameter."],
        "?<b>": ["There is no such parameter."],
        "QualificationTypeId": ["Is missing."],
        "WorkerId": ["Must be a text."],
        "SendNotification": ["Must be true or false."],
    }


@pytest.mark.parametrize("key", ["a b", "ä", "x" * 256, "a\tb"])
def test_a_strange_idempotency_key_is_named(program: Program, key: str) -> None:
    assert set(details_of(program.send(GRANT, FULL, key=key))) == {"Idempotency-Key"}


def test_a_database_that_does_not_answer_is_503(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(views, "person_of", gone)
    response = program.send(GRANT, FULL)
    assert error_of(response) == (503, "UNAVAILABLE")
    assert response.headers["Retry-After"] == "60"
    assert "same Idempotency-Key" in response.json()["error"]["message"]


def test_a_fault_of_ours_is_500_in_the_envelope(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("private words")

    monkeypatch.setattr(views, "person_of", broken)
    program.client = Client(raise_request_exception=False)
    response = program.send(GRANT, FULL)
    assert error_of(response) == (500, "UNAVAILABLE")
    assert "private words" not in response.content.decode()
