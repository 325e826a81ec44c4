"""Whose credentials are used: none, somebody else's, or the right ones (F-24, F-25)."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qualadmin.core.models import Change, Environment, QualificationType, RequesterAccount, User
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.errors import MTurkError, NotSent, Throttled, Unknown, WrongAccount
from qualadmin.mturk.types import CallRecord, Identity
from qualadmin.tasks import callers, identity
from qualadmin.tasks.drain import drain
from qualadmin.tasks.holders import sync_type
from qualadmin.tasks.sweep import reconcile
from qualadmin.tasks.sync import check_worker, sync_account
from qualadmin.tasks.types import create_type
from tests.entries import new_entries, payload_of
from tests.factories import AccountFactory, TypeFactory, WorkerFactory
from tests.tasks.lists import make_job, worker_ids

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_callers_left() -> Iterator[None]:
    yield
    callers.close_all()


def test_credentials_that_are_not_on_this_machine_pause_the_account(
    account: RequesterAccount, granter: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    sandbox = AccountFactory(environment=Environment.SANDBOX, profile_name="no-such-profile")
    job = make_job(granter, TypeFactory(account=sandbox), worker_ids(1))
    drain(str(sandbox.pk))
    sandbox.refresh_from_db()
    assert "credentials" in sandbox.paused_reason
    assert job.changes.get().state == Change.State.PLANNED
    reconcile(str(sandbox.pk))  # must not fail either


class Sts:
    """A gateway that only says whose credentials are in use: whoever asks it for more fails."""

    def __init__(self, answer: str | MTurkError) -> None:
        self.answer = answer
        self.asked = 0

    def identity(self) -> Identity:
        self.asked += 1
        if isinstance(self.answer, MTurkError):
            raise self.answer
        return Identity(self.answer, "arn:aws:iam::x:user/y", CALL)


CALL = CallRecord("1", 200, None, None, 1, 1)
State = QualificationType.State


@pytest.fixture
def sandbox() -> RequesterAccount:
    found: RequesterAccount = AccountFactory(
        environment=Environment.SANDBOX, profile_name="lab", aws_account_id="111122223333"
    )
    return found


def drains(account: RequesterAccount, person: User) -> None:
    make_job(person, TypeFactory(account=account), worker_ids(1))
    drain(str(account.pk))


def reconciles(account: RequesterAccount, person: User) -> None:
    reconcile(str(account.pk))


def creates_a_type(account: RequesterAccount, person: User) -> None:
    create_type(str(TypeFactory(account=account, state=State.REQUESTED, mturk_id=None).pk))


def reads_the_account(account: RequesterAccount, person: User) -> None:
    sync_account(str(account.pk))


def reads_a_type(account: RequesterAccount, person: User) -> None:
    sync_type(str(TypeFactory(account=account).pk))


def asks_about_a_worker(account: RequesterAccount, person: User) -> None:
    check_worker(str(WorkerFactory().pk), str(TypeFactory(account=account).pk))


Task = Callable[[RequesterAccount, User], None]
TASKS: list[Task] = [drains, reconciles, creates_a_type, reads_the_account, reads_a_type, asks_about_a_worker]


@pytest.mark.parametrize("task", TASKS)
def test_f25_credentials_of_another_account_send_nothing_and_read_nothing(
    task: Task, sandbox: RequesterAccount, granter: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts = Sts("999988887777")
    monkeypatch.setattr(identity, "gateway_for", lambda account: sts)
    with new_entries() as entries:
        task(sandbox, granter)
    assert sts.asked == 1
    (entry,) = [one for one in entries if one.action == "account.paused"]
    assert entry.severity == "critical"
    assert "999988887777" in str(payload_of(entry)["detail"])
    sandbox.refresh_from_db()
    assert "111122223333" in sandbox.paused_reason
    assert set(Change.objects.values_list("state", flat=True)) <= {Change.State.PLANNED}
    assert set(QualificationType.objects.values_list("state", flat=True)) <= {State.REQUESTED, State.LIVE}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", [Unknown, Throttled, NotSent])
def test_f25_without_an_answer_nothing_is_sent_and_the_account_is_not_blamed(
    task: Task, kind: type[MTurkError], sandbox: RequesterAccount, granter: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts = Sts(kind(CALL))
    monkeypatch.setattr(identity, "gateway_for", lambda account: sts)
    task(sandbox, granter)
    assert sts.asked == 1
    sandbox.refresh_from_db()
    assert sandbox.paused_reason == ""
    assert set(Change.objects.values_list("state", flat=True)) <= {Change.State.PLANNED}
    for row in QualificationType.objects.filter(state=State.REQUESTED):
        assert (row.checks, row.failure) == (0, "")  # no call of ours may have reached Amazon


def test_f25_a_type_waits_until_the_credentials_are_right_again(
    sandbox: RequesterAccount, granter: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "gateway_for", lambda account: Sts("999988887777"))
    creates_a_type(sandbox, granter)
    row = QualificationType.objects.get()
    assert (row.state, row.checks) == (State.REQUESTED, 0)
    assert row.lease_until is not None


def test_f25_the_right_account_is_asked_about_once_in_ten_minutes(
    sandbox: RequesterAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts = Sts("111122223333")
    now = [1_000.0]
    monkeypatch.setattr(identity, "gateway_for", lambda account: sts)
    monkeypatch.setattr("qualadmin.tasks.identity.time.monotonic", lambda: now[0])
    for _ in range(3):
        assert identity.checked_gateway(sandbox) is sts  # type: ignore[comparison-overlap]
    assert sts.asked == 1
    now[0] += 601
    identity.check_identity(sandbox)
    assert sts.asked == 2
    sandbox.profile_name = "another"
    identity.check_identity(sandbox)
    assert sts.asked == 3


def test_f25_a_connection_test_that_finds_another_account_ends_the_trust(
    sandbox: RequesterAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts = Sts("111122223333")
    monkeypatch.setattr(identity, "gateway_for", lambda account: sts)
    identity.check_identity(sandbox)
    sts.answer = "999988887777"
    with pytest.raises(WrongAccount):
        identity.ask_identity(sandbox)
    with pytest.raises(WrongAccount):
        identity.check_identity(sandbox)


def test_f25_the_emulator_has_nobody_to_ask(emulator: Emulator, account: RequesterAccount) -> None:
    account.aws_account_id = "111122223333"
    identity.check_identity(account)


def test_f25_no_task_gets_at_amazon_past_the_check() -> None:
    """Only the check and the connection test, which asks first, take a gateway; only the drain a caller."""
    tasks = Path(identity.__file__).parent
    takers: dict[str, set[str]] = {"gateway_for": set(), "caller_for": set()}
    for path in tasks.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (name := ast.unparse(node.func).rpartition(".")[2]) in takers:
                takers[name].add(path.relative_to(tasks).as_posix())
    assert takers == {"gateway_for": {"connection.py", "identity.py"}, "caller_for": {"drain.py"}}
