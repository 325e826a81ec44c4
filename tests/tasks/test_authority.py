"""Whose credentials are used: none, somebody else's, or the right ones (F-24, F-25)."""

from collections.abc import Iterator
from typing import Any

import pytest

from qualadmin.core.models import Change, Environment, RequesterAccount, User
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.types import CallRecord, Identity
from qualadmin.tasks import callers, identity
from qualadmin.tasks.drain import drain
from qualadmin.tasks.sweep import reconcile
from tests.entries import new_entries, payload_of
from tests.factories import AccountFactory, TypeFactory
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
    """A gateway that only says whose credentials are in use."""

    def __init__(self, number: str) -> None:
        self.number = number
        self.asked = 0

    def identity(self) -> Identity:
        self.asked += 1
        return Identity(self.number, "arn:aws:iam::x:user/y", CallRecord("1", 200, None, None, 1, 1))


@pytest.fixture
def sandbox() -> RequesterAccount:
    found: RequesterAccount = AccountFactory(
        environment=Environment.SANDBOX, profile_name="lab", aws_account_id="111122223333"
    )
    return found


def test_f25_credentials_of_another_account_send_nothing(
    sandbox: RequesterAccount, granter: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "gateway_for", lambda account: Sts("999988887777"))
    job = make_job(granter, TypeFactory(account=sandbox), worker_ids(1))
    with new_entries() as entries:
        drain(str(sandbox.pk))
    assert entries.only.action == "account.paused"
    assert entries.only.severity == "critical"
    assert "999988887777" in str(payload_of(entries.only)["detail"])
    assert job.changes.get().state == Change.State.PLANNED


def test_f25_the_right_account_is_asked_about_once_in_ten_minutes(
    sandbox: RequesterAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts = Sts("111122223333")
    now = [1_000.0]
    monkeypatch.setattr(identity, "gateway_for", lambda account: sts)
    monkeypatch.setattr("qualadmin.tasks.identity.time.monotonic", lambda: now[0])
    for _ in range(3):
        identity.check_identity(sandbox)
    assert sts.asked == 1
    now[0] += 601
    identity.check_identity(sandbox)
    assert sts.asked == 2
    sandbox.profile_name = "another"
    identity.check_identity(sandbox)
    assert sts.asked == 3


def test_f25_the_emulator_has_nobody_to_ask(emulator: Emulator, account: RequesterAccount) -> None:
    account.aws_account_id = "111122223333"
    identity.check_identity(account)
