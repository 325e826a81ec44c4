"""Who may see, preview and accept a HIT, and what workers are told otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from qualadmin.emulator.control import ControlError
from qualadmin.emulator.testing import EmulatorFailed
from tests.emulator.conftest import Side
from tests.emulator.hit_forms import DAY, HTML, OTHER, WORKER, Workers, hit_id
from tests.emulator.refusals import refusal

Refused = (ControlError, EmulatorFailed)
LOCALE, ADULT = "00000000000000000071", "00000000000000000060"
APPROVED, PERCENT = "00000000000000000040", "000000000000000000L0"
MASTERS = "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6"


@pytest.fixture
def workers(amazon: Side) -> Workers:
    return Workers(amazon)


def requiring(client: Any, type_id: str, comparator: str, *numbers: int, **fields: Any) -> str:
    row: dict[str, Any] = {"QualificationTypeId": type_id, "Comparator": comparator, **fields}
    if numbers:
        row["IntegerValues"] = list(numbers)
    return hit_id(client, QualificationRequirements=[row], MaxAssignments=9)


def may_accept(workers: Workers, hit: str, worker_id: str = WORKER) -> bool:
    try:
        workers.give_back(workers.accept(hit, worker_id))
    except Refused as error:
        if "does not meet the requirements" not in str(error):
            raise
        return False
    return True


@pytest.mark.parametrize(
    ("comparator", "numbers", "fit"),
    [
        ("LessThan", [5], {4}),
        ("LessThanOrEqualTo", [5], {4, 5}),
        ("GreaterThan", [5], {6}),
        ("GreaterThanOrEqualTo", [5], {5, 6}),
        ("EqualTo", [5], {5}),
        ("NotEqualTo", [5], {4, 6}),
        ("In", [4, 6], {4, 6}),
        ("NotIn", [4, 6], {5}),
        ("Exists", [], {4, 5, 6}),
        ("DoesNotExist", [], {None}),
    ],
)
def test_comparators(
    mturk: Any, workers: Workers, type_id: str, comparator: str, numbers: list[int], fit: set[int | None]
) -> None:
    hit = requiring(mturk, type_id, comparator, *numbers)
    found = {value for value in (None, 4, 5, 6) if may_accept(workers, hit, holder(mturk, type_id, value))}
    assert found == fit


def holder(client: Any, type_id: str, value: int | None) -> str:
    worker_id = f"A{value}HOLDER".upper()
    if value is not None:
        client.associate_qualification_with_worker(
            QualificationTypeId=type_id, WorkerId=worker_id, IntegerValue=value
        )
    return worker_id


def test_revoked_is_like_never_had(mturk: Any, workers: Workers, type_id: str) -> None:
    hit = requiring(mturk, type_id, "Exists")
    pair = {"QualificationTypeId": type_id, "WorkerId": WORKER}
    mturk.associate_qualification_with_worker(**pair)
    assert may_accept(workers, hit)
    mturk.disassociate_qualification_from_worker(**pair)
    assert not may_accept(workers, hit)


@pytest.mark.parametrize(
    ("comparator", "places", "fits"),
    [
        ("EqualTo", [{"Country": "US"}], True),
        ("EqualTo", [{"Country": "US", "Subdivision": "CA"}], True),
        ("EqualTo", [{"Country": "US", "Subdivision": "NY"}], False),
        ("NotEqualTo", [{"Country": "US", "Subdivision": "NY"}], True),
        ("In", [{"Country": "DE"}, {"Country": "FR"}], False),
        ("NotIn", [{"Country": "DE"}, {"Country": "US"}], False),
        ("NotIn", [{"Country": "DE"}], True),
    ],
)
def test_locale(mturk: Any, workers: Workers, comparator: str, places: list[dict[str, str]], fits: bool) -> None:
    workers.post("profile", worker_id=WORKER, country="US", subdivision="CA")
    assert may_accept(workers, requiring(mturk, LOCALE, comparator, LocaleValues=places)) is fits


def test_adult_and_masters(mturk: Any, workers: Workers) -> None:
    adult, masters = requiring(mturk, ADULT, "EqualTo", 1), requiring(mturk, MASTERS, "Exists")
    assert not may_accept(workers, adult)
    assert not may_accept(workers, masters)
    workers.post("profile", worker_id=WORKER, adult=True, masters=True)
    assert may_accept(workers, adult)
    assert may_accept(workers, masters)


def test_approved_hits_are_counted(mturk: Any, workers: Workers) -> None:
    hit = requiring(mturk, APPROVED, "GreaterThanOrEqualTo", 2)
    for _ in range(2):
        assert not may_accept(workers, hit)
        mturk.approve_assignment(AssignmentId=workers.work(hit_id(mturk)))
    assert may_accept(workers, hit)
    workers.post("profile", worker_id=OTHER, approved=500, percent=98)
    assert may_accept(workers, hit, OTHER)
    assert not may_accept(workers, requiring(mturk, PERCENT, "GreaterThan", 98), OTHER)


def test_share_reads_100_until_there_is_enough(mturk: Any, workers: Workers) -> None:
    hit = requiring(mturk, PERCENT, "EqualTo", 100)
    mturk.reject_assignment(AssignmentId=workers.work(hit_id(mturk)), RequesterFeedback="No.")
    assert may_accept(workers, hit)


def test_guards_go_from_seeing_to_accepting(mturk: Any, workers: Workers, type_id: str) -> None:
    hits = {
        guard: requiring(mturk, type_id, "Exists", ActionsGuarded=guard)
        for guard in ("Accept", "PreviewAndAccept", "DiscoverPreviewAndAccept")
    }
    seen = {row["HITId"] for row in workers.post("hits", worker_id=WORKER)["hits"]}
    assert seen == {hits["Accept"], hits["PreviewAndAccept"]}
    looked = workers.post("preview", hit_id=hits["Accept"], worker_id=WORKER)
    assert looked["hit"]["question"] == HTML
    assert [row["QualificationTypeId"] for row in looked["missing_requirements"]] == [type_id]
    for guard in ("PreviewAndAccept", "DiscoverPreviewAndAccept"):
        with pytest.raises(Refused, match="does not meet the requirements of this HIT: Colour words"):
            workers.post("preview", hit_id=hits[guard], worker_id=WORKER)
    for hit in hits.values():
        assert not may_accept(workers, hit)


def test_block_stops_accepting_and_not_handing_in(amazon: Side, mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=3)
    begun = workers.accept(hit)
    mturk.create_worker_block(WorkerId=WORKER, Reason="Robot.")
    with pytest.raises(Refused, match="blocked"):
        workers.accept(hit_id(mturk))
    workers.submit(begun)
    assert workers.accept(hit_id(amazon.client(account="second")))
    mturk.delete_worker_block(WorkerId=WORKER)
    assert workers.accept(hit_id(mturk))


def test_one_assignment_of_a_hit_for_a_worker(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=3)
    first = workers.accept(hit)
    with pytest.raises(Refused, match="already has"):
        workers.accept(hit)
    workers.give_back(first)
    with pytest.raises(Refused, match="returned"):
        workers.submit(first)
    workers.work(hit)
    with pytest.raises(Refused, match="already has"):
        workers.accept(hit)
    assert workers.post("hits", worker_id=WORKER)["hits"] == []
    assert len(workers.post("hits", worker_id=OTHER)["hits"]) == 1


def test_refusals_for_what_is_not_there(mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk)
    for name, content in (
        ("accept", {"hit_id": "3NONE", "worker_id": WORKER}),
        ("accept", {"hit_id": hit, "worker_id": "nobody"}),
        ("accept", {"hit_id": hit, "worker_id": "AUNKNOWN7"}),
        ("accept", {"hit_id": hit}),
        ("preview", {"hit_id": "3NONE"}),
        ("submit", {"assignment_id": "3NONE", "answers": {}}),
        ("return", {"assignment_id": "3NONE"}),
        ("profile", {"worker_id": WORKER, "country": "Germany"}),
        ("profile", {"worker_id": WORKER, "percent": 101}),
        ("profile", {"worker_id": WORKER, "adult": 1}),
    ):
        with pytest.raises(Refused):
            workers.post(name, **content)
    assert workers.post("assignments", worker_id=WORKER) == {"assignments": []}


@pytest.mark.parametrize("answers", ["no xml", "<p/>", {"a": 1}, {"a": ["x", None]}, 5, None, {"a": "\u0000"}])
def test_bad_answers(mturk: Any, workers: Workers, answers: Any) -> None:
    assignment_id = workers.accept(hit_id(mturk))
    with pytest.raises(Refused):
        workers.post("submit", assignment_id=assignment_id, answers=answers)
    (row,) = workers.post("assignments", worker_id=WORKER)["assignments"]
    assert (row["AssignmentId"], row["AssignmentStatus"]) == (assignment_id, "Accepted")


def test_only_the_holder_hands_in(mturk: Any, workers: Workers) -> None:
    assignment_id = workers.accept(hit_id(mturk))
    for name, more in (("submit", {"answers": {}}), ("return", {})):
        with pytest.raises(Refused, match="no assignment"):
            workers.post(name, assignment_id=assignment_id, worker_id=OTHER, **more)


def test_blocks_are_listed_in_pages(mturk: Any) -> None:
    ids = [f"A{number}BLOCKED" for number in range(5)]
    for worker_id in ids:
        mturk.create_worker_block(WorkerId=worker_id, Reason="Robot.")
    mturk.create_worker_block(WorkerId=ids[1], Reason="Twice.")
    mturk.delete_worker_block(WorkerId=ids[3], Reason="Our mistake.")
    mturk.delete_worker_block(WorkerId="ANEVERBLOCKED")
    pages = mturk.get_paginator("list_worker_blocks").paginate(PaginationConfig={"PageSize": 2})
    rows = [(row["WorkerId"], row["Reason"]) for page in pages for row in page["WorkerBlocks"]]
    assert rows == [(ids[0], "Robot."), (ids[1], "Twice."), (ids[2], "Robot."), (ids[4], "Robot.")]


def test_blocks_belong_to_their_requester(amazon: Side, mturk: Any) -> None:
    amazon.client(account="second").create_worker_block(WorkerId=WORKER, Reason="Robot.")
    assert mturk.list_worker_blocks()["WorkerBlocks"] == []
    for call in (mturk.create_worker_block, mturk.delete_worker_block):
        found = refusal(call, WorkerId="AUNKNOWN1", Reason="r")
        assert found.message.startswith('The value "AUNKNOWN1" is not valid for the parameter WorkerId. (')


def test_mail_goes_to_those_who_worked(amazon: Side, mturk: Any, workers: Workers) -> None:
    hit = hit_id(mturk, MaxAssignments=3)
    approved, waiting = workers.work(hit), workers.work(hit, OTHER)
    mturk.approve_assignment(AssignmentId=approved)
    answer = mturk.notify_workers(Subject="News", MessageText="A new HIT.", WorkerIds=[WORKER, OTHER, WORKER])
    (failure,) = answer["NotifyWorkersFailureStatuses"]
    assert failure == {
        "NotifyWorkersFailureCode": "HardFailure",
        "NotifyWorkersFailureMessage": "Cannot send a notification to a worker who has not done any work for you",
        "WorkerId": OTHER,
    }
    mturk.reject_assignment(AssignmentId=waiting, RequesterFeedback="No.")
    mails = [(mail["kind"], mail["worker_id"]) for mail in amazon.control("GET", "outbox")["mails"]]
    assert mails == [("message", WORKER)]
    assert (
        mturk.notify_workers(Subject="S", MessageText="T", WorkerIds=[OTHER])["NotifyWorkersFailureStatuses"] == []
    )


@pytest.mark.parametrize(
    "change",
    [
        {"WorkerIds": [f"A{number}MANY" for number in range(101)]},
        {"WorkerIds": []},
        {"Subject": "x" * 201},
        {"MessageText": "x" * 4097},
        {"Subject": ""},
    ],
)
def test_mail_has_limits(mturk: Any, change: dict[str, Any]) -> None:
    fields = {"Subject": "s", "MessageText": "t", "WorkerIds": [WORKER], **change}
    assert refusal(mturk.notify_workers, **fields).kind == "ParameterValidationError"


def test_time_goes_on_for_workers_too(mturk: Any, workers: Workers) -> None:
    workers.accept(hit_id(mturk))
    assert len(workers.post("assignments", worker_id=WORKER)["assignments"]) == 1
    workers.advance(DAY + 1)
    assert workers.post("assignments", worker_id=WORKER)["assignments"] == []
    assert workers.post("hits", worker_id=OTHER)["hits"] == []
