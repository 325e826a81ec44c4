"""Signature Version 4: what botocore signs passes, and everything else meets AWS's own words."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from qualadmin.emulator.accounts import DEMO_SECRET
from qualadmin.emulator.control import Control
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.service.models import engine as mocked_engine
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator, EmulatorFailed
from qualadmin.mturk.credentials import EMULATOR_SECRET
from qualadmin.wire.protocol import Incoming
from tests.emulator.calls import KEY, signed, signed_headers
from tests.emulator.conftest import HOSTS, create_type, make_client
from tests.emulator.refusals import refusal


@pytest.fixture
def engine() -> Engine:
    return Engine("sandbox")


def answer(engine: Engine, call: Incoming) -> tuple[int, dict[str, Any]]:
    reply = engine.execute(engine.receive(call))
    return reply.status, json.loads(reply.body)


def refused(engine: Engine, call: Incoming, kind: str) -> str:
    """The message of a refusal of this kind; it leaves nothing behind but its line in the call log."""
    status, body = answer(engine, call)
    assert (status, body["__type"]) == (400, kind)
    assert set(body) == {"__type", "message"}
    last = next(engine.calls.newest_first())
    assert (last.outcome, last.applied) == (kind, False)
    message: str = body["message"]
    return message


def changed(call: Incoming, **headers: str | None) -> Incoming:
    """The call with other headers; None takes one away."""
    new = {**call.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return call._replace(headers={name: value for name, value in new.items() if value is not None})


def test_signed_by_botocore(engine: Engine) -> None:
    assert answer(engine, signed("GetAccountBalance")) == (200, {"AvailableBalance": "10000.00"})
    odd = '{"Name": "Zoë   \\u20ac", "Description": "two  blanks", "QualificationTypeStatus": "Active"}'.encode()
    assert answer(engine, signed("CreateQualificationType", odd))[0] == 200
    assert answer(engine, signed("GetAccountBalance", **{"X-Amz-Meta": "  a   b  "}))[0] == 200


def test_the_gateway_knows_the_published_secret() -> None:
    assert EMULATOR_SECRET == DEMO_SECRET


def test_key_that_nobody_has(engine: Engine) -> None:
    call = signed("GetAccountBalance", key="AKIAIOSFODNN7EXAMPLE")
    message = refused(engine, call, "UnrecognizedClientException")
    assert message == "The security token included in the request is invalid."


def test_wrong_secret_shows_what_should_have_been_signed(engine: Engine) -> None:
    call = signed("GetAccountBalance", secret="wrong")
    stamp = call.headers["x-amz-date"]
    message = refused(engine, call, "InvalidSignatureException")
    assert message.startswith(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String "
        "for this request should have been\n'POST\n/\n\ncontent-type:application/x-amz-json-1.1\n"
        f"host:127.0.0.1:8089\nx-amz-date:{stamp}\n"
        "x-amz-target:MTurkRequesterServiceV20170117.GetAccountBalance\n\n"
        "content-type;host;x-amz-date;x-amz-target\n"
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'\n\n"
        f"The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n{stamp}\n"
        f"{stamp[:8]}/us-east-1/mturk-requester/aws4_request\n"
    )
    assert message.endswith("'\n")


@pytest.mark.parametrize(
    "change",
    [
        {"host": "elsewhere"},
        {"x_amz_target": "MTurkRequesterServiceV20170117.ListHITs"},
        {"content_type": "application/x-amz-json-1.1; x"},
    ],
)
def test_each_signed_header_counts(engine: Engine, change: dict[str, str]) -> None:
    refused(engine, changed(signed("GetAccountBalance"), **change), "InvalidSignatureException")


def test_the_body_counts(engine: Engine) -> None:
    call = signed("GetAccountBalance")._replace(body=b'{"A": 1}')
    refused(engine, call, "InvalidSignatureException")


@pytest.mark.parametrize("signature", ["", "0" * 64, "é" * 32, "zz"])
def test_made_up_signature(engine: Engine, signature: str) -> None:
    call = signed("GetAccountBalance")
    head, _, _ = call.headers["authorization"].partition("Signature=")
    kind = "InvalidSignatureException" if signature else "IncompleteSignatureException"
    refused(engine, changed(call, authorization=f"{head}Signature={signature}"), kind)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"region": "eu-west-1"}, "Credential should be scoped to a valid region, not 'eu-west-1'. "),
        ({"service": "mturk"}, "Credential should be scoped to correct service: 'mturk-requester'. "),
        (
            {"region": "eu-west-1", "service": "s3"},
            "Credential should be scoped to a valid region, not 'eu-west-1'. "
            "Credential should be scoped to correct service: 'mturk-requester'. ",
        ),
    ],
)
def test_wrong_scope(engine: Engine, how: dict[str, str], words: str) -> None:
    assert refused(engine, signed("GetAccountBalance", **how), "InvalidSignatureException") == words


def test_scope_of_another_day_and_end(engine: Engine) -> None:
    call = signed("GetAccountBalance")
    day = call.headers["x-amz-date"][:8]
    text = call.headers["authorization"].replace(f"{day}/", "20200101/").replace("aws4_request", "aws5_request")
    message = refused(engine, changed(call, authorization=text), "InvalidSignatureException")
    assert message == (
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        f"'20200101' != '{day}', from '{call.headers['x-amz-date']}'. "
    )


def moved(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    real = time.time
    monkeypatch.setattr("qualadmin.wire.signature.time.time", lambda: real() + seconds)


@pytest.mark.parametrize(
    ("seconds", "start", "word", "sign"),
    [
        (301, "Signature expired: ", "is now earlier than", "-"),
        (-302, "Signature not yet current: ", "is still later than", "+"),
    ],
)
def test_clock(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, seconds: int, start: str, word: str, sign: str
) -> None:
    call = signed("GetAccountBalance")
    moved(monkeypatch, seconds)
    message = refused(engine, call, "InvalidSignatureException")
    stamp = call.headers["x-amz-date"]
    assert message.startswith(f"{start}{stamp} {word} ")
    limit, now = message.removeprefix(f"{start}{stamp} {word} ").removesuffix(f" {sign} 5 min.)").split(" (")
    apart = datetime.fromisoformat(now) - datetime.fromisoformat(limit)
    assert abs(apart) == timedelta(minutes=5)


@pytest.mark.parametrize("seconds", [290, -290])
def test_five_minutes_of_leeway(engine: Engine, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    call = signed("GetAccountBalance")
    moved(monkeypatch, seconds)
    assert answer(engine, call)[0] == 200


def test_the_worlds_clock_does_not_matter(engine: Engine) -> None:
    engine.world.record(["clock", 86_400.0 * 30])
    assert answer(engine, signed("GetAccountBalance"))[0] == 200


def test_nothing_signed(engine: Engine) -> None:
    call = changed(signed("GetAccountBalance"), authorization=None)
    message = refused(engine, call, "MissingAuthenticationTokenException")
    assert message == "Missing Authentication Token"


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        ("AWS4-HMAC-SHA256", "Authorization header requires 'Credential' parameter. Authorization header requires "
         "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization="
         "AWS4-HMAC-SHA256"),
        ("AWS4-HMAC-SHA256 Foo", "'Foo' not a valid key=value pair (missing equal-sign) in Authorization header: "
         "'AWS4-HMAC-SHA256 Foo'."),
        ("Basic dGhpcw==", "Unsupported AWS 'algorithm': 'Basic'."),
        ("AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=host, Signature=0", "Credential must have exactly 5 "
         "slash-delimited elements, e.g. keyid/date/region/service/term, got 'A/b'"),
    ],
)  # fmt: skip
def test_incomplete(engine: Engine, authorization: str, words: str) -> None:
    call = changed(signed("GetAccountBalance"), authorization=authorization)
    assert refused(engine, call, "IncompleteSignatureException") == words


@pytest.mark.parametrize(
    "date", ["yesterday", "2026-11-23T19:00:00Z", "20261323T190000Z", "20261123Tx90000Z", "0"]
)
def test_bad_date(engine: Engine, date: str) -> None:
    call = signed("GetAccountBalance")
    text = call.headers["authorization"].replace(call.headers["x-amz-date"][:8], date[:8])
    message = refused(engine, changed(call, x_amz_date=date, authorization=text), "IncompleteSignatureException")
    assert message.startswith(f"Date must be in ISO-8601 'basic format'. Got '{date}'")


def test_no_date_at_all(engine: Engine) -> None:
    message = refused(
        engine, changed(signed("GetAccountBalance"), x_amz_date=None), "IncompleteSignatureException"
    )
    assert "existence of either a 'X-Amz-Date' or a 'Date' header." in message


def test_host_must_be_signed(engine: Engine) -> None:
    call = signed("GetAccountBalance")
    text = call.headers["authorization"].replace("content-type;host;", "content-type;")
    message = refused(engine, changed(call, authorization=text), "InvalidSignatureException")
    assert message == "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."


def add_key(engine: Engine, **fields: Any) -> None:
    Control(engine).handle("POST", "access-keys", {"access_key": "ASIATEMPORARY", "secret": "own", **fields})


def test_temporary_credentials(engine: Engine) -> None:
    add_key(engine, account=KEY, session_token="tok/en==", expires_in_seconds=3600)
    create = b'{"Name": "Mine", "Description": "d", "QualificationTypeStatus": "Active"}'
    type_id = answer(engine, signed("CreateQualificationType", create))[1]["QualificationType"][
        "QualificationTypeId"
    ]
    own = {"key": "ASIATEMPORARY", "secret": "own"}
    read = json.dumps({"QualificationTypeId": type_id, "WorkerId": "A1HOLDER"}).encode()
    status, _ = answer(engine, signed("AssociateQualificationWithWorker", read, **own, token="tok/en=="))
    assert status == 200, "the temporary key speaks for the account that owns the type"
    for token in (None, "other"):
        message = refused(engine, signed("GetAccountBalance", **own, token=token), "UnrecognizedClientException")
        assert message == "The security token included in the request is invalid"
    engine.world.record(["clock", 3600.0])
    message = refused(engine, signed("GetAccountBalance", **own, token="tok/en=="), "ExpiredTokenException")
    assert message == "The security token included in the request is expired"


def test_lasting_key_takes_no_token(engine: Engine) -> None:
    refused(engine, signed("GetAccountBalance", token="made-up"), "UnrecognizedClientException")


def test_throttle_counts_accounts_not_keys() -> None:
    engine = Engine("sandbox", Settings(rate=0.001, burst=1))
    add_key(engine, account=KEY)
    assert answer(engine, signed("GetAccountBalance"))[0] == 200
    refused(engine, signed("GetAccountBalance", key="ASIATEMPORARY", secret="own"), "ThrottlingException")


def test_ignored_signatures_leave_the_key_id(engine: Engine) -> None:
    engine.settings.update({"signatures": "ignored"})
    assert answer(engine, signed("GetAccountBalance", key="ANYTHING", secret="any", region="mars"))[0] == 200
    assert next(engine.calls.newest_first()).access_key == "ANYTHING"
    unsigned = changed(signed("GetAccountBalance"), authorization=None)
    refused(engine, unsigned, "MissingAuthenticationTokenException")


# over HTTP and in process


def test_keys_of_ones_own_over_the_wire(tmp_path: Any) -> None:
    with Emulator(state=tmp_path / "state", access_keys={"AKIAMYLAB": "secret:with:colons"}) as emulator:
        client = make_client(emulator.url, "AKIAMYLAB", secret="secret:with:colons")
        type_id = create_type(client)
        made = emulator.control("POST", "access-keys", {"account": "AKIAMYLAB"})
        other = make_client(emulator.url, made["access_key"], secret=made["secret"])
        emulator.reset()
        emulator.restart()
        for one in (client, other):
            assert refusal(one.get_qualification_type, QualificationTypeId=type_id).kind == "RequestError"
        assert refusal(make_client(emulator.url, "AKIAMYLAB").get_account_balance).status == 400
        listed = emulator.control("GET", "access-keys")["access_keys"]
        assert [(row["access_key"], row["account"]) for row in listed] == [
            ("AKIAMYLAB", "AKIAMYLAB"), (made["access_key"], "AKIAMYLAB"),
        ]  # fmt: skip
        assert "secret" not in json.dumps(listed)
        emulator.control("DELETE", "access-keys", {"access_key": made["access_key"]})
        assert refusal(other.get_account_balance).kind == "UnrecognizedClientException"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"access_key": "lower"}, "capitals and digits"),
        ({"access_key": ""}, "access_key must be a text"),
        ({"secret": 5}, "secret must be a text"),
        ({"colour": "red"}, "no field called colour"),
        ({"expires_in_seconds": 5}, "session_token"),
        ({"session_token": "t", "expires_in_seconds": -1}, "expires_in_seconds must be"),
        ({"session_token": "t", "expires_in_seconds": True}, "expires_in_seconds must be"),
    ],
)
def test_impossible_keys(servers: dict[str, Emulator], content: dict[str, Any], complaint: str) -> None:
    with pytest.raises(EmulatorFailed, match=complaint):
        servers["sandbox"].control("POST", "access-keys", content)


def test_in_process_signatures_are_checked_on_request(amazon: Any) -> None:
    side = mocked_engine("sandbox")
    if amazon.client().meta.endpoint_url != HOSTS["sandbox"]:
        return
    amazon.client().get_account_balance()
    side.settings.update({"signatures": "checked"})
    make_client(HOSTS["sandbox"], "AKIADEMOFIRST").get_account_balance()
    wrong = refusal(make_client(HOSTS["sandbox"], "AKIADEMOFIRST", secret="wrong").get_account_balance)
    assert wrong.kind == "InvalidSignatureException"


def test_checking_costs_little(engine: Engine) -> None:
    """Less than 60 microseconds a call on a quiet machine; here against the rest of the call."""
    body = b'{"QualificationTypeId": "3ABC", "WorkerId": "A1HOLDER", "IntegerValue": 5, "SendNotification": false}'
    call = Incoming(signed_headers("AssociateQualificationWithWorker", body), body)
    verifier, now = engine._verifier, time.time()
    best = min(_seconds(lambda: verifier.account(call, now)) for _ in range(5))
    hashing = min(_seconds(lambda: signing_work(body)) for _ in range(5))
    assert best < 20 * hashing, f"{best * 1e6:.0f} µs a call, the hashes alone {hashing * 1e6:.0f} µs"


def signing_work(body: bytes) -> bytes:
    """The least any check must do."""
    hashlib.sha256(body).hexdigest()
    return hmac.digest(b"k" * 32, hashlib.sha256(body * 3).hexdigest().encode(), "sha256")


def _seconds(act: Any, times: int = 300) -> float:
    start = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - start) / times
