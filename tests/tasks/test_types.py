"""Creating a type at the emulator, with answers lost on the way."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions.types import request_type
from qualadmin.core.models import QualificationType, RequesterAccount
from qualadmin.core.queue import CREATE_TYPE
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.tasks.types import create_type, resume_types
from tests.entries import new_entries, payload_of
from tests.people import Cast

CREATE = "CreateQualificationType"


@pytest.fixture
def wished(cast: Cast, rung: list[Any]) -> QualificationType:
    return request_type(
        actor=cast.actor("manager"),
        account=cast.account,
        name="Wave 4",
        description="Took part in wave 4.",
        keywords="wave",
        auto_granted=True,
        auto_granted_value=7,
        retry_delay_seconds=3600,
    )


def later(row: QualificationType) -> None:
    """As if the waiting time were over."""
    QualificationType.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def names_at_amazon(gateway: QualificationGateway) -> list[str]:
    return [found.name for found in gateway.types()]


def test_a_wish_becomes_a_type(
    emulator: Emulator, gateway: QualificationGateway, wished: QualificationType
) -> None:
    with new_entries() as entries:
        create_type(str(wished.pk))
        create_type(str(wished.pk))  # a doubled message

    wished.refresh_from_db()
    assert wished.state == "live"
    remote = gateway.get_type(wished.mturk_id or "")
    assert (remote.name, remote.keywords, remote.auto_granted_value) == ("Wave 4", "wave", 7)
    assert remote.retry_delay_seconds == 3600
    assert len(emulator.calls(operation=CREATE)) == 1
    entry = entries.only
    assert (entry.action, entry.outcome) == ("qtype.create.finished", "ok")
    assert entry.aws_request_id
    assert entry.obo_label == "Manager Person"
    assert entry.content["aws"]["op"] == CREATE


@pytest.mark.parametrize(
    ("kind", "when"),
    [
        ("reset", "before"),
        ("reset", "after"),
        ("error", "before"),
        ("error", "after"),
        ("html", "after"),
        ("truncate", "after"),
        ("no_request_id", "after"),
    ],
)
def test_a_lost_answer_makes_exactly_one_type(
    emulator: Emulator, gateway: QualificationGateway, wished: QualificationType, kind: str, when: str
) -> None:
    emulator.fault(kind, when=when, operation=CREATE, times=1)

    with new_entries() as entries:
        create_type(str(wished.pk))
        wished.refresh_from_db()
        assert wished.state == "requested"
        assert wished.failure
        create_type(str(wished.pk))  # too early: nothing is sent
        later(wished)
        create_type(str(wished.pk))

    wished.refresh_from_db()
    assert (wished.state, wished.failure) == ("live", "")
    assert names_at_amazon(gateway) == ["Wave 4"]
    assert len(emulator.calls(operation=CREATE)) == (1 if when == "after" else 2)
    assert [entry.outcome for entry in entries] == ["unknown", "ok"]


def test_a_type_that_amazon_does_not_list_yet_is_looked_for_again(
    emulator: Emulator, gateway: QualificationGateway, wished: QualificationType
) -> None:
    emulator.configure(list_lag_seconds=60)
    emulator.fault("reset", when="after", operation=CREATE, times=1)

    create_type(str(wished.pk))
    later(wished)
    create_type(str(wished.pk))  # not in the list, and Amazon refuses a second one
    wished.refresh_from_db()
    assert wished.state == "requested"
    emulator.advance(61)
    later(wished)
    create_type(str(wished.pk))

    wished.refresh_from_db()
    assert wished.state == "live"
    assert names_at_amazon(gateway) == ["Wave 4"]


def test_a_process_that_died_after_the_call_is_followed_by_one_that_looks(
    emulator: Emulator, gateway: QualificationGateway, wished: QualificationType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(**kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("qualadmin.tasks.types.record_type_created", die)
        with pytest.raises(Killed):
            create_type(str(wished.pk))
    later(wished)
    create_type(str(wished.pk))

    wished.refresh_from_db()
    assert wished.state == "live"
    assert len(emulator.calls(operation=CREATE)) == 1


def test_a_name_that_is_taken_at_amazon_is_refused_for_good(
    emulator: Emulator, gateway: QualificationGateway, wished: QualificationType
) -> None:
    gateway.create_type(name="Wave 4", description="Made on the requester website.")

    with new_entries() as entries:
        create_type(str(wished.pk))
        create_type(str(wished.pk))

    wished.refresh_from_db()
    assert wished.state == "refused"
    assert "already has" in wished.failure
    assert entries.only.outcome == "failed"
    assert "already created" in str(payload_of(entries.only)["detail"])
    assert names_at_amazon(gateway) == ["Wave 4"]


def test_throttling_puts_the_wish_back(emulator: Emulator, wished: QualificationType) -> None:
    emulator.fault("error", code="ThrottlingException", status=400, when="before", operation=CREATE, times=1)

    with new_entries() as entries:
        create_type(str(wished.pk))
    wished.refresh_from_db()
    assert (wished.state, wished.checks) == ("requested", 0)
    assert entries == []

    later(wished)
    create_type(str(wished.pk))
    wished.refresh_from_db()
    assert wished.state == "live"


def test_refused_credentials_pause_the_account(
    emulator: Emulator, account: RequesterAccount, wished: QualificationType
) -> None:
    emulator.fault("error", code="AccessDeniedException", status=400, when="before", operation=CREATE, times=1)

    with new_entries() as entries:
        create_type(str(wished.pk))

    wished.refresh_from_db()
    account.refresh_from_db()
    assert wished.state == "requested"
    assert account.paused_reason
    assert entries.only.action == "account.paused"


def test_lost_doorbells_are_rung_again(wished: QualificationType, rung: list[Any]) -> None:
    rung.clear()

    resume_types()

    assert rung == [(CREATE_TYPE, str(wished.pk))]
