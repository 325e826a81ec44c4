"""Where the suite looks: inside mock_aws, at the emulator's server, and by hand at Amazon's sandbox.

    AWS_PROFILE=sandbox QUALADMIN_CONFORMANCE=sandbox QUALADMIN_CONFORMANCE_WORKER=A1… \
        .venv/bin/pytest tests/conformance

runs it against https://mturk-requester-sandbox.us-east-1.amazonaws.com with the credentials boto3 finds, and
writes what differs to conformance-report.json (QUALADMIN_CONFORMANCE_REPORT names another file). Production is
out of reach: its address does not occur here.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from qualadmin.emulator.accounts import DEMO_SECRET
from qualadmin.emulator.register import register
from qualadmin.emulator.testing import Emulator
from tests.conformance.observing import Amazon, Report

SANDBOX = "https://mturk-requester-sandbox.us-east-1.amazonaws.com"
KEYS = {"aws_access_key_id": "AKIADEMOCONFORMANCE", "aws_secret_access_key": DEMO_SECRET}
WORKER = "A1CONFORMANCEWORKER"
REAL = os.environ.get("QUALADMIN_CONFORMANCE") == "sandbox"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.conformance)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """An answer that no test reckoned with ends it: that is a difference too."""
    outcome = yield
    seen = item.funcargs.get("amazon")
    if isinstance(seen, Amazon) and call.when == "call" and outcome.failed and call.excinfo is not None:
        seen.report.ended_early(item.name, call.excinfo.value)
    return outcome


@pytest.fixture(scope="session", params=["sandbox"] if REAL else ["in_process", "server"])
def target(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def report(target: str) -> Iterator[Report]:
    made = Report(target, os.environ.get("QUALADMIN_CONFORMANCE_WORKER"))
    yield made
    named = os.environ.get("QUALADMIN_CONFORMANCE_REPORT")
    if REAL or named:
        made.write(Path(named or "conformance-report.json"))


@pytest.fixture(scope="session")
def address(target: str) -> Iterator[str]:
    if target != "server":
        yield SANDBOX
        return
    with Emulator() as emulator:
        yield emulator.url


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[Any]:
    config = Config(retries={"total_max_attempts": 5 if REAL else 1, "mode": "standard"})
    keys = {} if REAL else KEYS
    made = boto3.client("mturk", region_name="us-east-1", endpoint_url=address, config=config, **keys)
    yield made
    made.close()


@pytest.fixture
def amazon(request: pytest.FixtureRequest, target: str, client: Any, report: Report) -> Iterator[Amazon]:
    mock = mock_aws() if target == "in_process" else None
    if mock is not None:
        register()
        mock.start()
    worker_id = os.environ.get("QUALADMIN_CONFORMANCE_WORKER") if REAL else WORKER
    seen = Amazon(client, report, worker_id, request.node.name)
    try:
        yield seen
    finally:
        seen.clean()
        if mock is not None:
            mock.stop()
    seen.conclude()
