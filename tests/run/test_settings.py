"""The settings of a real installation, as a program of its own sees them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from qualadmin.core import checks
from qualadmin.development import live_environment
from qualadmin.logs import redact

ROOT = Path(__file__).resolve().parents[2]


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def bare() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("QUALADMIN_", "AWS_", "DJANGO_"))}


def test_a_start_without_settings_lists_them_and_shows_no_traceback() -> None:
    done = manage("config", env={**bare(), "QUALADMIN_HTTPS": "perhaps"})
    assert done.returncode == 3
    for name in ("QUALADMIN_SECRET_KEY", "QUALADMIN_ALLOWED_HOSTS", "QUALADMIN_HTTPS"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_config_shows_what_is_in_force_but_no_secret(tmp_path: Path) -> None:
    env = live_environment(tmp_path)
    done = manage("config", env={**env, "QUALADMIN_DATABASE_URL": "postgres://me:hush@h/n", "QUALADMIN_TYPO": "1"})
    assert done.returncode == 0, done.stderr
    assert "QUALADMIN_ALLOWED_HOSTS=qualadmin.example.org" in done.stdout
    assert "QUALADMIN_TYPO is set" in done.stdout
    assert "hush" not in done.stdout
    assert env["QUALADMIN_SECRET_KEY"] not in done.stdout


def test_deployment_checks_are_silent_for_a_real_installation(tmp_path: Path) -> None:
    done = manage("check", "--deploy", "--fail-level", "WARNING", env=live_environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"QUALADMIN_HTTPS": "false"}, "qualadmin.E010"),
        ({"QUALADMIN_ALLOWED_HOSTS": "*"}, "qualadmin.E011"),
        ({"AWS_SECRET_ACCESS_KEY": "made-up"}, "qualadmin.E006"),
        ({"QUALADMIN_TASK_WORKERS": "1"}, ""),
        ({"QUALADMIN_ALOWED_HOSTS": "x"}, "qualadmin.W001"),
        ({"QUALADMIN_KILLPOINT": "claimed"}, "qualadmin.E012"),
    ],
)
def test_wrong_combinations_are_refused(tmp_path: Path, change: dict[str, str], check: str) -> None:
    done = manage("check", "--fail-level", "WARNING", env={**live_environment(tmp_path), **change})
    assert (done.returncode == 0) == (check == "")
    assert check in done.stderr


def test_own_checks_find_what_settings_in_code_could_break(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = SimpleNamespace(
        MODE="live",
        Q_CLUSTER={"workers": 2, "queue_limit": 2, "timeout": 60, "retry": 180, "max_attempts": 0},
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/x", "ATOMIC_REQUESTS": True}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    )
    monkeypatch.setattr(checks, "settings", wrong)
    assert [message.id for message in checks.task_cluster(None)] == ["qualadmin.E004"] * 2
    assert [message.id for message in checks.sqlite_options(None)] == ["qualadmin.E005"]
    assert [message.id for message in checks.no_atomic_requests(None)] == ["qualadmin.E009"]
    assert [message.id for message in checks.shared_cache(None)] == ["qualadmin.E003"]


@pytest.mark.parametrize(("mode", "name", "found"), [
    ("live", "claimed", ["qualadmin.E012"]),
    ("demo", "claimed", ["qualadmin.E012"]),
    ("test", "claimed", []),
    ("live", "", []),
])  # fmt: skip
def test_a_point_to_die_at_is_for_tests_only(
    monkeypatch: pytest.MonkeyPatch, mode: str, name: str, found: list[str]
) -> None:
    monkeypatch.setattr(checks, "settings", SimpleNamespace(MODE=mode, KILLPOINT=name))
    assert [message.id for message in checks.no_killpoint(None)] == found


@pytest.mark.parametrize(("installed", "found"), [(True, ["qualadmin.E007"]), (False, [])])
def test_djangos_admin_is_refused(monkeypatch: pytest.MonkeyPatch, installed: bool, found: list[str]) -> None:
    apps = SimpleNamespace(is_installed=lambda name: installed and name == "django.contrib.admin")
    monkeypatch.setattr(checks, "apps", apps)
    assert [message.id for message in checks.no_admin(None)] == found


def test_every_check_has_a_test_and_a_line_in_the_manual() -> None:
    check_id = re.compile(r"\b(?:qualadmin|audit)\.[EW]\d{3}\b")
    ids = {found for path in ROOT.glob("qualadmin/**/checks.py") for found in check_id.findall(path.read_text())}
    tested = {found for path in ROOT.glob("tests/**/*.py") for found in check_id.findall(path.read_text())}
    assert len(ids) >= 13
    assert ids - tested == set()
    told = (ROOT / "docs/architecture.md").read_text()
    assert {one for one in ids if one.partition(".")[2] not in told} == set()


def test_a_network_file_system_is_recognised(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/a / ext4 rw 0 0\nserver:/x /srv/lab nfs4 rw 0 0\n/dev/b /srv/lab/local ext4 rw 0 0\n")
    assert checks.network_file_system(Path("/srv/lab/db.sqlite3"), mounts) == "nfs4"
    assert checks.network_file_system(Path("/srv/lab/local/db.sqlite3"), mounts) is None
    assert checks.network_file_system(Path("/srv/laboratory/db.sqlite3"), mounts) is None


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAABCDEFGHIJKLMNOP",
        "A1B2C3D4E5F6G7",
        "sessionid=abcdef123456",
        "postgres://me:hush@host/name",
        "Authorization: AWS4-HMAC-SHA256 Credential=x",
        "password='correct horse'",
    ],
)
def test_logs_hold_no_secret(secret: str) -> None:
    text = redact(f"before {secret} after")
    assert "[removed]" in text
    assert secret not in text
    assert text.startswith("before ")
