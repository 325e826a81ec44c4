"""One server with both environments: a port, a control interface and a state file for each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from qualadmin.emulator.demo_data import ACCESS_KEY
from tests.emulator.conftest import create_type, make_client
from tests.emulator.refusals import refusal

ROOT = Path(__file__).resolve().parents[2]
BOTH = ("--sandbox-port", "0", "--production-port", "0")


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "qualadmin.emulator", *options]


@contextmanager
def running(*options: str) -> Iterator[dict[str, str]]:
    """Environment to address of a server with these options."""
    with subprocess.Popen(command(*options), cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline().split() for _ in range(2)]
            assert [line[0] for line in lines] == ["READY", "READY"]
            yield {environment: url for _, url, environment in lines}
        finally:
            process.terminate()
            assert process.wait(timeout=15) == 0


def control(url: str, method: str, name: str, content: dict[str, Any]) -> dict[str, Any]:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    body = None if method == "GET" else json.dumps(content)
    connection.request(method, f"/_emulator/{name}", body=body, headers={"Content-Type": "application/json"})
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def test_they_share_nothing_but_the_process(tmp_path: Path) -> None:
    state = tmp_path / "state"
    options = (*BOTH, "--state", str(state), "--seed", "demo", "--access-key", "AKIAMINE:own")
    with running(*options) as urls:
        sandbox, production = (make_client(urls[name], ACCESS_KEY) for name in ("sandbox", "production"))
        assert sandbox.get_account_balance()["AvailableBalance"] == "10000.00"
        assert production.get_account_balance()["AvailableBalance"] == "250.00"
        seeded = {"MustBeRequestable": True, "MustBeOwnedByCaller": True}
        assert sandbox.list_qualification_types(**seeded)["NumResults"] == 7
        assert production.list_qualification_types(**seeded)["NumResults"] == 0
        type_id = create_type(production, "Only in production")
        assert "does not exist" in refusal(sandbox.get_qualification_type, QualificationTypeId=type_id).message
        for url in urls.values():
            make_client(url, "AKIAMINE", secret="own").get_account_balance()
        control(urls["production"], "POST", "settings", {"latency_ms": 7})
        assert control(urls["sandbox"], "GET", "settings", {})["latency_ms"] == 0
        calls = {name: control(url, "GET", "health", {})["calls"] for name, url in urls.items()}
        assert calls == {"sandbox": 4, "production": 4}
    assert {path.name for path in tmp_path.iterdir()} == {"state.sandbox", "state.production"}
    with running(*options) as urls:
        found = make_client(urls["production"], ACCESS_KEY).get_qualification_type(QualificationTypeId=type_id)
        assert found["QualificationType"]["Name"] == "Only in production"


@pytest.mark.parametrize("options", [("--port", "0"), ("--environment", "production")])
def test_options_that_do_not_go_together(options: tuple[str, ...]) -> None:
    found = subprocess.run(
        command(*BOTH, *options), cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert found.returncode == 1
    assert "--port and --environment are for a single world" in found.stderr
