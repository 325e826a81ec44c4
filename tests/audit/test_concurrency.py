"""Several processes write, fail and die; the log stays without gap and its tree right."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qualadmin.audit.findings import Report
from qualadmin.audit.models import AuditEntry, AuditHead
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from tests.audit.conftest import OwnDatabase
from tests.audit.testapp.models import Lamp

ROOT = Path(__file__).resolve().parents[2]


def start(database: OwnDatabase, seed: int, count: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "QUALADMIN_TEST_DATABASE_URL": database.url}
    command = [sys.executable, "-m", "tests.audit.writer", str(seed), str(count)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def last_number(output: str) -> int:
    lines = output.split()
    return int(lines[-1]) if lines else 0


def assert_sound(ctx: Context) -> None:
    report = verify(ctx, Report())
    assert report.findings == []
    assert AuditHead.objects.get().size == AuditEntry.objects.count()


@pytest.mark.slow
def test_t_a40_four_writers_with_rollbacks_leave_no_gap(ctx: Context, own_database: OwnDatabase) -> None:
    writers = [start(own_database, seed, 100) for seed in range(4)]
    known = 0
    for writer in writers:
        output, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0
        known += last_number(output)
    assert AuditEntry.objects.count() == Lamp.objects.count() == known > 200
    assert AuditEntry.objects.values("actor_id").distinct().count() == 4
    assert_sound(ctx)


def wait_for_another_entry() -> None:
    """However slowly the writers start."""
    before, end = AuditEntry.objects.count(), time.monotonic() + 60
    while AuditEntry.objects.count() == before:
        assert time.monotonic() < end, "nobody writes"
        time.sleep(0.05)


@pytest.mark.slow
def test_t_a41_writers_killed_at_any_moment_leave_no_gap(ctx: Context, own_database: OwnDatabase) -> None:
    chance = random.Random(41)
    known, kills = 0, 0
    writers = [start(own_database, seed, 10_000) for seed in range(2)]
    for seed in range(2, 8):
        wait_for_another_entry()
        time.sleep(chance.random() / 2)
        victim = writers.pop(0)
        victim.kill()
        output, _ = victim.communicate(timeout=30)
        known += last_number(output)
        kills += victim.returncode == -9
        writers.append(start(own_database, seed, 10_000))
    for writer in writers:
        writer.kill()
        output, _ = writer.communicate(timeout=30)
        known += last_number(output)
    assert kills == 6
    assert AuditEntry.objects.count() >= known > 0
    assert AuditEntry.objects.count() == Lamp.objects.count()
    assert_sound(ctx)
