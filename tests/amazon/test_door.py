"""Who is let in at /mturk/: nobody whose signature, time, key or person is wrong. AWS's words, and an entry."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from botocore.session import Session
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from qualadmin.api.amazon import door
from qualadmin.api.amazon.operations import CHANGES
from qualadmin.api.amazon.reading import QUALIFICATIONS
from qualadmin.audit import record as audit
from qualadmin.audit.types import Context
from qualadmin.core.actions import people
from qualadmin.core.actions.access_keys import revoke_access_key, secret_of
from qualadmin.core.actions.restorations import mark_restored
from qualadmin.core.actor import Actor
from qualadmin.core.models import AccessKey, RelayedCall, RoleAssignment
from tests.amazon.conftest import key_for
from tests.amazon.sender import call, error_of, headers_for, send
from tests.emulator.test_validation import smallest
from tests.entries import new_entries
from tests.people import Cast

pytestmark = pytest.mark.django_db
INVALID = ("UnrecognizedClientException", "The security token included in the request is invalid.")
WRONG = "InvalidSignatureException"
#: A call that is let in and then not offered: who meets these words has passed the door.
INSIDE = "CreateHIT"
GIVEN = {
    "LifetimeInSeconds": 30,
    "AssignmentDurationInSeconds": 30,
    "Reward": "1",
    "Title": "t",
    "Description": "d",
}


@pytest.fixture
def key(cast: Cast) -> tuple[str, str]:
    return key_for(cast.granter, cast.account)


def let_in(response: Any) -> bool:
    return error_of(response) == (
        "AccessDeniedException",
        "qualadmin does not offer CreateHIT to programs. Nothing was done.",
    )


def refused(act: Callable[[], Any], cause: str) -> tuple[str, str]:
    """The refusal; it leaves one entry that names the cause, and no person."""
    with new_entries() as entries:
        response = act()
    entry = entries.only
    assert (entry.action, entry.outcome, entry.changes) == ("auth.key.refused", "denied", {"cause": [None, cause]})
    assert entry.actor_kind == "anonymous"
    assert "QKEY" not in str(entry.content["changes"])
    return error_of(response)


def test_who_signs_well_is_let_in_and_the_use_is_noted(key: tuple[str, str]) -> None:
    assert AccessKey.objects.get().last_used_at is None
    with new_entries() as entries:
        assert let_in(call(INSIDE, key, GIVEN))
    assert AccessKey.objects.get().last_used_at is not None
    assert entries == []


def test_no_secret_is_kept_and_another_server_key_ends_all_keys(key: tuple[str, str], settings: Any) -> None:
    row = AccessKey.objects.get()
    assert key[1] not in str(row.__dict__)
    assert (len(key[0]), len(key[1])) == (20, 40)
    assert secret_of(key[0]) == key[1]
    settings.MTURK_KEY = "another key of this installation, long enough for that"
    assert refused(lambda: call(INSIDE, key, GIVEN), "signature")[0] == WRONG


def test_unknown_key(key: tuple[str, str]) -> None:
    for key_id in ("QKEYAAAAAAAAAAAAAAAA", "AKIADEMOFIRST", "x" * 100):
        stranger = partial(call, INSIDE, (key_id, key[1]), GIVEN)
        assert refused(stranger, "unknown") == INVALID


def test_revoked_expired_closed_and_without_a_role(cast: Cast, key: tuple[str, str]) -> None:
    row, manager = AccessKey.objects.get(), cast.actor("manager")

    def found(cause: str) -> None:
        assert refused(lambda: call(INSIDE, key, GIVEN, **{"X-Amz-Meta": cause}), cause) == INVALID

    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("user.key.created")
        AccessKey.objects.update(expires_at=timezone.now(), audit_id=entry)
    found("expired")
    with audit.transaction(Context.system("tests")) as tx:
        entry = tx.record("user.key.created")
        AccessKey.objects.update(expires_at=timezone.now() + timedelta(days=1), audit_id=entry)
    people.deactivate_user(actor=manager, user=cast.granter)
    found("inactive")
    people.activate_user(actor=manager, user=cast.granter)
    for role in RoleAssignment.objects.current().filter(user=cast.granter):
        people.end_role(actor=manager, assignment=role)
    found("no_role")
    revoke_access_key(actor=cast.granter.as_actor(), key_id=row.pk)
    found("revoked")


def test_a_restore_ends_all_keys(key: tuple[str, str]) -> None:
    mark_restored(
        actor=Actor.system("tests"),
        taken_at=timezone.now(),
        sha256="0" * 64,
        entries=1,
        root="0" * 64,
        put_aside="",
    )
    assert refused(lambda: call(INSIDE, key, GIVEN), "revoked") == INVALID


def test_the_same_bytes_again_are_refused(key: tuple[str, str]) -> None:
    body = json.dumps(GIVEN).encode()
    headers = headers_for(INSIDE, body, key)
    assert let_in(send(headers, body))
    kind, words = refused(lambda: send(headers, body), "replay")
    assert (kind, words) == (WRONG, "The signature of this request was used before.")


def test_an_equal_call_of_the_same_second_has_another_number(key: tuple[str, str]) -> None:
    """Client libraries number their calls; two equal ones have one signature. After the second, none passes."""
    body = json.dumps(GIVEN).encode()
    headers = headers_for(INSIDE, body, key)
    for number in ("a", "b"):
        assert let_in(send(headers | {"amz-sdk-invocation-id": number}, body))
    signature = headers["Authorization"].rpartition("Signature=")[2]
    assert cache.delete(f"mturk:signature:{door._digest(key[0], signature)}:again"), "it was not remembered so"
    assert refused(lambda: send(headers | {"amz-sdk-invocation-id": "c"}, body), "replay")[0] == WRONG


@pytest.mark.parametrize(("seconds", "words"), [(-400, "Signature expired:"), (400, "Signature not yet current:")])
def test_a_clock_that_is_off(
    key: tuple[str, str], monkeypatch: pytest.MonkeyPatch, seconds: int, words: str
) -> None:
    import qualadmin.wire.signature as signature

    body = json.dumps(GIVEN).encode()
    headers = headers_for(INSIDE, body, key)
    real = signature.time.time
    monkeypatch.setattr("qualadmin.wire.signature.time.time", lambda: real() - seconds)
    kind, found = refused(lambda: send(headers, body), "signature")
    assert kind == WRONG
    assert found.startswith(words)


def test_another_body_operation_host_or_secret(key: tuple[str, str]) -> None:
    body = json.dumps(GIVEN).encode()
    headers = headers_for(INSIDE, body, key)
    changed = [
        (headers, body.replace(b"30", b"31")),
        (headers | {"X-Amz-Target": "MTurkRequesterServiceV20170117.GetAccountBalance"}, body),
        (headers | {"Host": "localhost"}, body),
        (headers_for(INSIDE, body, (key[0], "wrong")), body),
    ]
    for one, content in changed:
        again = partial(send, one, content)
        kind, words = refused(again, "signature")
        assert kind == WRONG
        assert words.startswith("The request signature we calculated does not match the signature you provided.")


def test_scope_and_form_of_the_signature(key: tuple[str, str]) -> None:
    body = json.dumps(GIVEN).encode()
    kind, words = error_of(send(headers_for(INSIDE, body, key, region="eu-west-1"), body))
    assert (kind, words) == (WRONG, "Credential should be scoped to a valid region, not 'eu-west-1'. ")
    headers = headers_for(INSIDE, body, key)
    assert error_of(send(headers | {"X-Amz-Security-Token": "x"}, body))[0] == INVALID[0]
    assert error_of(send(headers | {"Authorization": "Bearer x"}, body))[0] == "IncompleteSignatureException"
    del headers["Authorization"]
    assert error_of(send(headers, body)) == ("MissingAuthenticationTokenException", "Missing Authentication Token")


def test_a_flood_of_refusals_does_not_fill_the_log(key: tuple[str, str]) -> None:
    with new_entries() as entries:
        for number in range(40):
            call(INSIDE, (f"QKEYAAAAAAAAAAAAAA{number:02}", "x"), GIVEN)
    assert len(entries) == 30
    assert let_in(call(INSIDE, key, GIVEN))


def test_no_protocol_of_amazons(key: tuple[str, str]) -> None:
    """Wrong method, path, content type, operation, JSON, length: as AWS answers, and nothing of it is a page."""
    client = Client()
    for response in (
        client.get("/mturk/"),
        client.get("/mturk"),
        client.post("/mturk/other"),
        client.put("/mturk/"),
    ):
        assert (response.status_code, response.headers["Content-Type"]) == (404, "application/xml")
        assert response.content == b"<UnknownOperationException/>\n"
    body = b"{}"
    headers = headers_for("GetAccountBalance", body, key)
    assert send(headers | {"Content-Type": "application/json"}, body).status_code == 404
    assert send({"Content-Type": "text/html"}, body).status_code == 403
    assert error_of(call("GetEverything", key))[0] == "UnknownOperationException"
    for broken in (b"{", b"[]", b"nonsense", b"\xff", b'{"a": NaN}', b"[" * 100_000):
        assert error_of(call("GetAccountBalance", key, broken))[0] == "SerializationException"
    large = b'{"a": "' + b"x" * 10_000_000 + b'"}'
    response = send(headers, large)
    assert (response.status_code, json.loads(response.content)) == (
        413,
        {"__type": "RequestEntityTooLargeException"},
    )


def test_parameters_are_checked_as_amazon_checks_them(key: tuple[str, str]) -> None:
    kind, words = error_of(call("AssociateQualificationWithWorker", key, {"WorkerId": "nobody"}))
    assert kind == "ValidationException"
    assert words.startswith("2 validation errors detected: Value null at 'qualificationTypeId' failed to satisfy")
    assert "nobody" in words
    given = {"QualificationTypeId": "3WAVE7", "WorkerId": "A1GOODWORKER01", "IntegerValue": "7"}
    assert error_of(call("AssociateQualificationWithWorker", key, given))[0] == "SerializationException"


OFFERED = sorted(QUALIFICATIONS.keys() | CHANGES.keys())


def bad_values(member: Any) -> Iterator[tuple[Any, str]]:
    """What Amazon's own description of a parameter forbids, and the refusal."""
    yield [], "SerializationException"
    limits = member.metadata
    if member.type_name == "integer":
        yield from [(2**31, "SerializationException"), ("7", "SerializationException")]
        yield from [(limits["max"] + 1, "ValidationException")] if "max" in limits else []
    if member.type_name == "string":
        yield 7, "SerializationException"
        yield from [("A" * (limits["max"] + 1), "ValidationException")] if "max" in limits else []
        yield from [("nonsense", "ValidationException")] if "enum" in limits else []


@pytest.mark.parametrize("operation", OFFERED)
def test_no_operation_takes_what_amazon_would_not(cast: Cast, operation: str) -> None:
    """Each parameter missing, of a wrong type, too long, out of range: refused before anything is begun."""
    key = key_for(cast.manager, cast.account)
    shape = Session().get_service_model("mturk").operation_model(operation).input_shape
    whole = smallest(shape)
    with new_entries() as entries:
        for name in shape.required_members:
            given = {one: value for one, value in whole.items() if one != name}
            assert error_of(call(operation, key, given))[0] == "ValidationException"
        for name, member in shape.members.items():
            for value, wanted in bad_values(member):
                assert error_of(call(operation, key, whole | {name: value}))[0] == wanted, (name, value)
    assert entries == []
    assert not RelayedCall.objects.exists()


def test_only_by_https_where_the_site_is(key: tuple[str, str], settings: Any) -> None:
    settings.HTTPS = True
    settings.SECURE_SSL_REDIRECT = True
    kind, words = error_of(call(INSIDE, key, GIVEN))
    assert (kind, words[:10]) == ("AccessDeniedException", "Use https.")


def test_without_a_database_the_client_asks_again(key: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object, **__: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("qualadmin.api.amazon.door.find_access_key", gone)
    assert error_of(call(INSIDE, key, GIVEN))[0] == "ThrottlingException"


def test_a_fault_of_ours_is_no_5xx(key: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("A1GOODWORKER01")

    monkeypatch.setattr("qualadmin.api.amazon.middleware.check", broken)
    body = json.dumps(GIVEN).encode()
    kind, words = error_of(
        send(headers_for(INSIDE, body, key), body, client=Client(raise_request_exception=False))
    )
    assert kind == "InternalFailure"
    assert "A1GOODWORKER01" not in words


def test_the_settings_have_a_key_and_a_time() -> None:
    assert len(django_settings.MTURK_KEY) > 0
    assert 1 <= django_settings.MTURK_WAIT_SECONDS <= 50
