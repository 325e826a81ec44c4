"""Differences with Amazon: noted, closed by what comes later, taken over, put right."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions import drift_decisions
from qualadmin.core.actions.drift import kind_of, same, settle_drift
from qualadmin.core.actions.drift_decisions import Taken, prepare_putting_right, take_over
from qualadmin.core.actions.holders import apply_holders, apply_worker_check
from qualadmin.core.actions.jobs import confirm_preview
from qualadmin.core.actions.seen import SeenHolder, SeenType
from qualadmin.core.actions.type_list import apply_type_list
from qualadmin.core.actor import Actor
from qualadmin.core.errors import ActionError, NotAllowed, NotVisible
from qualadmin.core.models import (
    Change,
    Drift,
    Job,
    Preview,
    Qualification,
    QualificationType,
    RequesterAccount,
)
from tests.core.actions.undoing import confirm, held, undo
from tests.entries import new_entries, payload_of
from tests.factories import QualificationFactory, TypeFactory, WorkerFactory
from tests.people import Cast
from tests.tasks.hands import finish
from tests.tasks.lists import make_job

SYNC = Actor.system("sync_type")


@pytest.fixture
def synced(account: RequesterAccount, rung: list[Any]) -> QualificationType:
    """A type that was read before."""
    found: QualificationType = TypeFactory(
        account=account, name="Wave 3", holders_synced_at=datetime(2026, 1, 6, tzinfo=UTC)
    )
    return found


def amazon_says(row: QualificationType, **holders: tuple[str, int | None]) -> None:
    """Amazon's whole list, as read now."""
    seen = [SeenHolder(worker, *state, None) for worker, state in holders.items()]
    apply_holders(actor=SYNC, type=row, holders=seen, as_of=timezone.now() + timedelta(seconds=1))


def kinds() -> list[tuple[str, str]]:
    rows = Drift.objects.standing().order_by("worker__worker_id")
    return [(one.worker.worker_id or "", one.kind) for one in rows.select_related("worker") if one.worker]


def closed() -> list[str]:
    return list(Drift.objects.exclude(closed_at=None).order_by("pk").values_list("closed_as", flat=True))


def test_granted_changed_and_revoked_outside_and_missing_are_told_apart(synced: QualificationType) -> None:
    for worker, status in (
        ("ASCORE", "Granted"),
        ("AGONE", "Granted"),
        ("ABACK", "Revoked"),
        ("ASAME", "Granted"),
    ):
        QualificationFactory(type=synced, worker__worker_id=worker, status=status, value=100)
    missing = QualificationFactory(type=synced, worker__worker_id="AMISSING")

    amazon_says(
        synced, ASCORE=("Granted", 50), AGONE=("Revoked", None), ABACK=("Granted", 7), ANEW=("Granted", 1),
        ASAME=("Granted", 100), AOLD=("Revoked", 3),
    )  # fmt: skip
    apply_worker_check(actor=SYNC, type=synced, worker=missing.worker, seen=None, as_of=timezone.now())

    assert kinds() == [
        ("ABACK", "granted"), ("AGONE", "revoked"), ("AMISSING", "missing"), ("ANEW", "granted"),
        ("ASCORE", "score"),
    ]  # fmt: skip
    one = Drift.objects.get(worker__worker_id="ASCORE")
    assert (one.held, one.seen_status, one.seen_value) == (("Granted", 100), "Granted", 50)
    assert one.held_entry is not None
    assert one.held_entry != one.seen_entry
    assert one.seen_entry == one.audit_id == Qualification.objects.get(worker=one.worker).audit_id


def test_the_first_list_of_a_type_differs_from_nothing(account: RequesterAccount) -> None:
    row = TypeFactory(account=account)
    apply_worker_check(
        actor=SYNC,
        type=row,
        worker=WorkerFactory(),
        seen=SeenHolder("AONE", "Granted", 1, None),
        as_of=timezone.now(),
    )
    amazon_says(row, AONE=("Granted", 1), ATWO=("Granted", 2))
    assert not Drift.objects.exists()


def test_changed_again_it_stays_one_difference_from_what_we_had_and_back_it_is_over(
    synced: QualificationType,
) -> None:
    QualificationFactory(type=synced, worker__worker_id="AONE", value=100)
    amazon_says(synced, AONE=("Granted", 50))
    synced.refresh_from_db()
    amazon_says(synced, AONE=("Revoked", None))

    one = Drift.objects.get()
    assert (one.kind, one.times, one.held, one.seen_status) == ("revoked", 2, ("Granted", 100), "Revoked")
    assert Change.objects.filter(job=None).count() == 2  # the history keeps every step

    amazon_says(synced, AONE=("Granted", 100))
    assert (kinds(), closed()) == ([], ["back"])
    amazon_says(synced, AONE=("Granted", 1))
    assert kinds() == [("AONE", "score")]


def test_what_a_job_changes_since_no_longer_stands(synced: QualificationType, cast: Cast) -> None:
    for worker in ("ARIGHT", "AOTHER"):
        QualificationFactory(type=synced, worker__worker_id=worker, value=100)
    amazon_says(synced, ARIGHT=("Granted", 1), AOTHER=("Granted", 1))
    make_job(cast.granter, synced, ["ARIGHT"], score=100)
    make_job(cast.granter, synced, ["AOTHER"], score=70)
    assert len(kinds()) == 2
    finish(synced.account)

    assert kinds() == []  # at once, whether anybody has looked or not
    assert closed() == []
    with new_entries() as entries:
        assert settle_drift() == 2
        assert settle_drift() == 0
    assert (entries, sorted(closed())) == ([], ["right", "since"])


def test_a_new_difference_after_a_job_is_a_new_one(synced: QualificationType, cast: Cast) -> None:
    QualificationFactory(type=synced, worker__worker_id="AONE", value=100)
    amazon_says(synced, AONE=("Granted", 1))
    make_job(cast.granter, synced, ["AONE"], score=70)
    finish(synced.account)
    amazon_says(synced, AONE=("Granted", 5))

    assert closed() == ["since"]
    [one] = Drift.objects.standing()
    assert (one.held, one.seen_value, one.times) == (("Granted", 70), 5, 1)


def test_taking_over_needs_a_reason_and_keeps_who_and_why_for_each(synced: QualificationType, cast: Cast) -> None:
    for worker in ("AONE", "ATWO", "AKEPT"):
        QualificationFactory(type=synced, worker__worker_id=worker, value=100)
    amazon_says(synced, AONE=("Granted", 50), ATWO=("Revoked", None), AKEPT=("Granted", 1))
    rows = Drift.objects.filter(worker__worker_id__in=["AONE", "ATWO"])
    granter = cast.actor("granter")
    with pytest.raises(ActionError):
        take_over(actor=granter, account=synced.account, rows=rows, reason=" ")
    with pytest.raises(NotAllowed):
        take_over(actor=cast.actor("viewer"), account=synced.account, rows=rows, reason="agreed")
    with pytest.raises(NotAllowed):
        take_over(actor=cast.actor("manager"), account=synced.account, rows=rows, reason="agreed")
    with pytest.raises(NotVisible):
        take_over(actor=cast.actor("outsider"), account=synced.account, rows=rows, reason="agreed")

    with new_entries() as entries:
        assert take_over(actor=granter, account=synced.account, rows=rows, reason="Paul did it") == Taken(2, False)

    assert entries.actions == ["drift.taken_over"] * 2
    assert {entry.subject for entry in entries} == set(rows.values_list("worker", flat=True))
    assert payload_of(entries[0]) == {"reason": "Paul did it"}
    assert "AONE" not in str([entry.content for entry in entries])
    assert set(rows.values_list("closed_as", "decided_by", "reason")) == {
        ("taken", cast.granter.pk, "Paul did it")
    }
    assert kinds() == [("AKEPT", "score")]
    assert held(synced)["AONE"] == ("Granted", 50)  # what is so was Amazon's word before, and still is
    with pytest.raises(ActionError):  # twice is once
        take_over(actor=granter, account=synced.account, rows=rows, reason="again")
    amazon_says(synced, AONE=("Granted", 60), ATWO=("Revoked", None), AKEPT=("Granted", 1))
    assert Drift.objects.standing().get(worker__worker_id="AONE").held == ("Granted", 50)


def test_taking_over_very_many_says_that_some_are_left(
    synced: QualificationType, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    amazon_says(synced, **{f"AMANY{number}": ("Granted", 1) for number in range(7)})
    monkeypatch.setattr(drift_decisions, "PART", 2)
    monkeypatch.setattr(drift_decisions, "AT_ONCE", 5)
    taken = take_over(actor=cast.actor("granter"), account=synced.account, rows=Drift.objects.all(), reason="ok")
    assert taken == Taken(5, True)
    assert len(kinds()) == 2


def put_right(cast: Cast, row: QualificationType, reason: str = "not ours") -> Preview:
    return prepare_putting_right(
        actor=cast.actor("granter"), account=row.account, rows=Drift.objects.all(), study=None, reason=reason
    )


def test_a_job_puts_right_what_stands_and_can_be_undone(synced: QualificationType, cast: Cast) -> None:
    for worker, status in (("ASCORE", "Granted"), ("AGONE", "Granted"), ("ABACK", "Revoked")):
        QualificationFactory(type=synced, worker__worker_id=worker, status=status, value=100)
    QualificationFactory(type=synced, worker__worker_id="ALOST", value=None)
    amazon_says(
        synced, ASCORE=("Granted", 50), AGONE=("Revoked", None), ABACK=("Granted", 7), ANEW=("Granted", 1),
        ALOST=("Revoked", None),
    )  # fmt: skip
    with new_entries() as entries:
        preview = put_right(cast, synced)

    assert entries.only.action == "drift.put_right.prepared"
    assert preview.origin == "Put right: 5 differences of “Wave 3”"
    groups = dict(preview.rows.values_list("worker_id", "group"))
    assert groups == {
        "ASCORE": "score", "AGONE": "new", "ABACK": "revoke", "ANEW": "revoke", "ALOST": "problem",
    }  # fmt: skip
    job = confirm(cast.granter, preview)
    finish(synced.account)
    job.refresh_from_db()
    assert (job.state, job.done, job.title) == ("finished", 4, preview.origin)
    now = held(synced)
    assert (now["ASCORE"], now["AGONE"]) == (("Granted", 100), ("Granted", 100))
    assert (now["ABACK"][0], now["ANEW"][0]) == ("Revoked", "Revoked")
    assert kinds() == [("ALOST", "revoked")]
    settle_drift()
    assert closed() == ["right"] * 4
    undo(cast.granter, job)
    assert held(synced)["ASCORE"] == ("Granted", 50)


@pytest.mark.parametrize("when", ["before confirming", "before sending"])
def test_what_is_changed_meanwhile_is_left_alone(synced: QualificationType, cast: Cast, when: str) -> None:
    QualificationFactory(type=synced, worker__worker_id="AONE", value=100)
    amazon_says(synced, AONE=("Granted", 50))
    preview = put_right(cast, synced)

    def somebody_else() -> None:
        amazon_says(synced, AONE=("Granted", 60))

    if when == "before confirming":
        somebody_else()
    job = confirm_preview(actor=cast.actor("granter"), preview_id=preview.pk, rows_sha256=preview.rows_sha256)
    if when == "before sending":
        somebody_else()
    finish(synced.account)

    job = Job.objects.get(pk=job.pk)
    assert (job.done, job.cancelled) == (0, 1)
    assert held(synced)["AONE"] == ("Granted", 60)
    assert kinds() == [("AONE", "score")]


def test_what_cannot_be_put_right_is_refused(synced: QualificationType, cast: Cast, settings: Any) -> None:
    with pytest.raises(ActionError):
        put_right(cast, synced)
    amazon_says(synced, AONE=("Granted", 1), ATWO=("Granted", 1))
    settings.UPLOAD_MAX_ROWS = 1
    with pytest.raises(ActionError) as refused:
        put_right(cast, synced)
    assert refused.value.code == "too_many_rows"
    with pytest.raises(NotAllowed):
        prepare_putting_right(
            actor=cast.actor("manager"), account=synced.account, rows=Drift.objects.all(), study=None, reason="x"
        )
    assert not Preview.objects.exists()


def seen_type(name: str, mturk_id: str) -> SeenType:
    return SeenType(mturk_id, name, "A type.", "", "Active", False, None, None, None, True, None)


def test_a_type_that_came_up_without_us_stands_until_it_is_taken_over_or_gone(
    account: RequesterAccount, cast: Cast
) -> None:
    def amazon_lists(*types: SeenType, gone: tuple[str, ...] = ()) -> None:
        apply_type_list(actor=SYNC, account=account, remote=types, gone=gone)

    first, second = seen_type("First", "3FIRST"), seen_type("Second", "3SECOND")
    amazon_lists(first)
    assert not Drift.objects.exists()  # what was there before us
    account.synced_at = timezone.now()
    amazon_lists(first, second)
    assert [(one.type.name, one.kind) for one in Drift.objects.standing()] == [("Second", "new_type")]

    with new_entries() as entries:
        taken = take_over(actor=cast.actor("manager"), account=account, rows=Drift.objects.all(), reason="Ours")
    assert taken.number == 1
    assert entries.only.changes == {"difference": [None, "new_type"]}
    amazon_lists(first, gone=("3SECOND",))
    assert [one.kind for one in Drift.objects.standing()] == ["gone"]
    amazon_lists(first, second)
    assert closed() == ["taken", "back"]

    amazon_lists(first, second, seen_type("Third", "3THIRD"))
    amazon_lists(first, second, gone=("3THIRD",))
    assert closed() == ["taken", "back", "back"]  # came and went: nothing is left to decide
    assert not Drift.objects.standing().exists()


@pytest.mark.parametrize(
    ("held_before", "seen", "kind", "alike"),
    [
        (("Granted", 1), ("Granted", 2), "score", False),
        (("Granted", 1), ("Granted", 1), "score", True),
        (("Granted", 1), ("Revoked", None), "revoked", False),
        (("", None), ("Granted", 1), "granted", False),
        (("Revoked", 5), ("Revoked", 9), "revoked", True),
        (("", None), ("Revoked", None), "revoked", True),
    ],
)
def test_what_counts_as_a_difference(
    held_before: tuple[str, int | None], seen: tuple[str, int | None], kind: str, alike: bool
) -> None:
    assert kind_of(held_before, seen) == kind
    assert same(held_before, seen) is alike
