"""The process: READY line, signals, ports, and the command around it."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError

from qualadmin.emulator.testing import Emulator, EmulatorFailed
from tests.emulator.conftest import create_type, make_client

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("command", [["manage.py", "emulator"], ["-m", "qualadmin.emulator"]])
def test_ready_line_and_clean_end(command: list[str], number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, *command, "--port", "0", "--latency-ms", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "QUALADMIN_NO_BOOTSTRAP": "1"},
    ) as process:
        assert process.stdout is not None
        try:
            ready = process.stdout.readline().split()
            assert (ready[0], ready[2:]) == ("READY", ["sandbox"])
            client = make_client(ready[1], "AKIADEMOFIRST")
            assert client.get_account_balance()["AvailableBalance"] == "10000.00"
        finally:
            process.send_signal(number)
            rest, trouble = process.communicate(timeout=10)
    assert (process.returncode, rest, trouble) == (0, "", "")


def test_moto_boto_and_django_stay_out_of_the_server() -> None:
    code = (
        "import sys, qualadmin.emulator.server.run;"
        "print([name for name in ('moto', 'boto3', 'botocore', 'django') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_port_in_use_is_said_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorFailed, match=f"Cannot listen on 127.0.0.1 port {port}"):
            Emulator(port=port).start()


def test_missing_seed_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(EmulatorFailed, match="No such file"):
        Emulator(seed=str(tmp_path / "none.json")).start()


def test_state_that_can_no_longer_be_kept_ends_the_server(tmp_path: Path) -> None:
    """As on a full disk: the change gets no answer, the server says why it ended, and the file stays good."""
    with Emulator(state=tmp_path / "state") as emulator:
        client = make_client(emulator.url, "AKIADEMOFIRST")
        type_id = create_type(client)
        size = (tmp_path / "state").stat().st_size
        resource.prlimit(emulator.pid, resource.RLIMIT_FSIZE, (size + 20, size + 20))
        with pytest.raises(BotoCoreError):
            client.associate_qualification_with_worker(QualificationTypeId=type_id, WorkerId="A1LOST")
        assert emulator.wait() == 1
        assert "cannot be written" in emulator.trouble()
        assert (tmp_path / "state").stat().st_size == size
        emulator.start()
        assert emulator.grant_map(type_id) == {}


def test_helper_tells_when_the_server_is_not_running() -> None:
    with pytest.raises(EmulatorFailed, match="not running"):
        _ = Emulator().pid
