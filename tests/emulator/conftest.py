"""Both ways to reach the emulator, behind one face: inside mock_aws and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from qualadmin.emulator.accounts import DEMO_SECRET
from qualadmin.emulator.control import Control
from qualadmin.emulator.register import register
from qualadmin.emulator.service.models import engine
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator

SESSION = boto3.Session()
HOSTS = {
    "sandbox": "https://mturk-requester-sandbox.us-east-1.amazonaws.com",
    "production": "https://mturk-requester.us-east-1.amazonaws.com",
}
SECOND_ACCOUNT = "210987654321"


def make_client(
    url: str,
    access_key: str,
    *,
    attempts: int = 1,
    secret: str = DEMO_SECRET,
    token: str | None = None,
    **config: Any,
) -> Any:
    return SESSION.client(
        "mturk",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": attempts, "mode": "standard"}, **config),
    )


class Side(Protocol):
    """Amazon as a test sees it. Environments: sandbox, production; accounts: first, second."""

    def client(
        self, *, account: str = "first", environment: str = "sandbox", attempts: int = 1, **config: Any
    ) -> Any: ...

    def control(
        self, method: str, name: str, content: dict[str, Any] | None = None, *, environment: str = "sandbox"
    ) -> dict[str, Any]: ...

    def account_name(self, account: str = "first") -> str: ...


class InProcess:
    def client(
        self, *, account: str = "first", environment: str = "sandbox", attempts: int = 1, **config: Any
    ) -> Any:
        key, token = ("AKIADEMOFIRST", None) if account == "first" else self._second()
        return make_client(HOSTS[environment], key, attempts=attempts, token=token, **config)

    def control(
        self, method: str, name: str, content: dict[str, Any] | None = None, *, environment: str = "sandbox"
    ) -> dict[str, Any]:
        side = engine("production" if environment == "production" else "sandbox")
        return Control(side).handle(method, name, content or {})

    def account_name(self, account: str = "first") -> str:
        return DEFAULT_ACCOUNT_ID if account == "first" else SECOND_ACCOUNT

    def _second(self) -> tuple[str, str]:
        sts = SESSION.client(
            "sts", region_name="us-east-1", aws_access_key_id="AKIADEMOFIRST", aws_secret_access_key="made-up"
        )
        role = f"arn:aws:iam::{SECOND_ACCOUNT}:role/second"
        credentials = sts.assume_role(RoleArn=role, RoleSessionName="second")["Credentials"]
        return credentials["AccessKeyId"], credentials["SessionToken"]


class OverHttp:
    def __init__(self, servers: dict[str, Emulator]) -> None:
        self._servers = servers

    def client(
        self, *, account: str = "first", environment: str = "sandbox", attempts: int = 1, **config: Any
    ) -> Any:
        return make_client(self._servers[environment].url, self.account_name(account), attempts=attempts, **config)

    def control(
        self, method: str, name: str, content: dict[str, Any] | None = None, *, environment: str = "sandbox"
    ) -> dict[str, Any]:
        return self._servers[environment].control(method, name, content)

    def account_name(self, account: str = "first") -> str:
        return f"AKIADEMO{account.upper()}"


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Emulator]]:
    with Emulator() as sandbox, Emulator(environment="production") as production:
        yield {"sandbox": sandbox, "production": production}


@pytest.fixture(autouse=True)
def _no_configured_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_MTURK", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["in_process", "server"])
def amazon(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "in_process":
        register()
        with mock_aws():
            yield InProcess()
        return
    running: dict[str, Emulator] = request.getfixturevalue("servers")
    for server in running.values():
        server.reset()
        server.configure(**Settings().as_dict())
    yield OverHttp(running)


@pytest.fixture
def mturk(amazon: Side) -> Any:
    """boto3 client of the first account in the sandbox."""
    return amazon.client()


@pytest.fixture
def type_id(mturk: Any) -> str:
    """An active qualification type of the first account."""
    return create_type(mturk)


def create_type(client: Any, name: str = "Colour words", **fields: Any) -> str:
    content = {"Name": name, "Description": "Took part.", "QualificationTypeStatus": "Active", **fields}
    made: str = client.create_qualification_type(**content)["QualificationType"]["QualificationTypeId"]
    return made
