"""`manage.py backup`: whole copies while others write, and never half of one."""

import io
import json
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections

from qualadmin.audit.findings import Report
from qualadmin.audit.models import AuditHead
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from qualadmin.backup import taking
from qualadmin.backup.manifest import BackupError, Manifest, path_of
from qualadmin.core.actions.system import record_worker_restarted
from qualadmin.core.actor import Actor
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)
from tests.entries import new_entries, payload_of

SYSTEM = Actor.system("tests")


def backup(folder: Path, **options: Any) -> Path:
    """Take one by the command; the file."""
    said = io.StringIO()
    call_command("backup", to=folder, stdout=said, **options)
    return Path(said.getvalue().partition(": ")[0])


def write_entries(count: int) -> None:
    for number in range(count):
        record_worker_restarted(actor=SYSTEM, name="here", cause="silent", silent_seconds=number)


def entries_in(copy: Path) -> int:
    return Manifest.read(copy).entries


def test_a_backup_is_whole_described_and_noted(own_database: OwnDatabase, tmp_path: Path) -> None:  # noqa: F811
    write_entries(5)
    size, root = AuditHead.objects.get().size, AuditHead.objects.get().tree().root().hex()
    with new_entries() as entries:
        copy = backup(tmp_path / "kept")
    manifest = Manifest.read(copy)
    manifest.check_file(copy)
    assert (manifest.entries, manifest.root, manifest.database) == (size, root, connection.vendor)
    assert "core.0001_initial" in manifest.migrations
    assert (entries.only.action, entries.only.actor_kind) == ("system.backup.finished", "cli")
    assert entries.only.changes["sha256"] == [None, manifest.sha256]
    for file in (copy, path_of(copy)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {one.name for one in copy.parent.iterdir()} == {copy.name, path_of(copy).name, ".lock"}


def test_f44_a_backup_is_whole_and_of_one_moment_while_others_write(
    own_database: OwnDatabase,  # noqa: F811
    tmp_path: Path,
) -> None:
    """The copy must end though the database never rests: it is not begun anew after each commit."""
    write_entries(300)
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            write_entries(1)
        connections.close_all()

    writers = [threading.Thread(target=write) for _ in range(2)]
    for one in writers:
        one.start()
    try:
        copies = [backup(tmp_path / "kept") for _ in range(3)]
    finally:
        enough.set()
        for one in writers:
            one.join()
    sizes = [entries_in(one) for one in copies]
    assert sizes[0] >= 300
    assert sizes[0] < sizes[1] < sizes[2] < AuditHead.objects.get().size
    for copy in copies:
        Manifest.read(copy).check_file(copy)
        taken = Manifest.read(copy)
        # The root of the copy is that of the log when it had so many entries.
        report = verify(Context.system("tests"), Report(), last=taken.entries - 1)
        assert report.findings == []


def test_only_the_newest_are_kept_and_foreign_files_stay(own_database: OwnDatabase, tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    copies = [backup(folder, keep=2) for _ in range(4)]
    assert taking.copies(folder) == [copies[3], copies[2]]
    assert {one.name for one in folder.iterdir()} == {
        "notes.txt", ".lock", *(one.name + end for one in copies[2:] for end in ("", ".json")),
    }  # fmt: skip


def test_a_folder_nobody_can_write_to_is_said_and_noted(own_database: OwnDatabase, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "file").write_text("")
    with new_entries() as entries, pytest.raises(CommandError, match="No backup was taken"):
        backup(tmp_path / "file" / "below")
    assert (entries.only.action, entries.only.outcome) == ("system.backup.failed", "failed")
    assert "Nothing can be written" in str(payload_of(entries.only)["detail"])


def test_two_at_once_do_not_fight(own_database: OwnDatabase, tmp_path: Path) -> None:  # noqa: F811
    with taking._alone_in(tmp_path / "kept"), pytest.raises(CommandError, match="Another backup is being taken"):
        backup(tmp_path / "kept")


def test_f28_a_full_disk_leaves_no_half_copy(
    own_database: OwnDatabase,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*unused: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Manifest, "write", full)
    with pytest.raises(CommandError, match="No space left on device"):
        backup(tmp_path / "kept")
    assert {one.name for one in (tmp_path / "kept").iterdir()} == {".lock"}


def test_a_changed_copy_is_found(own_database: OwnDatabase, tmp_path: Path) -> None:  # noqa: F811
    copy = backup(tmp_path / "kept")
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(BackupError, match="is damaged"):
        Manifest.read(copy).check_file(copy)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is missing"),
        ("", "cannot be read as the description"),
        ("[1]", "cannot be read as the description"),
        ('{"file": "x"}', "cannot be read as the description"),
        ("\udc80", "cannot be read as the description"),
    ],
)
def test_a_bad_manifest_is_said(tmp_path: Path, text: str | None, said: str) -> None:
    copy = tmp_path / "copy.sqlite3"
    if text is not None:
        path_of(copy).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BackupError, match=said):
        Manifest.read(copy)


def test_a_manifest_of_a_later_format_is_refused(own_database: OwnDatabase, tmp_path: Path) -> None:  # noqa: F811
    copy = backup(tmp_path / "kept")
    content = json.loads(path_of(copy).read_text())
    path_of(copy).write_text(json.dumps(content | {"format": 2}))
    with pytest.raises(BackupError, match="has the format 2"):
        Manifest.read(copy)
