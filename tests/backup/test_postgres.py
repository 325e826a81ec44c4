"""What is special about PostgreSQL: its programs, their version, and that no password is ever an argument."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from qualadmin.backup import postgres
from qualadmin.backup.manifest import BackupError

PARAMETERS = {"dbname": "lab", "host": "db.example.org", "port": 5433, "user": "me", "password": "hush hush"}


def test_the_password_goes_by_the_environment_and_nothing_else_of_ours_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere.example.org")
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=1")
    given = postgres.environment({**PARAMETERS, "options": "-c statement_timeout=30s", "cursor_factory": object})
    assert (given["PGPASSWORD"], given["PGHOST"], given["PGPORT"]) == ("hush hush", "db.example.org", "5433")
    assert "PGOPTIONS" not in given
    assert given["PATH"] == os.environ["PATH"]


def test_no_argument_holds_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def run(command: list[str], **unused: Any) -> "subprocess.CompletedProcess[str]":
        seen.append(command)
        return subprocess.CompletedProcess(command, 0, "pg_dump (PostgreSQL) 99.1", "")

    monkeypatch.setattr(postgres.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(postgres.subprocess, "run", run)
    postgres._run("pg_dump", ["--format=custom"], postgres.environment(PARAMETERS))
    assert seen == [["/usr/bin/pg_dump", "--format=custom"]]


def test_a_missing_program_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres.shutil, "which", lambda name: None)
    with pytest.raises(BackupError, match="pg_dump is not installed"):
        postgres._check_version("pg_dump", 150000)


@pytest.mark.parametrize("said", ["pg_dump (PostgreSQL) 14.9", "pg_dump (PostgreSQL) 9.6.24", "nonsense"])
def test_a_program_older_than_the_server_is_said(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(postgres, "_run", lambda *unused: said)
    with pytest.raises(BackupError, match="Install the client programs of PostgreSQL 15 or newer"):
        postgres._check_version("pg_dump", 150020)


@pytest.mark.parametrize(
    "said", ["pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", "pg_dump (PostgreSQL) 18beta1"]
)
def test_a_program_as_new_as_the_server_will_do(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(postgres, "_run", lambda *unused: said)
    postgres._check_version("pg_dump", 150020)


def test_a_server_that_does_not_answer_is_said(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="PostgreSQL does not let us in"):
        postgres.dump({"dbname": "x", "host": "127.0.0.1", "port": 1, "user": "nobody"}, tmp_path / "dump")
    assert list(tmp_path.iterdir()) == []
