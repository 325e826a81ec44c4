"""The supervisor and what the demo builds on it, with small real programs."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from qualadmin import bootstrap
from qualadmin.tasks import demo, demo_state
from qualadmin.tasks.signs_of_life import Beat, listens
from qualadmin.tasks.supervisor import Failed, StopAsked, Supervisor, free_port

ROOT = Path(__file__).resolve().parents[2]
ENV = dict(os.environ)


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_it_ends_children_in_peace_and_the_stubborn_by_force(tmp_path: Path) -> None:
    supervisor = Supervisor(grace_seconds=0.5)
    quiet = supervisor.start("quiet", program("import time; time.sleep(60)"), env=ENV).process
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    stubborn = supervisor.start("stubborn", program(code), env=ENV, log=tmp_path / "log")
    supervisor.wait_for(lambda: "up" in (tmp_path / "log").read_text(), 20)
    assert supervisor.stop() == ["stubborn"]
    assert (quiet.returncode, stubborn.process.returncode) == (-signal.SIGTERM, -signal.SIGKILL)


def test_what_a_child_leaves_behind_goes_too(tmp_path: Path) -> None:
    supervisor = Supervisor()
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True)"
    supervisor.start("parent", program(code), env=ENV, log=tmp_path / "log")
    with pytest.raises(Failed, match="parent ended by itself"):
        supervisor.wait_for(lambda: False, 20)
    orphan = psutil.Process(int((tmp_path / "log").read_text()))
    supervisor.stop()
    orphan.wait(5)
    assert not orphan.is_running()


def test_a_child_that_ends_is_reported_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.start("web", program("print('no port'); raise SystemExit(7)"), env=ENV, log=tmp_path / "log")
    with pytest.raises(Failed, match=r"web ended by itself \(code 7\)[\s\S]*no port"):
        supervisor.watch()
    supervisor.stop()


def test_a_step_that_fails_is_reported_and_one_that_works_is_not(tmp_path: Path) -> None:
    supervisor = Supervisor()
    supervisor.finish(supervisor.start("good", program("pass"), env=ENV))
    with pytest.raises(Failed, match="bad ended"):
        supervisor.finish(supervisor.start("bad", program("raise SystemExit(1)"), env=ENV, log=tmp_path / "log"))
    assert supervisor.children == []


def test_a_wish_to_stop_ends_any_wait() -> None:
    supervisor = Supervisor()
    supervisor.stopping.set()
    with pytest.raises(StopAsked):
        supervisor.wait_for(lambda: False, 20)
    supervisor.watch()


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert listens(port)
        assert free_port(port) != port


def test_a_port_that_was_handed_out_is_not_handed_out_again() -> None:
    port = free_port(18_300)
    assert free_port(port, given=[port]) != port


def test_the_beat_is_heard(tmp_path: Path) -> None:
    with Beat(str(tmp_path)) as beat, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as cluster:
        assert not beat.heard()
        cluster.sendto(b"STATUS=starting", beat.address)
        assert not beat.heard()
        cluster.sendto(b"READY=1\nSTATUS=beats", beat.address)
        assert beat.heard()


def test_a_second_demo_is_refused_and_told_where_the_first_is(tmp_path: Path) -> None:
    lock = demo_state.take_lock(tmp_path / "demo")
    demo_state.note_port(lock, 8123)
    with pytest.raises(demo_state.Refused, match=rf"process {os.getpid()}\) at http://127.0.0.1:8123/"):
        demo_state.take_lock(tmp_path / "demo")
    os.close(lock)
    os.close(demo_state.take_lock(tmp_path / "demo"))


def test_a_folder_that_is_no_demo_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(demo_state.Refused, match="not the folder of a demo"):
        demo_state.take_lock(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_reset_forgets_all_but_the_lock(tmp_path: Path) -> None:
    lock = demo_state.take_lock(tmp_path / "demo")
    (tmp_path / "demo" / "logs").mkdir()
    (tmp_path / "demo" / "qualadmin.sqlite3").write_text("")
    demo_state.reset(tmp_path / "demo")
    os.close(lock)
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [demo_state.LOCK]


def test_the_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = demo_state.secret_key(tmp_path)
    first = path.read_text()
    assert demo_state.secret_key(tmp_path).read_text() == first
    assert len(first) >= 50
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("arguments", [["--port", "80"], ["--port", "x"], ["--nope"], ["more"]])
def test_bad_options_are_refused_in_words(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        demo.parse(arguments)
    assert ended.value.code == 2
    assert arguments[-1] in capsys.readouterr().err


def test_a_larger_lock_file_serves_the_smaller_and_a_changed_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ENV", tmp_path)
    monkeypatch.setattr(bootstrap, "PYTHON", Path(sys.executable))
    assert not bootstrap._installed("run.txt")
    (tmp_path / "test.txt.sha256").write_text(bootstrap._digest("test.txt"))
    assert bootstrap._installed("run.txt")
    assert bootstrap._installed("test.txt")
    assert not bootstrap._installed("browser.txt")
    (tmp_path / "test.txt.sha256").write_text("of an older file")
    assert not bootstrap._installed("run.txt")


def demo_process(state: Path, output: Path) -> "subprocess.Popen[bytes]":
    env = {k: v for k, v in ENV.items() if not k.startswith("QUALADMIN_")}
    env |= {"QUALADMIN_NO_BOOTSTRAP": "1", "QUALADMIN_VAR_DIR": str(state), "CI": "true"}
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--no-browser", "--port", str(free_port(18_000))]
    with output.open("wb") as file:
        return subprocess.Popen(command, env=env, stdout=file, stderr=subprocess.STDOUT)


def until_ready(process: "subprocess.Popen[bytes]", output: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        for line in output.read_text().splitlines():
            if line.startswith("READY http://127.0.0.1:"):
                return line
        time.sleep(0.1)
    raise AssertionError(output.read_text())


@pytest.mark.slow
def test_the_demo_starts_ends_and_starts_again_after_a_kill(tmp_path: Path) -> None:
    state, output = tmp_path / "demo", tmp_path / "output"
    first = demo_process(state, output)
    until_ready(first, output)
    assert re.search(r"http://127\.0\.0\.1:\d+/_emulator/$", output.read_text(), re.MULTILINE)
    family = psutil.Process(first.pid).children(recursive=True)
    assert len(family) >= 6
    first.kill()
    first.wait()
    _, left = psutil.wait_procs(family, timeout=30)
    assert left == []

    again = demo_process(state, output)
    until_ready(again, output)
    family = psutil.Process(again.pid).children(recursive=True)
    again.send_signal(signal.SIGINT)
    assert again.wait(30) == 0
    _, left = psutil.wait_procs(family, timeout=2)
    assert left == []
    assert "Stopped in" in output.read_text()
    assert json.loads((state / demo_state.LOCK).read_text())["pid"] == again.pid
