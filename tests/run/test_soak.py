"""A quarter of a minute of the soak of benchmarks/, on a database of its own: everything goes wrong, and holds."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def fresh_database(transactional_db: None) -> Iterator[dict[str, str]]:
    """What the environment must say: the soak drops the tables of the database it is given."""
    if connection.vendor != "postgresql":
        yield {"QUALADMIN_TEST_DATABASE_URL": ""}
        return
    to, name = connection.settings_dict, f"soak_{uuid.uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield {"QUALADMIN_TEST_DATABASE_URL": f"postgres://{to['USER']}@{to['HOST']}:{to['PORT'] or 5432}/{name}"}
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_everything_holds_when_everything_goes_wrong(fresh_database: dict[str, str]) -> None:
    """QUALADMIN_TEST_SOAK_MINUTES makes it longer."""
    environment = {**os.environ, **fresh_database}
    if not environment["QUALADMIN_TEST_DATABASE_URL"]:
        del environment["QUALADMIN_TEST_DATABASE_URL"]
        environment.pop("QUALADMIN_TEST_REDIS_URL", None)  # SQLite's own queue is what runs beside it
    minutes = environment.pop("QUALADMIN_TEST_SOAK_MINUTES", "0.25")
    for name in ("DJANGO_SETTINGS_MODULE", "QUALADMIN_MODE", "QUALADMIN_REQUIRE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--minutes", minutes, "--seed", "11", "--check", "6"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: everything holds" in done.stdout
    assert " 0 effects" not in done.stdout.splitlines()[-4], "nothing happened at all"
