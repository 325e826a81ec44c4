"""A backup remembers whom we were to forget: nothing opens before they are erased again."""

import io
import uuid
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from qualadmin.audit.findings import Report
from qualadmin.audit.verify import verify
from qualadmin.backup import erasures as erasure_list
from qualadmin.core import checks
from qualadmin.core.actions import erasures
from qualadmin.core.models import Erasure, User, Worker
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)
from tests.backup.databases import exchangeable_database  # noqa: F401  (a fixture)
from tests.backup.test_backup import SYSTEM, backup
from tests.backup.test_restore import restore
from tests.factories import RoleFactory, UserFactory, WorkerFactory

NAME = "ABACKAGAIN777"


@pytest.fixture
def database(exchangeable_database: OwnDatabase, settings: Any, tmp_path: Path) -> OwnDatabase:  # noqa: F811
    settings.ERASURES_FILE = tmp_path / "list" / "erasures.txt"
    return exchangeable_database


def person() -> User:
    user: Any = UserFactory()
    RoleFactory(user=user, role="manager")
    return user  # type: ignore[no-any-return]


def erase(worker: Any) -> None:
    wish = erasures.request_erasure(actor=person().as_actor(), worker=worker, reason="Withdrew")
    erasures.approve_erasure(actor=person().as_actor(), erasure_id=wish.pk)


def test_t_a71_a_restore_erases_again_before_anything_opens(
    database: OwnDatabase, settings: Any, tmp_path: Path
) -> None:
    worker: Any = WorkerFactory(worker_id=NAME)
    copy = backup(tmp_path / "kept")
    erase(worker)
    closed = []

    def replay(**given: Any) -> int:
        closed.extend(checks.no_half_restore(None))
        assert Worker.objects.get(pk=worker.pk).worker_id == NAME
        return erasures.replay_erasures(**given)

    with patch("qualadmin.core.management.commands.restore.replay_erasures", replay):
        said = restore(copy)
    assert [one.id for one in closed] == ["qualadmin.E013"]
    assert "brought back 1 worker who had been erased" in said
    assert "1 worker who" in said
    assert Worker.objects.get(pk=worker.pk).worker_id is None
    assert not Erasure.objects.exists()
    assert checks.no_half_restore(None) == []
    assert checks.erasures_replayed(databases=["default"]) == []
    if database.file is not None:
        assert NAME.encode() not in database.file.read_bytes()
    assert verify(SYSTEM.context, Report()).exit_code == 0


def test_a_restore_that_dies_before_the_erasures_stays_closed(database: OwnDatabase, tmp_path: Path) -> None:
    worker: Any = WorkerFactory(worker_id=NAME)
    copy = backup(tmp_path / "kept")
    erase(worker)
    dying = patch("qualadmin.core.management.commands.restore.replay_erasures", side_effect=KeyboardInterrupt)
    with dying, pytest.raises(KeyboardInterrupt):
        restore(copy)
    assert [one.id for one in checks.no_half_restore(None)] == ["qualadmin.E013"]
    assert [one.id for one in checks.erasures_replayed(databases=["default"])] == ["qualadmin.E014"]
    restore(copy)
    assert Worker.objects.get(pk=worker.pk).worker_id is None


def test_a_list_that_was_lost_is_made_anew_from_the_present_database(
    database: OwnDatabase, settings: Any, tmp_path: Path
) -> None:
    worker: Any = WorkerFactory(worker_id=NAME)
    copy = backup(tmp_path / "kept")
    erase(worker)
    settings.ERASURES_FILE.unlink()
    restore(copy)
    assert Worker.objects.get(pk=worker.pk).worker_id is None
    assert erasure_list.listed(settings.ERASURES_FILE) == {worker.pk}


def test_every_backup_takes_the_list_along_and_a_restore_elsewhere_goes_by_it(
    database: OwnDatabase, settings: Any, tmp_path: Path
) -> None:
    worker: Any = WorkerFactory(worker_id=NAME)
    copy = backup(tmp_path / "kept")
    erase(worker)
    backup(tmp_path / "kept")
    assert erasure_list.listed(copy.with_name("erasures.txt")) == {worker.pk}
    assert NAME not in copy.with_name("erasures.txt").read_text()
    settings.ERASURES_FILE = tmp_path / "another machine" / "erasures.txt"
    with patch("qualadmin.core.management.commands.restore.erased_workers", list):  # its database never knew
        restore(copy)
    assert Worker.objects.get(pk=worker.pk).worker_id is None


def test_a_list_that_cannot_be_read_stops_the_restore(
    database: OwnDatabase, settings: Any, tmp_path: Path
) -> None:
    copy = backup(tmp_path / "kept")
    settings.ERASURES_FILE.parent.mkdir()
    settings.ERASURES_FILE.write_text("AWORKERSID\n")
    with pytest.raises(CommandError, match="no number of a worker"):
        restore(copy)
    assert checks.no_half_restore(None) == []
    assert [one.id for one in checks.erasures_replayed(databases=["default"])] == ["qualadmin.E014"]


def test_a_database_copied_by_hand_does_not_start_until_they_are_erased_again(
    database: OwnDatabase, settings: Any
) -> None:
    worker: Any = WorkerFactory(worker_id=NAME)
    erasure_list.add(settings.ERASURES_FILE, [worker.pk, uuid.uuid4()])
    assert [one.id for one in checks.erasures_replayed(databases=["default"])] == ["qualadmin.E014"]
    said = io.StringIO()
    call_command("replay_erasures", stdout=said)
    assert "2 workers are on the list. 1 of them were erased again." in said.getvalue()
    assert checks.erasures_replayed(databases=["default"]) == []


def test_lines_are_added_once_and_a_line_cut_off_is_no_obstacle(tmp_path: Path) -> None:
    file, first, second = tmp_path / "deep" / "erasures.txt", uuid.uuid4(), uuid.uuid4()
    assert erasure_list.listed(file) == frozenset()
    assert (erasure_list.add(file, [first]), erasure_list.add(file, [first])) == (1, 0)
    with file.open("a") as stream:
        stream.write(str(second)[:20])
    assert erasure_list.listed(file) == {first}
    assert erasure_list.add(file, [second]) == 1
    assert file.read_text() == f"{first}\n{second}\n"
    file.write_text(str(first))  # typed by hand, without an end
    assert erasure_list.add(file, [first, second]) == 1
    assert file.read_text() == f"{first}\n{second}\n"
