"""Every way a call can end, over real sockets: what it is called, and how often it reached the wire."""

import datetime as dt
import ipaddress
import pickle
import socket
import ssl
import threading
import traceback
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from qualadmin.mturk import errors
from qualadmin.mturk.errors import MTurkError
from qualadmin.mturk.gateway import QualificationGateway
from tests.mturk.conftest import open_gateway
from tests.mturk.scripted import CLOSE, HANG, REQUEST_ID, RESET, ScriptedServer, answer, error

TYPE = "3EXAMPLEQUALTYPE0000000000TYPE"
WORKER = "A1EXAMPLEWORKER"
TURK = "AWS.MechanicalTurk."

OUTCOMES = {
    "read time-out": (HANG, errors.Unknown),
    "reset": (RESET, errors.Unknown),
    "closed without answer": (CLOSE, errors.Unknown),
    "half a status line": (b"HTTP/1.1 2", errors.Unknown),
    "no HTTP": (b"+OK POP3 ready\r\n", errors.Unknown),
    "service fault": (error("ServiceFault", "try later", 500), errors.Unknown),
    "service fault with status 400": (error("ServiceFault", "try later", 400), errors.Unknown),
    "500 without body": (answer(b"", 500), errors.Unknown),
    "503 of a proxy": (answer(b"<html>busy</html>", 503, request_id=None), errors.Unknown),
    "200 of a proxy": (answer(b"<html>Sign in</html>", request_id=None), errors.Unknown),
    "200 without request id": (answer({}, request_id=None), errors.Unknown),
    "200 with HTML and request id": (answer(b"<html></html>"), errors.Unknown),
    "200 cut in the JSON": (answer(b'{"a": 1', claimed_length=40), errors.Unknown),
    "200 cut to nothing": (answer(b"", claimed_length=2), errors.Unknown),
    "200 with a JSON list": (answer(b"[]"), errors.Unknown),
    "200 in no UTF-8": (answer(b"\xff\xfe{}"), errors.Unknown),
    "302": (answer(b"", 302, request_id=None), errors.Unknown),
    "404 of a proxy": (answer(b"not here", 404, request_id=None), errors.Unknown),
    "400 with a JSON list": (answer(b"[]", 400), errors.Unknown),
    "throttled": (error("ThrottlingException", "Rate exceeded"), errors.Throttled),
    "throttled by status": (answer({"message": "slow"}, 429), errors.Throttled),
    "throttled with status 503": (error("SlowDown", "slow", 503), errors.Throttled),
    "no rights": (error("AccessDeniedException", "not authorized", 400), errors.AccessRefused),
    "unknown key": (error("UnrecognizedClientException", "invalid token", 400), errors.AccessRefused),
    "key ran out": (error("ExpiredTokenException", "expired", 400), errors.AccessRefused),
    "wrong signature": (error("InvalidSignatureException", "no match", 403), errors.AccessRefused),
    "403 of Amazon": (error("SomethingNew", "no", 403), errors.AccessRefused),
    "not linked": (
        error("RequestError", "To use the MTurk API, you will need an AWS account.", 400, "AWS.AccountNotLinked"),
        errors.AccountNotLinked,
    ),
    "never held": (
        error(
            "RequestError",
            "You requested a Qualification that does not exist. (1631094715163)",
            400,
            TURK + "QualificationDoesNotExist",
        ),
        errors.QualificationNotHeld,
    ),
    "revoked": (
        error(
            "RequestError",
            "This operation can be called with a status of: Granted (1631094715163 s)",
            400,
            TURK + "InvalidQualificationState",
        ),
        errors.QualificationRevoked,
    ),
    "revoked, without code": (
        error("RequestError", "This operation can be called with a status of: Granted"),
        errors.QualificationRevoked,
    ),
    "no such type": (
        error(
            "RequestError",
            f"QualificationType [{TYPE}] does not exist. (1)",
            400,
            TURK + "QualificationTypeDoesNotExist",
        ),
        errors.TypeNotFound,
    ),
    "no such type, without code": (
        error("RequestError", f"QualificationType [{TYPE}] does not exist. (1)"),
        errors.TypeNotFound,
    ),
    "name taken": (
        error("RequestError", "You have already created ...", 400, TURK + "QualificationTypeAlreadyExists"),
        errors.TypeAlreadyExists,
    ),
    "being deleted": (
        error(
            "RequestError",
            "This operation can be called with a status of: Active,Inactive (1)",
            400,
            TURK + "InvalidQualificationTypeState",
        ),
        errors.TypeBeingDeleted,
    ),
    "request gone": (
        error("RequestError", "gone", 400, TURK + "QualificationRequestDoesNotExist"),
        errors.RequestGone,
    ),
    "request decided": (
        error("RequestError", "decided", 400, TURK + "InvalidQualificationRequestState"),
        errors.RequestGone,
    ),
    "not ours": (error("RequestError", "no", 400, TURK + "PermissionDeniedException"), errors.NotOwner),
    "no such worker": (
        error("ParameterValidationError", f'The value "{WORKER}" is not valid for the parameter WorkerId. (1 s)'),
        errors.WorkerNotKnown,
    ),
    "bad XML": (
        error("ParameterValidationError", 'The value "<Q/>" is not valid for the parameter Test.'),
        errors.InvalidInput,
    ),
    "bad pattern": (error("ValidationException", "1 validation error detected"), errors.InvalidInput),
    "something new": (error("RequestError", "Brand new.", 400, TURK + "BrandNew"), errors.Refused),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_change_is_sent_once_and_its_end_is_named(
    server: ScriptedServer, gateway: QualificationGateway, name: str
) -> None:
    line, expected = OUTCOMES[name]
    server.script.append(line)
    with pytest.raises(MTurkError) as caught:
        gateway.associate(TYPE, WORKER, 7, notify=False)
    assert type(caught.value) is expected
    assert len(server.requests) == 1
    assert caught.value.call.attempts == 1
    _assert_worker_is_not_shown(caught.value)


def _assert_worker_is_not_shown(found: MTurkError) -> None:
    """Neither to people nor in a log: Amazon's own text repeats worker ids."""
    shown = [found.for_people, str(found), repr(found), *traceback.format_exception(found, limit=0)]
    assert not any(WORKER in text for text in shown)
    assert found.for_people.endswith(".")


def test_a_refusal_keeps_amazons_evidence(server: ScriptedServer, gateway: QualificationGateway) -> None:
    server.script.append(OUTCOMES["never held"][0])
    with pytest.raises(errors.QualificationNotHeld) as caught:
        gateway.disassociate(TYPE, WORKER, None)
    found = caught.value
    assert (found.code, found.turk_code) == ("RequestError", TURK + "QualificationDoesNotExist")
    assert (found.http_status, found.request_id) == (400, REQUEST_ID)
    assert found.message == "You requested a Qualification that does not exist. (1631094715163)"
    assert found.outcome == "refused"
    assert found.permanent


def test_bi_54_a_huge_message_is_cut_and_escaped(server: ScriptedServer, gateway: QualificationGateway) -> None:
    server.script.append(error("RequestError", "a\x1b[31m\r\n\u202e" + "x" * 10_000_000))
    with pytest.raises(errors.Refused) as caught:
        gateway.associate(TYPE, WORKER, 1, notify=False)
    assert len(caught.value.message) == 1_000
    assert caught.value.message.startswith("a\\x1b[31m\\r\\n\\u202exxx")


def test_words_in_what_a_person_typed_do_not_pass_for_an_answer(
    server: ScriptedServer, gateway: QualificationGateway
) -> None:
    echoed = 'The value "You requested a Qualification that does not exist." is not valid for the parameter Test.'
    server.script.append(error("ParameterValidationError", echoed))
    with pytest.raises(MTurkError) as caught:
        gateway.create_type(name="Panel", description="A panel")
    assert type(caught.value) is errors.InvalidInput


def test_errors_survive_the_way_between_processes(server: ScriptedServer, gateway: QualificationGateway) -> None:
    server.script.append(OUTCOMES["throttled"][0])
    with pytest.raises(errors.Throttled) as caught:
        gateway.associate(TYPE, WORKER, 1, notify=False)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), copy.call, copy.message) == (errors.Throttled, caught.value.call, caught.value.message)


def test_an_empty_body_with_a_request_id_is_a_success(
    server: ScriptedServer, gateway: QualificationGateway
) -> None:
    server.script.append(answer(b""))
    call = gateway.associate(TYPE, WORKER, 1, notify=False)
    assert (call.aws_request_id, call.http_status, call.attempts) == (REQUEST_ID, 200, 1)


def test_a_refused_connection_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(MTurkError) as caught:
        open_gateway(url).associate(TYPE, WORKER, 1, notify=False)
    assert type(caught.value) is errors.NotSent


def test_a_bad_id_is_refused_before_sending(server: ScriptedServer, gateway: QualificationGateway) -> None:
    with pytest.raises(errors.InvalidParameters) as caught:
        gateway.associate(TYPE, "", 1, notify=False)
    assert caught.value.call.attempts == 0
    assert server.requests == []


def _plain_gateway(url: str) -> QualificationGateway:
    """The loopback rule forbids these addresses to an emulator account, so the clients are made here."""
    client = boto3.client(
        "mturk",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="made-up",
        config=Config(
            connect_timeout=2, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 1}, proxies={}
        ),
    )
    return QualificationGateway(client, client)


def test_a_host_without_address_is_not_sent() -> None:
    with pytest.raises(MTurkError) as caught:
        _plain_gateway("http://nowhere.invalid").associate(TYPE, WORKER, 1, notify=False)
    assert type(caught.value) is errors.NotSent


def test_a_certificate_nobody_vouches_for_is_not_sent(tmp_path: Path) -> None:
    with ScriptedServer(_self_signed(tmp_path)) as server:
        server.script.append(answer({}))
        with pytest.raises(MTurkError) as caught:
            _plain_gateway(f"https://{server.address}").associate(TYPE, WORKER, 1, notify=False)
    assert type(caught.value) is errors.NotSent
    assert server.requests == []


def test_a_server_without_tls_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1_000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        greeter = threading.Thread(target=greet)
        greeter.start()
        with pytest.raises(MTurkError) as caught:
            _plain_gateway(f"https://127.0.0.1:{listener.getsockname()[1]}").balance()
        greeter.join(5)
    assert type(caught.value) is errors.NotSent


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
