"""Who did a HIT, read from the emulator over HTTP: page by page, through faults, and on after a kill."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from qualadmin.core.actions import hit_list, readings
from qualadmin.core.actions import hits as actions
from qualadmin.core.actions.seen import SeenWork
from qualadmin.core.errors import ActionError, Conflict, NotAllowed
from qualadmin.core.models import Hit, HitList, HitReading, HitWork, RequesterAccount, Verb
from qualadmin.core.queue import LIST_HITS, READ_HITS
from qualadmin.emulator.testing import Emulator
from qualadmin.tasks import stopping, turns
from qualadmin.tasks.hits import list_hits, read_hits, resume_readings
from qualadmin.tasks.schedules import PREVIEWS_KEPT, prune
from tests.entries import new_entries
from tests.factories import AccountFactory
from tests.people import Cast
from tests.tasks.hit_makers import amazon, decide, publish

PANEL = [f"AWORKER{number:04d}" for number in range(230)]
LIST = "ListAssignmentsForHIT"


def ask(cast: Cast, *hits: str, **wishes: Any) -> HitReading:
    return actions.request_hit_reading(actor=cast.actor("granter"), account=cast.account, hit_ids=hits, **wishes)


def read(reading: HitReading) -> HitReading:
    read_hits(str(reading.pk))
    reading.refresh_from_db()
    return reading


def found(reading: HitReading) -> list[tuple[str, str]]:
    return sorted((one.worker_id, one.status) for one in actions.work_of(reading))


@pytest.fixture
def account(account: RequesterAccount, rung: list[Any]) -> RequesterAccount:
    return account


def test_who_did_two_hits_by_status_with_the_time(
    emulator: Emulator, cast: Cast, account: RequesterAccount, rung: list[Any]
) -> None:
    first = publish(emulator, account, ["AONE1", "ATWO2", "ATHREE3"])
    second = publish(emulator, account, ["AONE1"])
    decide(emulator, account, first, "AONE1", approve=True)
    decide(emulator, account, first, "ATWO2", approve=False)

    with new_entries() as entries:
        reading = read(ask(cast, first, second, first))

    assert rung[0] == (READ_HITS, str(reading.pk))
    assert (reading.state, reading.workers, reading.unread) == ("done", 3, [])
    assert found(reading) == [
        ("AONE1", "Approved"), ("AONE1", "Submitted"), ("ATHREE3", "Submitted"), ("ATWO2", "Rejected"),
    ]  # fmt: skip
    assert all(one.submitted_at is not None for one in actions.work_of(reading))
    assert entries.actions == ["hits.workers.requested", "hits.workers.read"]
    assert entries[1].changes["assignments"] == [None, 4]
    assert "AONE1" not in str([one.content for one in entries])

    only = read(ask(cast, first, second, statuses=["Approved"]))
    assert found(only) == [("AONE1", "Approved")]


def test_a_long_hit_is_read_in_turns_and_by_another_process_after_a_kill(
    emulator: Emulator, cast: Cast, account: RequesterAccount, rung: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hit = publish(emulator, account, PANEL)
    reading = ask(cast, hit)
    taken = actions.take_reading(reading.pk)  # a process has it, and reads one page …
    assert taken is not None
    slices = iter([True, False])
    monkeypatch.setattr("qualadmin.tasks.hits.slice_of_time", lambda: lambda: next(slices))
    assert read(reading).work.count() == 0  # nobody reads beside it
    HitReading.objects.update(lease_until=timezone.now() - timedelta(seconds=1))  # … and is killed

    assert read(reading).work.count() == 100
    assert (reading.state, reading.place) == ("waiting", 0)
    assert reading.token
    assert rung[-1] == (READ_HITS, str(reading.pk))

    monkeypatch.setattr("qualadmin.tasks.hits.slice_of_time", turns.slice_of_time)
    assert read(reading).state == "done"
    assert [one for one, _ in found(reading)] == PANEL
    assert reading.workers == 230
    assert len(emulator.calls(operation=LIST)) == 4  # three pages and the empty one that ends a list
    # The process that was thought dead wakes up: what it has in hand is not its own any more.
    assert not actions.keep_work(turn=taken[1], reading=taken[0], seen=[], token="old")


def test_a_token_that_amazon_refuses_begins_the_hit_again(
    emulator: Emulator, cast: Cast, account: RequesterAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    hit = publish(emulator, account, PANEL[:130])
    reading = ask(cast, hit)
    slices = iter([True, False])
    monkeypatch.setattr("qualadmin.tasks.hits.slice_of_time", lambda: lambda: next(slices))
    read(reading)
    monkeypatch.setattr("qualadmin.tasks.hits.slice_of_time", turns.slice_of_time)
    emulator.fault("error", operation=LIST, code="RequestError", message="The token is stale", status=400, times=1)

    assert read(reading).state == "done"
    assert [one for one, _ in found(reading)] == PANEL[:130]


def test_an_unknown_hit_and_one_of_somebody_else_are_named_and_the_rest_is_read(
    emulator: Emulator, cast: Cast, account: RequesterAccount
) -> None:
    mine = publish(emulator, account, ["AONE1"])
    theirs = publish(emulator, AccountFactory(), ["ATWO2"])

    reading = read(ask(cast, "3NOSUCHHIT", theirs, mine))

    assert (reading.state, reading.workers) == ("done", 1)
    assert [hit for hit, _ in reading.unread] == ["3NOSUCHHIT", theirs]
    assert "does not know this HIT" in reading.unread[0][1]
    assert "another requester" in reading.unread[1][1]

    with new_entries() as entries:
        nothing = read(ask(cast, "3NOSUCHHIT"))
    assert nothing.state == "failed"
    assert (entries[-1].action, entries[-1].outcome) == ("hits.workers.read", "failed")


def test_no_answer_is_tried_again_and_given_up_in_the_end(
    emulator: Emulator, cast: Cast, account: RequesterAccount, rung: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hit = publish(emulator, account, ["AONE1"])
    reading = ask(cast, hit)
    emulator.fault("error", operation=LIST, code="ServiceFault", status=500)
    monkeypatch.setattr(readings, "TRIES", 2)

    assert read(reading).state == "waiting"
    assert reading.due_at is not None
    rung.clear()
    resume_readings()
    assert rung == []  # it rests
    HitReading.objects.update(due_at=timezone.now())
    resume_readings()
    assert rung == [(READ_HITS, str(reading.pk))]
    assert read(reading).state == "failed"
    assert readings.GAVE_UP in reading.failure


def test_refused_credentials_end_it_and_pause_the_account(
    emulator: Emulator, cast: Cast, account: RequesterAccount
) -> None:
    emulator.fault("error", code="UnrecognizedClientException", status=400)

    assert read(ask(cast, "3SOMEHIT")).state == "failed"
    account.refresh_from_db()
    assert account.paused_reason


def test_a_cluster_that_ends_leaves_it_for_the_next(
    emulator: Emulator, cast: Cast, account: RequesterAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = ask(cast, publish(emulator, account, ["AONE1"]))
    monkeypatch.setattr(stopping, "asked", lambda: True)
    assert (read(reading).state, reading.lease_until) == ("waiting", None)


@pytest.mark.parametrize(
    ("hits", "wishes", "code"),
    [
        ([], {}, "no_hit"),
        (["3OK", "not a hit!"], {}, "malformed"),
        (["3ok"], {}, "malformed"),
        (["3HIT\x00"], {}, "malformed"),
        ([f"3HIT{number}" for number in range(actions.MAX_HITS + 1)], {}, "too_many"),
        (["3OK"], {"statuses": []}, "no_status"),
        (["3OK"], {"statuses": ["Approved", "Paid"]}, "no_status"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    cast: Cast, account: RequesterAccount, rung: list[Any], hits: list[str], wishes: dict[str, Any], code: str
) -> None:
    with new_entries() as entries, pytest.raises(ActionError) as refused:
        ask(cast, *hits, **wishes)
    assert refused.value.code == code
    assert (entries, rung, HitReading.objects.count()) == ([], [], 0)


def test_only_who_may_ask_amazon_may_ask(cast: Cast, account: RequesterAccount) -> None:
    with pytest.raises(NotAllowed):
        actions.request_hit_reading(actor=cast.actor("viewer"), account=account, hit_ids=["3HIT"])


def test_readings_are_forgotten_with_their_worker_ids(
    emulator: Emulator, cast: Cast, account: RequesterAccount
) -> None:
    old = read(ask(cast, publish(emulator, account, ["AONE1"])))
    kept = read(ask(cast, publish(emulator, account, ["ATWO2"])))
    HitReading.objects.filter(pk=old.pk).update(asked_at=timezone.now() - PREVIEWS_KEPT - timedelta(hours=1))

    prune()

    assert list(HitReading.objects.all()) == [kept]
    assert [one.worker_id for one in HitWork.objects.all()] == ["ATWO2"]


def test_what_amazon_sends_twice_is_kept_once(cast: Cast, account: RequesterAccount) -> None:
    reading = ask(cast, "3HIT", "3HIT2")
    taken = actions.take_reading(reading.pk)
    assert taken is not None
    seen = [
        SeenWork("3ASSIGNMENT", "3HIT", "AONE1", "Submitted", timezone.now()),
        SeenWork("3STRANGE", "3HIT", "not a worker", "Submitted", None),
    ]
    assert actions.keep_work(turn=taken[1], reading=taken[0], seen=seen, token="next")
    seen[0] = SeenWork("3ASSIGNMENT", "3HIT", "AONE1", "Approved", seen[0].submitted_at)
    assert actions.keep_work(turn=taken[1], reading=taken[0], seen=seen, token=None)
    assert found(reading) == [("AONE1", "Approved")]


def test_the_list_of_hits_comes_in_goes_on_and_forgets_what_is_gone(
    emulator: Emulator, cast: Cast, account: RequesterAccount, rung: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hits = [publish(emulator, account, [], Title=f"Colours {number}") for number in range(120)]
    publish(emulator, AccountFactory(), ["AONE1"])
    with new_entries() as entries:
        hit_list.request_hit_list(actor=cast.actor("granter"), account=account)
        hit_list.request_hit_list(actor=cast.actor("granter"), account=account)
    assert entries.only.action == "hits.list.requested"  # one reading is under way
    assert entries.only.actor_id == str(cast.granter.pk)
    slices = iter([True, False])
    monkeypatch.setattr("qualadmin.tasks.hits.slice_of_time", lambda: lambda: next(slices))
    list_hits(str(account.pk))
    assert Hit.objects.count() == 100
    assert rung[-1] == (LIST_HITS, str(account.pk))
    monkeypatch.setattr("qualadmin.tasks.hits.slice_of_time", turns.slice_of_time)
    emulator.fault("error", operation="ListHITs", code="RequestError", message="stale", status=400, times=1)

    list_hits(str(account.pk))

    row = HitList.objects.get()
    assert (row.is_open, row.failure, row.restarts) == (False, "", 1)
    assert set(Hit.objects.values_list("hit_id", flat=True)) == set(hits)
    assert Hit.objects.get(hit_id=hits[0]).title == "Colours 0"
    assert row.listed_at is not None

    client = amazon(emulator, account)
    client.update_expiration_for_hit(HITId=hits[0], ExpireAt=0)
    client.delete_hit(HITId=hits[0])
    hit_list.request_hit_list(actor=cast.actor("granter"), account=account)
    list_hits(str(account.pk))
    assert not Hit.objects.filter(hit_id=hits[0]).exists()
    assert Hit.objects.count() == 119


def test_the_workers_become_a_list_in_the_order_of_their_work(
    emulator: Emulator, cast: Cast, account: RequesterAccount
) -> None:
    first = publish(emulator, account, ["ATWO2", "AONE1"])
    second = publish(emulator, account, ["AONE1", "ATHREE3"])
    reading = ask(cast, first, second, statuses=["Submitted", "Approved"])
    with pytest.raises(Conflict):
        hit_list.select_hit_workers(actor=cast.actor("granter"), reading=reading, verb=Verb.GRANT)

    with new_entries() as entries:
        preview = hit_list.select_hit_workers(actor=cast.actor("granter"), reading=read(reading), verb=Verb.GRANT)

    assert bytes(preview.content or b"") == b"ATWO2\nAONE1\nATHREE3"
    assert preview.origin == "Workers who did 2 HITs (work submitted or approved): 3"
    assert entries[-1].action == "hits.workers.selected"
    with pytest.raises(NotAllowed):
        hit_list.select_hit_workers(actor=cast.actor("manager"), reading=reading, verb=Verb.GRANT)


def test_nobody_and_too_many_are_refused(
    emulator: Emulator, cast: Cast, account: RequesterAccount, settings: Any
) -> None:
    hit = publish(emulator, account, ["AONE1", "ATWO2"])
    settings.UPLOAD_MAX_ROWS = 1
    for statuses, code in ((["Approved"], "nobody"), (["Submitted"], "too_many_rows")):
        reading = read(ask(cast, hit, statuses=statuses))
        with pytest.raises(ActionError) as refused:
            hit_list.select_hit_workers(actor=cast.actor("granter"), reading=reading, verb=Verb.GRANT)
        assert refused.value.code == code
