"""Which host, which time-outs, how often, and with whose signature."""

import logging
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.credentials import RefreshableCredentials
from moto import mock_aws

from qualadmin.mturk import credentials as credentials_module
from qualadmin.mturk.client import ClientCache, Purpose, endpoint_url, make_client
from qualadmin.mturk.credentials import AccountCredentials, open_session
from qualadmin.mturk.errors import CredentialsMissing, NotSent
from qualadmin.mturk.types import Environment
from tests.mturk.scripted import ScriptedServer, answer, error

EMULATOR = "http://127.0.0.1:8765"
ROLE = "arn:aws:iam::123456789012:role/qualadmin"


def emulator(url: str = EMULATOR) -> AccountCredentials:
    return AccountCredentials(Environment.EMULATOR, access_key_id="AKIAEXAMPLE", emulator_url=url)


def test_sandbox_and_production_have_amazons_hosts() -> None:
    sandbox, production = endpoint_url(Environment.SANDBOX), endpoint_url(Environment.PRODUCTION)
    assert sandbox == "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
    assert production == "https://mturk-requester.us-east-1.amazonaws.com"


@pytest.mark.parametrize("url", [EMULATOR, EMULATOR + "/", "http://localhost:80", "http://[::1]:9"])
def test_the_emulator_is_reached_on_this_machine(url: str) -> None:
    assert endpoint_url(Environment.EMULATOR, url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://127.0.0.1:8765",
        "http://192.0.2.1:8765",
        "http://mturk-requester.us-east-1.amazonaws.com",
        "http://127.0.0.1.example.org",
        "http://127.0.0.1:8765@example.org",
        "http://127.0.0.1:8765/path",
        "http://127.0.0.1:8765?x",
        "http://127.0.0.1:port",
        "ftp://127.0.0.1",
        "http://[::1",
    ],
)
def test_the_emulator_is_reached_nowhere_else(url: str | None) -> None:
    with pytest.raises(ValueError, match="address"):
        endpoint_url(Environment.EMULATOR, url)


@pytest.mark.parametrize("environment", [Environment.SANDBOX, Environment.PRODUCTION])
def test_a_real_account_is_never_sent_to_the_emulator(environment: Environment) -> None:
    with pytest.raises(ValueError, match="never"):
        endpoint_url(environment, EMULATOR)


@pytest.mark.parametrize(
    "fields",
    [
        {"environment": "staging"},
        {"environment": "production", "access_key_id": "AKIAEXAMPLE"},
        {"environment": "production", "emulator_url": EMULATOR},
        {"environment": "sandbox", "external_id": "x"},
        {"environment": "sandbox", "session_name": "two words"},
        {"environment": "sandbox", "source_identity": "x" * 65},
        {"environment": "emulator", "access_key_id": "AKIAEXAMPLE"},
        {"environment": "emulator", "emulator_url": EMULATOR},
        {"environment": "emulator", "access_key_id": "A", "emulator_url": EMULATOR, "role_arn": ROLE},
    ],
)
def test_credentials_that_make_no_sense_are_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        AccountCredentials(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("purpose", "attempts"), [("mutate", 1), ("read", 4)])
def test_the_settings_of_a_client(purpose: Purpose, attempts: int) -> None:
    client = make_client(emulator(), purpose=purpose, max_pool_connections=64)
    config = client.meta.config
    assert client.meta.endpoint_url == EMULATOR
    assert client.meta.region_name == "us-east-1"
    assert config.retries == {"mode": "standard", "total_max_attempts": attempts}
    assert (config.connect_timeout, config.read_timeout) == (5, 15)
    assert config.max_pool_connections == 64
    assert config.tcp_keepalive is True


def test_the_machines_configuration_cannot_turn_on_retries_or_move_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {
        "AWS_MAX_ATTEMPTS": "9",
        "AWS_RETRY_MODE": "adaptive",
        "AWS_ENDPOINT_URL": "http://192.0.2.1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_PROFILE": "nobody-has-this",
        "HTTP_PROXY": "http://192.0.2.1:3128",
    }.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer() as server:
        server.script.append(error("ServiceFault", "later", 500))
        gateway = ClientCache().gateway(emulator(server.url), threads=1)
        with pytest.raises(Exception, match="No clear answer"):
            gateway.associate("3TYPE", "A1EXAMPLE", 1, notify=False)
        assert len(server.requests) == 1


def test_a_read_is_asked_again() -> None:
    with ScriptedServer() as server:
        server.script.extend([error("ServiceFault", "later", 500), answer({"AvailableBalance": "10.00"})])
        balance = ClientCache().gateway(emulator(server.url), threads=1).balance()
    assert len(server.requests) == 2
    assert balance.call is not None
    assert balance.call.attempts == 2


def test_a_missing_profile_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = AccountCredentials(Environment.SANDBOX, profile_name="nobody-has-this")
    with pytest.raises(CredentialsMissing) as caught:
        ClientCache().gateway(credentials, threads=1)
    assert caught.value.code == "ProfileNotFound"
    with pytest.raises(CredentialsMissing):
        make_client(credentials, purpose="read", max_pool_connections=1)


def test_without_any_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", f"{tmp_path}/none")
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{tmp_path}/none")
    gateway = ClientCache().gateway(AccountCredentials(Environment.SANDBOX), threads=1)
    with pytest.raises(CredentialsMissing) as caught:
        gateway.associate("3TYPE", "A1EXAMPLE", 1, notify=False)
    assert caught.value.call.attempts == 0


def test_gateways_are_built_once_per_account_and_threads() -> None:
    cache = ClientCache(size=2)
    first = cache.gateway(emulator(), threads=4)
    assert cache.gateway(emulator(), threads=4) is first
    assert cache.gateway(emulator("http://127.0.0.1:1"), threads=4) is not first
    cache.gateway(emulator("http://127.0.0.1:2"), threads=4)
    assert cache.gateway(emulator(), threads=4) is not first  # the oldest was let go


def test_request_bodies_cannot_reach_the_log(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("botocore").setLevel(logging.DEBUG)
    caplog.set_level(logging.DEBUG)
    with ScriptedServer() as server:
        server.script.append(answer({}))
        gateway = ClientCache().gateway(emulator(server.url), threads=1)
        gateway.associate("3TYPE", "A1EXAMPLE", 1, notify=False)
    assert "A1EXAMPLE" not in caplog.text


@pytest.fixture
def role_account(monkeypatch: pytest.MonkeyPatch) -> AccountCredentials:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    return AccountCredentials(
        Environment.SANDBOX, role_arn=ROLE, external_id="lab-7", session_name="job-12", source_identity="staff-3"
    )


@mock_aws
def test_a_role_is_assumed_once_and_says_who_it_acts_for(
    role_account: AccountCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []
    open_identity_client = credentials_module.open_identity_client

    def watched(session: boto3.Session) -> object:
        client = open_identity_client(session)
        client.meta.events.register(
            "provide-client-params.sts.AssumeRole", lambda params, **_: asked.append(params)
        )
        return client

    monkeypatch.setattr(credentials_module, "open_identity_client", watched)
    session = open_session(role_account)
    assert asked == []
    keys = [session.get_credentials() for _ in range(3)]
    assert len({found.get_frozen_credentials().access_key for found in keys if found}) == 1
    assert len(asked) == 1
    assert asked[0]["DurationSeconds"] == 900
    assert (asked[0]["ExternalId"], asked[0]["SourceIdentity"]) == ("lab-7", "staff-3")
    assert asked[0]["RoleSessionName"] == "job-12"
    assert "DeleteQualificationType" not in str(asked[0]["Policy"])


@mock_aws
def test_a_role_is_renewed_shortly_before_its_end(role_account: AccountCredentials) -> None:
    held = open_session(role_account).get_credentials()
    assert isinstance(held, RefreshableCredentials)
    before = held.get_frozen_credentials().access_key
    held._time_fetcher = lambda: datetime.now(UTC) + timedelta(seconds=840)
    assert held.get_frozen_credentials().access_key != before


@mock_aws
def test_the_identity_is_that_of_the_assumed_role(role_account: AccountCredentials) -> None:
    identity = ClientCache().gateway(role_account, threads=1).identity()
    assert identity is not None
    assert identity.aws_account_id == "123456789012"
    assert "assumed-role/qualadmin/job-12" in identity.arn


def test_a_role_that_cannot_be_assumed_sends_nothing(
    role_account: AccountCredentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials_module, "STS_URL", "http://127.0.0.1:9")
    with pytest.raises(NotSent) as caught:
        ClientCache().gateway(role_account, threads=1).associate("3TYPE", "A1EXAMPLE", 1, notify=False)
    assert caught.value.call.attempts == 0


def test_the_emulator_has_no_identity_to_tell() -> None:
    assert ClientCache().gateway(emulator(), threads=1).identity() is None
