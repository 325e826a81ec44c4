"""`manage.py restore` refuses whatever would lose something, and then has changed nothing."""

import fcntl
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.utils import timezone

from qualadmin import service_lock
from qualadmin.audit.models import AuditHead
from qualadmin.backup.manifest import Manifest, path_of
from qualadmin.core import checks
from qualadmin.core.actions import restorations
from qualadmin.core.actions.restorations import is_read_only, mark_restored, refuse_while_read_only
from qualadmin.core.actions.system import record_heartbeat
from qualadmin.core.events import EVENTS
from qualadmin.core.models import Heartbeat, Restoration
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)
from tests.backup.databases import exchangeable_database  # noqa: F401  (a fixture)
from tests.backup.test_backup import SYSTEM, backup, write_entries


def restore(copy: Path, **options: object) -> str:
    said = io.StringIO()
    call_command("restore", str(copy), stdout=said, stderr=said, **{"yes": True, "reason": "Drill", **options})
    return said.getvalue()


@pytest.fixture
def copy(exchangeable_database: OwnDatabase, tmp_path: Path) -> Path:  # noqa: F811
    write_entries(4)
    return backup(tmp_path / "kept")


def rewrite(copy: Path, **changes: object) -> None:
    content = json.loads(path_of(copy).read_text())
    path_of(copy).write_text(json.dumps(content | changes))


def cut_off(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:-1])


SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "no manifest": (lambda copy: path_of(copy).unlink(), "is missing"),
    "no file": (lambda copy: copy.unlink(), "cannot be read"),
    "cut off": (cut_off, "is damaged"),
    "other installation": (
        lambda copy: rewrite(copy, origin="elsewhere.example.org"),
        "belongs to the installation",
    ),
    "other database": (lambda copy: rewrite(copy, database="oracle"), "is a backup of oracle"),
    "newer": (lambda copy: rewrite(copy, migrations=["core.9999_later"]), "newer than this one"),
    "another log": (lambda copy: rewrite(copy, entries=1), "does not hold|is not what"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_backup_that_is_not_whole_or_not_ours_is_refused(copy: Path, how: str) -> None:
    spoil, said = SPOILT[how]
    spoil(copy)
    with pytest.raises(CommandError, match=said):
        restore(copy)
    assert not is_read_only()
    assert AuditHead.objects.get().size == 5
    assert checks.no_half_restore(None) == []


def test_it_is_refused_while_pages_or_a_cluster_run_here(copy: Path, settings) -> None:
    with (settings.VAR_DIR / service_lock.NAME).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        with pytest.raises(CommandError, match="The service runs on this machine"):
            restore(copy)


def test_it_is_refused_while_a_cluster_beats_elsewhere(copy: Path) -> None:
    record_heartbeat(name="far-away")
    with pytest.raises(CommandError, match="far-away was alive less than a minute ago"):
        restore(copy)
    Heartbeat.objects.update(beat_at=timezone.now() - timedelta(seconds=61))
    assert "Restored" in restore(copy)


def test_it_is_refused_while_somebody_has_the_database_open(
    copy: Path,
    exchangeable_database: OwnDatabase,  # noqa: F811
) -> None:
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_entry")
    try:
        with pytest.raises(CommandError, match=r"Somebody (has|is connected)"):
            restore(copy)
    finally:
        other.close()
    assert AuditHead.objects.get().size == 5
    assert not is_read_only()


def test_the_service_cannot_start_during_a_restore(tmp_path: Path) -> None:
    with service_lock.alone(tmp_path), pytest.raises(service_lock.InUse, match="being restored at this moment"):
        service_lock.hold(tmp_path)


def test_a_restore_that_was_cut_off_keeps_the_service_from_starting(copy: Path) -> None:
    with (
        patch("qualadmin.core.management.commands.restore.mark_restored", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        restore(copy)
    assert [found.id for found in checks.no_half_restore(None)] == ["qualadmin.E013"]
    restore(copy)
    assert checks.no_half_restore(None) == []
    assert is_read_only()


def test_a_damaged_present_database_is_no_obstacle(
    copy: Path,
    exchangeable_database: OwnDatabase,  # noqa: F811
) -> None:
    if exchangeable_database.file is None:  # PostgreSQL: there is none at all
        from tests.backup.databases import _server

        connection.close()
        _server("DROP DATABASE {}", connection.settings_dict["NAME"])
    else:
        connection.close()
        exchangeable_database.file.write_bytes(b"nothing of use" * 1000)
    assert "Restored" in restore(copy)
    assert is_read_only()


def test_a_backup_of_a_restored_service_restores_to_one_mark(copy: Path, tmp_path: Path) -> None:
    restore(copy)
    restore(backup(tmp_path / "kept"))
    assert Restoration.objects.count() == 2
    assert Restoration.objects.standing().count() == 1


def test_the_log_goes_on_from_the_backup_and_tells_of_it(copy: Path) -> None:
    write_entries(3)
    said = restore(copy)
    assert "entries valid" in said
    assert Manifest.read(copy).entries + 2 <= AuditHead.objects.get().size


@pytest.mark.django_db
def test_while_read_only_every_event_that_changes_the_domain_is_refused() -> None:
    """The list of what stays open is the other way round: whatever is new is refused."""
    now = timezone.now()
    refuse_while_read_only(frozenset(event.name for event in EVENTS))  # nothing was restored
    mark_restored(actor=SYSTEM, taken_at=now, sha256="0" * 64, entries=1, root="0" * 64, put_aside="")
    refused = set()
    for event in EVENTS:
        try:
            refuse_while_read_only(frozenset({event.name}))
        except restorations.ReadOnly:
            refused.add(event.name)
    assert refused >= {
        "job.created", "job.resumed", "job.retried", "job.stopped", "mturk.call.started", "mturk.call.finished",
        "mturk.call.reconciled", "mturk.call.unknown", "change.cancelled", "account.created", "account.enabled",
        "qtype.create.requested", "qtype.imported", "qtype.updated", "study.created", "worker.note.added",
        "file.uploaded",
    }  # fmt: skip
    assert not {name for name in refused if name.startswith(("auth.", "user.", "role.", "audit.", "system."))}
