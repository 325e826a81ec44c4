"""The programs themselves, as the pages show them: the AWS command line, R, and the shell on the server.

Each runs what docs/mturk-endpoint.md, docs/scripts.md and docs/command-line.md print, against all of qualadmin.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from qualadmin.core.models import Job, QualificationType, RequesterAccount, User
from qualadmin.emulator.testing import Emulator
from tests.amazon.conftest import Site, key_for
from tests.api.program import token_for
from tests.tasks.cluster_process import ROOT
from tests.tasks.clusters import Cluster

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WORKER = "A1GOODWORKER01"


def shown(page: str, language: str) -> str:
    """The code of that language on a page, from top to bottom."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", text, re.S))


def run(command: list[str], folder: Path, **given: str) -> str:
    """What it prints. Nothing of this test's own settings reaches it, as nothing of ours would at a lab."""
    kept = {name: one for name, one in os.environ.items() if not name.startswith(("AWS_", "DJANGO_", "QUALADMIN"))}
    done = subprocess.run(
        command, cwd=folder, env=kept | given, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def keys(site: Site, key: tuple[str, str]) -> dict[str, str]:
    """The four variables of the page, and more patience than usual for a first call on a busy machine."""
    names = re.findall(r"^export (AWS_\w+)=", (ROOT / "docs" / "mturk-endpoint.md").read_text(), re.M)
    values = dict(zip(names, [*key, "us-east-1", site.url], strict=True))
    return values | {"AWS_MAX_ATTEMPTS": "12", "AWS_RETRY_MODE": "standard"}


@pytest.mark.aws
def test_the_command_line_of_aws(
    site: Site, emulator: Emulator, cluster: Cluster, account: RequesterAccount, live_type: QualificationType,
    granter: User, tmp_path: Path,
) -> None:  # fmt: skip
    cluster.start()
    environment = keys(site, key_for(granter, account, reason="Nightly script"))
    site.wait()
    script = shown("mturk-endpoint.md", "sh").replace("3WAVE7", live_type.mturk_id or "")
    said = run(["sh", "-euc", script], tmp_path, **environment)
    assert said.split() == [WORKER, "80"]
    assert Job.objects.get().reason == "Nightly script"
    assert emulator.grant_map(live_type.mturk_id or "") == {WORKER: 80}
    assert "Traceback" not in site.said


@pytest.mark.r
def test_r(
    site: Site, emulator: Emulator, cluster: Cluster, account: RequesterAccount, live_type: QualificationType,
    granter: User, tmp_path: Path,
) -> None:  # fmt: skip
    cluster.start()
    environment = keys(site, key_for(granter, account))
    token = token_for(granter)
    (tmp_path / "wave 7.csv").write_text("WorkerId,Score\nA4GOODWORKER04,5\n", encoding="utf-8")
    site.wait()
    # through reticulate and boto3
    script = shown("mturk-endpoint.md", "r").replace("3WAVE7", live_type.mturk_id or "")
    said = run(["Rscript", "-e", script], tmp_path, RETICULATE_PYTHON=sys.executable, **environment)
    assert said.split() == [WORKER, "80"]
    # and by httr2; the worker of the single grant holds 80 already
    script = shown("scripts.md", "r").replace("3WAVE7", live_type.mturk_id or "").replace("sleep(5)", "sleep(0.2)")
    script = script.replace(WORKER, "A5GOODWORKER05")
    url = site.url.removesuffix("/mturk/")
    said = run(["Rscript", "-e", script], tmp_path, QUALADMIN_URL=url, QUALADMIN_TOKEN=token)
    assert re.findall(r"\$ new +: int (\d)", said) == ["2", "1"]
    wanted = {WORKER: 80, "A2GOODWORKER02": 75, "A3GOODWORKER03": 60}
    holds = emulator.grant_map(live_type.mturk_id or "")
    assert {worker: holds.get(worker) for worker in wanted} == wanted
    assert "Traceback" not in site.said


def test_the_shell_on_the_server(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User, tmp_path: Path
) -> None:
    cluster.start()
    (tmp_path / "wave6.csv").write_text(f"WorkerId\n{WORKER}\nA2GOODWORKER02\n", encoding="utf-8")
    script = shown("command-line.md", "sh").replace("3WAVE7", live_type.mturk_id or "").replace("mira", "granter")
    script = script.replace("manage.py", str(ROOT / "manage.py")).replace("python3", sys.executable)
    said = run(["sh", "-uc", script], tmp_path, **cluster.environment)
    assert said == "Everything is done.\n"
    assert '"state": "finished"' in (tmp_path / "result.json").read_text()
    assert emulator.grant_map(live_type.mturk_id or "") == {WORKER: 80, "A2GOODWORKER02": 80}
