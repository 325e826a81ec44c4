"""The first manager comes from the command line; nobody else does."""

import io

import pytest
from django.core.management import call_command, execute_from_command_line
from django.core.management.base import CommandError

from qualadmin.audit.models import AuditPayload
from qualadmin.core.models import RoleAssignment, User
from tests.entries import new_entries
from tests.people import Cast

WORDS = "a long and quiet river\n"


def add(monkeypatch: pytest.MonkeyPatch, password: str = WORDS) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(password))
    call_command("add_manager", "maria", full_name="Maria Lind", reason="Runs the lab", stdout=io.StringIO())


def test_the_first_manager_can_sign_in_and_the_log_names_the_command_line(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_entries() as entries:
        add(monkeypatch)
    maria = User.objects.get(username="maria")
    assert maria.check_password(WORDS.strip())
    assert maria.must_change_password
    assert RoleAssignment.objects.get(user=maria).role == "manager"
    assert entries.actions == ["user.invited", "role.granted"]
    assert {entry.actor_kind for entry in entries} == {"cli"}
    assert AuditPayload.objects.get(pk=entries[0].seq).content["reason"] == "Runs the lab"


def test_a_second_manager_is_refused(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_entries() as entries, pytest.raises(CommandError, match="There is a manager already"):
        add(monkeypatch)
    assert entries == []
    assert not User.objects.filter(username="maria").exists()


def test_a_weak_password_is_refused_and_nobody_is_added(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="Nobody was added"):
        add(monkeypatch, "short\n")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "words", [["add_manager", "maria", "--full-name", "Maria Lind"], ["restore", "copy.sqlite3", "--yes"]]
)
def test_without_a_reason_nothing_is_written(
    db: None, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """T-A22: exit code 2, and what is missing."""
    with new_entries() as entries, pytest.raises(SystemExit) as ended:
        execute_from_command_line(["manage.py", *words])
    assert ended.value.code == 2
    assert "--reason" in capsys.readouterr().err
    assert entries == []
    assert not User.objects.exists()
