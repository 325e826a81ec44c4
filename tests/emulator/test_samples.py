"""What docs/emulator.md shows is what is in docs/samples/emulator, and that does what the page says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qualadmin.emulator.testing import Emulator

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "emulator.md"
SAMPLES = ROOT / "docs" / "samples" / "emulator"
ADDRESS = "http://127.0.0.1:8089"
HOLDER = ["A1EXAMPLEWORKER", "80"]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(seed="demo") as running:
        yield running


def run(command: list[str], **env: str) -> list[str]:
    """The words it prints."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "DJANGO_"))
    }
    done = subprocess.run(
        command,
        env={**kept, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()


def sample(name: str, emulator: Emulator) -> str:
    text = (SAMPLES / name).read_text()
    assert ADDRESS in text
    return text.replace(ADDRESS, emulator.url)


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.name)
def test_the_page_shows_the_samples(path: Path) -> None:
    kind = {".py": "python", ".sh": "sh", ".R": "r"}[path.suffix]
    assert f"```{kind}\n{path.read_text()}```\n" in PAGE.read_text()


def test_boto3(emulator: Emulator) -> None:
    assert run([sys.executable, "-c", sample("grant.py", emulator)]) == HOLDER


@pytest.mark.aws
def test_the_command_line_of_aws(emulator: Emulator) -> None:
    assert run(["sh", "-euc", sample("grant.sh", emulator)]) == HOLDER


@pytest.mark.r
def test_r(emulator: Emulator) -> None:
    assert run(["Rscript", "-e", sample("grant.R", emulator)], RETICULATE_PYTHON=sys.executable) == HOLDER


def test_tests_with_pytest(tmp_path: Path) -> None:
    """In a folder of its own, as in anybody's project."""
    shutil.copy(SAMPLES / "test_study.py", tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", f"--rootdir={tmp_path}", str(tmp_path)]
    said = run(command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert said[said.index("passed") - 1 : said.index("passed") + 1] == ["3", "passed"]


def test_curl_lines_work(emulator: Emulator) -> None:
    lines = re.findall(r"^curl (?:.*\\\n)*.*$", PAGE.read_text(), re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        words = shlex.split(line.replace("\\\n", " "))
        method = "POST" if "-d" in words else "GET"
        (url,) = (word for word in words if word.startswith(ADDRESS))
        name, _, query = url.removeprefix(f"{ADDRESS}/_emulator/").partition("?")
        if method == "GET":
            assert emulator.control(method, name, dict([query.split("=")]))["calls"] is not None
        else:
            assert "-H" in words
            assert "Content-Type: application/json" in words
            type_id = "00000000000000000040"
            with pytest.raises(Exception, match="409"):
                emulator.control(method, name, {"qualification_type_id": type_id, "worker_id": "A1EXAMPLEWORKER"})
