"""Wishing for a type, and what becomes of the wish."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions.accounts import disable_account, pause_account
from qualadmin.core.actions.creation import (
    claim_type_creation,
    due_creations,
    put_type_back,
    record_type_created,
    record_type_refused,
    record_type_unknown,
)
from qualadmin.core.actions.seen import SeenType
from qualadmin.core.actions.types import (
    request_sync,
    request_sync_account,
    request_type,
    similar_names,
    update_type_settings,
)
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import QualificationType, RequesterAccount
from qualadmin.core.queue import CREATE_TYPE, SYNC_ACCOUNT, SYNC_TYPE
from tests.entries import new_entries, payload_of
from tests.factories import RoleFactory, TypeFactory, UserFactory
from tests.people import Cast

WISH = {"name": "Wave 4", "description": "Took part in wave 4.", "keywords": "wave, colour"}
TASK = Actor.system("create_type")
SEEN = SeenType(
    mturk_id="3WAVE4",
    name="Wave 4",
    description="Took part in wave 4.",
    keywords="wave, colour",
    status="Active",
    auto_granted=False,
    auto_granted_value=None,
    retry_delay_seconds=None,
    test=None,
    is_requestable=True,
    creation_time=datetime(2026, 1, 9, 12, tzinfo=UTC),
)


def wish(cast: Cast, **changes: Any) -> QualificationType:
    values: dict[str, Any] = {"account": cast.account, **WISH, **changes}
    return request_type(actor=cast.actor("manager"), **values)


def test_the_wish_is_committed_before_any_call(cast: Cast, rung: list[Any]) -> None:
    with new_entries() as entries:
        row = wish(cast, auto_granted=True, retry_delay_seconds=172_800)

    row.refresh_from_db()
    assert (row.state, row.mturk_id, row.auto_granted_value) == ("requested", None, 1)
    assert row.created_by == cast.manager
    assert (entries.only.action, entries.only.outcome) == ("qtype.create.requested", "started")
    assert entries.only.stream == "account:practice-lab"
    assert entries.only.changes["retry_delay_seconds"] == [None, 172_800]
    assert payload_of(entries.only)["description"] == "Took part in wave 4."
    assert rung == [(CREATE_TYPE, str(row.pk))]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "n" * 201),
        ("name", "tab\there"),
        ("name", "AKIAIOSFODNN7EXAMPLE"),
        ("description", ""),
        ("description", "d" * 2001),
        ("keywords", "k" * 1001),
        ("status", "Disposing"),
        ("retry_delay_seconds", -1),
        ("retry_delay_seconds", 10**12),
        ("min_score", 2**31),
        ("max_score", -(2**31) - 1),
        ("min_score", 101),
        ("default_score", 101),
    ],
)
def test_it_refuses_what_amazon_would_refuse(cast: Cast, rung: list[Any], field: str, value: object) -> None:
    with new_entries() as entries, pytest.raises(ActionError) as error:
        wish(cast, **{field: value})

    assert error.value.field == field
    assert entries == []
    assert rung == []
    assert not QualificationType.objects.exists()


@pytest.mark.parametrize("name", ["Ω wave", "🎧 audio", "  leading blank", "n" * 200])
def test_bi_56_unusual_names_are_fine(cast: Cast, name: str) -> None:
    assert wish(cast, name=name).name == name.strip()


@pytest.mark.parametrize("name", ["Wave\r\nBcc: a@b.example", "Wave\nX: y", "Wave\x00", "Wave\u202e", "W\u2028x"])
@pytest.mark.parametrize("field", ["name", "lab_name", "keywords"])
def test_bi_57_line_ends_in_a_name_are_refused(cast: Cast, rung: list[Any], field: str, name: str) -> None:
    with pytest.raises(ActionError, match="cannot be seen") as error:
        wish(cast, **{field: name})
    assert error.value.field == field
    assert rung == []


def test_a_name_is_taken_once_per_account(cast: Cast) -> None:
    wish(cast)

    with new_entries() as entries, pytest.raises(ActionError) as error:
        wish(cast, name=" Wave 4 ")
    assert (error.value.field, error.value.code) == ("name", "duplicate")
    assert entries == []
    assert wish(cast, account=cast.other_account).name == "Wave 4"
    assert similar_names(cast.account, "WAVE  4") == ["Wave 4"]
    assert similar_names(cast.account, "Wave 5") == []


def test_a_refused_name_can_be_tried_again(cast: Cast) -> None:
    TypeFactory(account=cast.account, name="Wave 4", state="refused", mturk_id=None)

    assert wish(cast).state == "requested"


def test_a_closed_account_gets_no_new_type(cast: Cast) -> None:
    disable_account(actor=cast.actor("manager"), account=cast.account)

    with new_entries() as entries, pytest.raises(Conflict) as error:
        wish(cast)
    assert error.value.code == "account_closed"
    assert entries == []


@pytest.mark.parametrize(
    ("name", "error"),
    [("granter", NotAllowed), ("pi", NotAllowed), ("viewer", NotAllowed), ("outsider", NotVisible)],
)
def test_only_managers_touch_types(cast: Cast, name: str, error: type[Exception]) -> None:
    row = TypeFactory(account=cast.account)

    with new_entries() as entries:
        with pytest.raises(error):
            request_type(actor=cast.actor(name), account=cast.account, **WISH)
        with pytest.raises(error):
            update_type_settings(actor=cast.actor(name), type=row, default_score=1, min_score=0, max_score=2)

    assert entries == []


def test_a_type_for_real_workers_needs_the_right_to_reach_them(
    cast: Cast, production_account: RequesterAccount
) -> None:
    careful = UserFactory()
    RoleFactory(user=careful, role="manager")

    with pytest.raises(NotAllowed) as error:
        request_type(actor=careful.as_actor(), account=production_account, **WISH)

    assert error.value.code == "needs_production"
    assert request_type(actor=cast.actor("manager"), account=production_account, **WISH).pk


def test_it_records_other_score_settings_and_nothing_when_they_are_the_same(cast: Cast) -> None:
    row = TypeFactory(account=cast.account)
    scores = {"default_score": 5, "min_score": -10, "max_score": 100}

    with new_entries() as entries:
        update_type_settings(actor=cast.actor("manager"), type=row, **scores)
        update_type_settings(actor=cast.actor("manager"), type=row, **scores)

    assert (row.default_score, row.min_score, row.max_score) == (5, -10, 100)
    assert entries.only.action == "qtype.updated"
    assert entries.only.changes == {"default_score": [100, 5], "min_score": [0, -10]}


def test_one_process_creates_and_the_next_after_a_crash_looks_first(cast: Cast) -> None:
    row = wish(cast)
    now = timezone.now()

    hand = claim_type_creation(type_id=row.pk, now=now)
    assert hand is not None
    assert not hand.tried_before
    assert claim_type_creation(type_id=row.pk, now=now) is None
    assert due_creations(now) == []
    later = now + timedelta(minutes=3)
    assert due_creations(later) == [row.pk]
    again = claim_type_creation(type_id=row.pk, now=later)
    assert again is not None
    assert again.tried_before


def test_a_paused_account_creates_nothing(cast: Cast) -> None:
    row = wish(cast)
    pause_account(actor=TASK, account=cast.account, cause="x")

    assert claim_type_creation(type_id=row.pk) is None


def test_a_created_type_is_live_and_told_once(cast: Cast) -> None:
    row = wish(cast)

    with new_entries() as entries:
        record_type_created(actor=TASK, type_id=row.pk, seen=SEEN, aws={"request_id": "r-1"})
        record_type_created(actor=TASK, type_id=row.pk, seen=SEEN)

    row.refresh_from_db()
    assert (row.state, row.mturk_id, row.lease_until) == ("live", "3WAVE4", None)
    assert (entries.only.action, entries.only.outcome) == ("qtype.create.finished", "ok")
    assert entries.only.changes == {"state": ["requested", "live"], "mturk_id": [None, "3WAVE4"]}
    assert entries.only.aws_request_id == "r-1"


def test_a_refusal_is_final_and_says_why(cast: Cast) -> None:
    row = wish(cast)

    with new_entries() as entries:
        record_type_refused(actor=TASK, type_id=row.pk, message="The name is taken.", words="Amazon's words")
        record_type_refused(actor=TASK, type_id=row.pk, message="Again.")

    row.refresh_from_db()
    assert (row.state, row.failure, row.failure_detail) == ("refused", "The name is taken.", "Amazon's words")
    assert entries.only.outcome == "failed"
    assert payload_of(entries.only) == {"detail": "Amazon's words"}
    with pytest.raises(Conflict):
        record_type_created(actor=TASK, type_id=row.pk, seen=SEEN)


def test_no_clear_answer_leaves_the_wish_and_waits(cast: Cast) -> None:
    row = wish(cast)
    claim_type_creation(type_id=row.pk)

    with new_entries() as entries:
        record_type_unknown(actor=TASK, type_id=row.pk, message="No clear answer.")

    row.refresh_from_db()
    assert (row.state, row.failure) == ("requested", "No clear answer.")
    assert entries.only.outcome == "unknown"
    assert due_creations(timezone.now()) == []
    hand = claim_type_creation(type_id=row.pk, now=timezone.now() + timedelta(minutes=2))
    assert hand is not None
    assert hand.tried_before


def test_a_call_that_never_left_is_not_an_earlier_try(cast: Cast) -> None:
    row = wish(cast)
    claim_type_creation(type_id=row.pk)

    with new_entries() as entries:
        put_type_back(type_id=row.pk, reached=False)

    hand = claim_type_creation(type_id=row.pk, now=timezone.now() + timedelta(minutes=2))
    assert hand is not None
    assert not hand.tried_before
    assert entries == []


def test_a_sync_is_asked_for_once_at_a_time(cast: Cast, rung: list[Any]) -> None:
    row = TypeFactory(account=cast.account)

    with new_entries() as entries:
        request_sync(actor=cast.actor("granter"), type=row)
        request_sync(actor=cast.actor("manager"), type=row)

    assert entries.only.action == "qtype.sync.requested"
    assert entries.only.actor_id == str(cast.granter.pk)
    assert rung == [(SYNC_TYPE, str(row.pk))]


def test_only_types_that_amazon_knows_are_read(cast: Cast, rung: list[Any]) -> None:
    row = wish(cast)
    rung.clear()

    with new_entries() as entries, pytest.raises(ActionError) as error:
        request_sync(actor=cast.actor("manager"), type=row)

    assert error.value.code == "not_live"
    assert (entries, rung) == ([], [])


def test_an_account_is_read_when_asked(cast: Cast, rung: list[Any]) -> None:
    with new_entries() as entries:
        request_sync_account(actor=cast.actor("granter"), account=cast.account)

    assert entries.only.action == "account.sync.requested"
    assert rung == [(SYNC_ACCOUNT, str(cast.account.pk))]


@pytest.mark.parametrize(("name", "error"), [("pi", NotAllowed), ("viewer", NotAllowed), ("outsider", NotVisible)])
def test_who_may_not_ask_amazon(cast: Cast, rung: list[Any], name: str, error: type[Exception]) -> None:
    row = TypeFactory(account=cast.account)

    with new_entries() as entries:
        with pytest.raises(error):
            request_sync(actor=cast.actor(name), type=row)
        with pytest.raises(error):
            request_sync_account(actor=cast.actor(name), account=cast.account)

    assert (entries, rung) == ([], [])
