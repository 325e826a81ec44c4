"""A list follows the workers of HITs: read from the emulator over HTTP, kept in step at night."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions import hits as hit_actions
from qualadmin.core.actions.accounts import disable_account
from qualadmin.core.actions.list_hits import add_hits, answers_to_take_in, ask_about_hits, take_hits
from qualadmin.core.actions.list_sources import add_list_source, add_workers, drop_source
from qualadmin.core.actions.lists import add_list, archive_list
from qualadmin.core.errors import ActionError, Conflict, NotAllowed, NotVisible
from qualadmin.core.models import (
    HitReading,
    HitWork,
    ListSource,
    Membership,
    RequesterAccount,
    Worker,
    WorkerList,
)
from qualadmin.core.queue import READ_HITS, TAKE_HITS
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks.hits import read_hits, resume_readings, take_answer
from qualadmin.tasks.lists import read_lists
from qualadmin.tasks.schedules import prune
from tests.entries import new_entries
from tests.people import Cast
from tests.tasks.hit_makers import decide, publish

WEEK = timedelta(days=8)
LIST = "ListAssignmentsForHIT"


@pytest.fixture
def account(account: RequesterAccount, rung: list[Any]) -> RequesterAccount:
    return account


@pytest.fixture
def one(cast: Cast, account: RequesterAccount) -> WorkerList:
    return add_list(actor=cast.actor("granter"), account=account, name="Took part")


def follow(cast: Cast, one: WorkerList, *hits: str, **wishes: Any) -> ListSource:
    return add_hits(actor=cast.actor("granter"), list_id=one.pk, hit_ids=hits, **wishes)


def run(rung: list[Any]) -> None:
    """What the cluster does with the doorbells, until none is left."""
    while rung:
        task, *ids = rung.pop(0)
        {READ_HITS: read_hits, TAKE_HITS: take_answer}.get(task, lambda _: None)(*ids)


def night(rung: list[Any]) -> None:
    rung.clear()
    read_lists()
    run(rung)


def members(one: WorkerList) -> set[str | None]:
    return set(Membership.objects.filter(list=one).values_list("worker__worker_id", flat=True))


def test_a_list_holds_who_did_two_hits_and_follows_what_becomes_of_them(
    emulator: Emulator, cast: Cast, account: RequesterAccount, one: WorkerList, rung: list[Any]
) -> None:
    first = publish(emulator, account, ["AONE1", "ATWO2", "ATHREE3"])
    second = publish(emulator, account, ["AONE1"], MaxAssignments=5)
    decide(emulator, account, first, "ATHREE3", approve=False)
    above = add_list(actor=cast.actor("granter"), account=account, name="Everybody")
    add_list_source(actor=cast.actor("granter"), list_id=above.pk, other=one)

    with new_entries() as entries:
        source = follow(cast, one, second, first, second)
    assert entries.actions == ["workerlist.source.added", "hits.workers.requested"]
    assert entries[0].changes["hits"] == [None, 2]
    assert entries[1].changes["source"] == [None, source.pk]
    assert (source.hit_ids, source.statuses) == (sorted([first, second]), ["Submitted", "Approved"])
    assert (members(one), source.read_at) == (set(), None)

    with new_entries() as entries:
        run(rung)
    assert entries.actions == [
        "hits.workers.read", "workerlist.workers.met", "workerlist.read", "workerlist.read",
    ]  # fmt: skip
    assert members(one) == members(above) == {"AONE1", "ATWO2"}
    assert "AONE1" not in str([one.content for one in entries])
    at = HitWork.objects.filter(worker_id="AONE1").order_by("-submitted_at").values_list("submitted_at", flat=True)
    assert Membership.objects.get(list=one, worker__worker_id="AONE1").at == at[0]

    emulator.submit(emulator.accept(second, "AFOUR4"), {"colour": "red"})
    decide(emulator, account, first, "ATWO2", approve=False)
    night(rung)
    assert members(one) == members(above) == {"AONE1", "AFOUR4"}
    one.refresh_from_db()
    source.refresh_from_db()
    assert (one.members, source.members) == (2, 2)

    with new_entries() as entries:
        night(rung)  # nothing new: the asking and the answer are told, the list is not
    assert entries.actions == ["hits.workers.requested", "hits.workers.read"]

    drop_source(actor=cast.actor("granter"), source_id=source.pk)
    assert members(one) == members(above) == set()
    night(rung)
    assert (members(one), HitReading.objects.filter(state="waiting").count()) == (set(), 0)


def test_workers_of_a_hit_that_amazon_has_deleted_stay(
    emulator: Emulator, cast: Cast, account: RequesterAccount, one: WorkerList, rung: list[Any]
) -> None:
    hits = [publish(emulator, account, [f"A{n}ONE", f"A{n}TWO"], MaxAssignments=5) for n in (1, 2)]
    source = follow(cast, one, *hits)
    run(rung)
    gone, left = source.hit_ids
    emulator.submit(emulator.accept(left, "A3NEW"), {"colour": "red"})
    since = dict(Membership.objects.filter(list=one).values_list("worker__worker_id", "since"))
    unknown = {"code": "RequestError", "status": 400, "message": f"HIT {gone} does not exist. (1760000000000)"}
    emulator.fault("error", operation=LIST, times=1, **unknown)  # the first of the two is asked for first
    ask_about_hits(actor=cast.actor("granter"), list_id=one.pk)
    run(rung)
    answer = hit_actions.newest_answer(source.pk)
    assert answer is not None
    assert [hit for hit, _ in answer.unread] == [gone]
    assert members(one) == {"A1ONE", "A1TWO", "A2ONE", "A2TWO", "A3NEW"}
    kept = dict(Membership.objects.filter(list=one).values_list("worker__worker_id", "since"))
    assert {name: kept[name] for name in since} == since  # nobody left and came back

    HitReading.objects.update(asked_at=timezone.now() - WEEK)
    HitReading.objects.filter(pk=answer.pk).update(asked_at=timezone.now() - WEEK + timedelta(hours=1))
    prune()
    assert list(HitReading.objects.values_list("pk", flat=True)) == [answer.pk]
    ask_about_hits(actor=cast.actor("granter"), list_id=one.pk, below=True)
    emulator.fault("error", operation=LIST, **unknown)
    with new_entries() as entries:
        run(rung)
    assert (entries[-1].action, entries[-1].outcome) == ("hits.workers.read", "failed")
    assert len(members(one)) == 5
    assert HitReading.objects.filter(state="failed").count() == 1
    drop_source(actor=cast.actor("granter"), source_id=source.pk)
    HitReading.objects.update(asked_at=timezone.now() - WEEK)
    prune()
    assert not HitReading.objects.exists()
    assert not HitWork.objects.exists()


def test_a_lost_doorbell_is_made_up_for_and_a_late_one_does_no_harm(
    emulator: Emulator, cast: Cast, account: RequesterAccount, one: WorkerList, rung: list[Any]
) -> None:
    hit = publish(emulator, account, ["AONE1"])
    source = follow(cast, one, hit)
    reading = HitReading.objects.get()
    read_hits(str(reading.pk))
    rung.clear()  # the process is killed before the list takes it in
    assert answers_to_take_in() == [reading.pk]
    resume_readings()
    assert rung == [(TAKE_HITS, str(reading.pk))]
    run(rung)
    assert members(one) == {"AONE1"}
    assert answers_to_take_in() == []
    drop_source(actor=cast.actor("granter"), source_id=source.pk)
    take_hits(actor=cast.actor("granter"), reading_id=reading.pk)
    assert members(one) == set()
    assert Worker.objects.filter(worker_id="AONE1").exists()


def test_asked_twice_is_asked_once_and_an_account_that_is_off_is_not_asked(
    emulator: Emulator, cast: Cast, account: RequesterAccount, one: WorkerList, rung: list[Any]
) -> None:
    hit = publish(emulator, account, ["AONE1"])
    follow(cast, one, hit)
    assert ask_about_hits(actor=cast.actor("granter"), list_id=one.pk) == 1
    assert HitReading.objects.count() == 1
    run(rung)
    account.refresh_from_db()
    disable_account(actor=cast.actor("manager"), account=account)
    calls = len(emulator.calls(operation=LIST))
    night(rung)
    assert ask_about_hits(actor=cast.actor("granter"), list_id=one.pk) == 0
    assert len(emulator.calls(operation=LIST)) == calls
    assert members(one) == {"AONE1"}


def test_what_cannot_be_followed_is_refused_and_changes_nothing(
    cast: Cast, account: RequesterAccount, one: WorkerList, rung: list[Any]
) -> None:
    before = ListSource.objects.count()
    for hits, wishes, words in (
        ((), {}, "No HIT was chosen"),
        (("3fine", "3OK"), {}, "Not HIT IDs: “3fine”"),
        (("3OK",), {"statuses": ["Returned"]}, "Choose which work counts"),
        ((" ".join(f"3HIT{n}" for n in range(1001)),), {}, "At most 1,000 HITs"),
    ):
        with pytest.raises(ActionError, match=words):
            follow(cast, one, *hits, **wishes)
    follow(cast, one, "3OK", "3TWO")
    with pytest.raises(Conflict, match="in the list already"):
        follow(cast, one, "3TWO", "3OK")
    with pytest.raises(NotAllowed):
        add_hits(actor=cast.actor("manager"), list_id=one.pk, hit_ids=["3NEW"])
    with pytest.raises(NotVisible):
        add_hits(actor=cast.actor("outsider"), list_id=one.pk, hit_ids=["3NEW"])
    empty = add_list(actor=cast.actor("granter"), account=account, name="Put away")
    archive_list(actor=cast.actor("granter"), one=empty)
    with pytest.raises(Conflict):
        follow(cast, empty, "3NEW")
    assert ListSource.objects.count() == before + 1


def test_other_sources_keep_their_workers_whatever_becomes_of_the_hits(
    emulator: Emulator, cast: Cast, account: RequesterAccount, one: WorkerList, rung: list[Any]
) -> None:
    hit = publish(emulator, account, ["AONE1", "ATWO2"])
    add_workers(actor=cast.actor("granter"), list_id=one.pk, content=b"ATWO2\nATHREE3")
    source = follow(cast, one, hit, statuses=["Approved"])
    run(rung)
    assert members(one) == {"ATWO2", "ATHREE3"}
    decide(emulator, account, hit, "ATWO2", approve=True)
    night(rung)
    assert source.memberships.count() == 1
    drop_source(actor=cast.actor("granter"), source_id=source.pk)
    assert members(one) == {"ATWO2", "ATHREE3"}
