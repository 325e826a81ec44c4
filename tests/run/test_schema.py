"""A start on a database that is none, is gone, or belongs to another version."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from qualadmin import schema

ROOT = Path(__file__).resolve().parents[2]


def start_worker(tmp_path: Path, database: Path) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "QUALADMIN_TEST_DATABASE_URL": f"sqlite:///{database}",
        "QUALADMIN_VAR_DIR": str(tmp_path),
    }
    return subprocess.run(
        [sys.executable, "manage.py", "run_worker"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_f29_a_damaged_database_stops_the_start_and_is_left_as_it_is(tmp_path: Path) -> None:
    damaged = tmp_path / "qualadmin.sqlite3"
    damaged.write_bytes(b"not a database, but long enough to be looked at" * 100)
    before = damaged.read_bytes()
    ended = start_worker(tmp_path, damaged)
    assert ended.returncode != 0
    assert "The database does not answer" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert damaged.read_bytes() == before


def test_f29_a_missing_database_stops_the_start_and_none_is_made(tmp_path: Path) -> None:
    ended = start_worker(tmp_path, tmp_path / "gone.sqlite3")
    assert ended.returncode == 1
    assert "There is no database at" in ended.stderr
    assert "Nothing was created" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "gone.sqlite3").exists()


def test_f43_tables_that_are_too_old_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty.sqlite3").touch()
    ended = start_worker(tmp_path, tmp_path / "empty.sqlite3")
    assert ended.returncode == 1
    assert "python3 manage.py migrate" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.django_db
def test_f43_tables_of_a_newer_version_stop_the_start() -> None:
    schema.require()
    MigrationRecorder(connection).record_applied("core", "9999_from_the_future")
    with pytest.raises(schema.NotReady, match=r"newer version of qualadmin \(core.9999_from_the_future\)"):
        schema.require()


def test_the_one_step_makes_the_tables_of_the_steps_it_replaces() -> None:
    """Databases that began before it go on with the single steps; both must end alike."""
    single = MigrationLoader(None, replace_migrations=False)
    last = max(single.get_migration_by_prefix("core", "0001_squashed").replaces)
    assert last == ("core", "0031_letters_of_messages")
    before, after = single.project_state([last, ("audit", "0006_erasures")]), MigrationLoader(None).project_state()
    assert before.models.keys() <= after.models.keys()
    assert ("core", "letter") in before.models
    for state in (before, after):
        state.models = {name: model for name, model in state.models.items() if name[0] in ("core", "audit")}
    assert MigrationAutodetector(before, after).changes(single.graph) == {}
