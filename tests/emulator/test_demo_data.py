"""The demo account: complete, plausible, the same each time, and planted once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from qualadmin.emulator import demo_data, seed, worker_side
from qualadmin.emulator.demo_data import ACCESS_KEY, WORKERS_FILE, SampleMissing
from qualadmin.emulator.operations import OPERATIONS
from qualadmin.emulator.testing import Emulator
from qualadmin.emulator.world import World
from qualadmin.questions.answer_key import check_fit, read_answer_key
from qualadmin.questions.answers import Answer, write_answers
from qualadmin.questions.question_form import read_question_form
from tests.emulator.conftest import create_type, make_client
from tests.emulator.documents import ANSWER_KEY, FREE_TEXT_TEST, TEST


def own_types(client: Any) -> dict[str, dict[str, Any]]:
    page = client.list_qualification_types(MustBeRequestable=True, MustBeOwnedByCaller=True, MaxResults=100)
    return {row["Name"]: row for row in page["QualificationTypes"]}


def test_description_is_always_the_same() -> None:
    assert demo_data.description() == demo_data.description()


def test_demo_account_over_the_wire(tmp_path: Path) -> None:
    with Emulator(state=tmp_path / "state", seed="demo") as emulator:
        client = make_client(emulator.url, ACCESS_KEY)
        types = own_types(client)
        assert len(types) == 7
        assert [row["QualificationTypeStatus"] for row in types.values()].count("Inactive") == 1
        assert [row["AutoGranted"] for row in types.values()].count(True) == 1
        assert client.list_qualification_requests()["NumResults"] == 7
        tested = [row for row in types.values() if "Test" in row]
        assert [row["TestDurationInSeconds"] for row in tested] == [900]
        check_fit(read_question_form(tested[0]["Test"]), read_answer_key(tested[0]["AnswerKey"]))
        for name in ("Colour words wave 1", "Attention checks"):
            assert emulator.grant_map(types[name]["QualificationTypeId"]) == column(name)
        others = [name for name in types if name not in {"Colour words wave 1", "Attention checks"}]
        assert sum(len(emulator.grant_map(types[name]["QualificationTypeId"])) for name in others) > 300
        assert own_types(make_client(emulator.url, "AKIADEMOSOMEBODYELSE")) == {}
        shows_hits(client)
        leaves_work_alone(emulator, client, types)
        shows_hits(client)


def shows_hits(client: Any) -> None:
    """One of each: worked on, waiting for review, not yet found by anybody."""
    rows = {row["HITId"]: row for row in client.list_hits()["HITs"]}
    states = [(row["HITStatus"], row["NumberOfAssignmentsAvailable"]) for row in rows.values()]
    assert states == [("Assignable", 9), ("Reviewable", 0), ("Assignable", 1)]
    found = {
        hit: [one["AssignmentStatus"] for one in client.list_assignments_for_hit(HITId=hit)["Assignments"]]
        for hit in rows
    }
    assert list(found.values()) == [[], ["Approved", "Submitted"], ["Approved", "Submitted", "Rejected"]]
    assert sum(row["NumberOfAssignmentsPending"] for row in rows.values()) == 1


def leaves_work_alone(emulator: Emulator, client: Any, types: dict[str, dict[str, Any]]) -> None:
    """Seeding again after a restart neither doubles anything nor takes back what was done since."""
    type_id = types["Attention checks"]["QualificationTypeId"]
    before = emulator.grant_map(type_id)
    worker_id = next(iter(before))
    client.disassociate_qualification_from_worker(QualificationTypeId=type_id, WorkerId=worker_id)
    request_id = client.list_qualification_requests()["QualificationRequests"][0]["QualificationRequestId"]
    client.reject_qualification_request(QualificationRequestId=request_id)
    emulator.restart()
    assert own_types(client) == types
    assert emulator.grant_map(type_id) == {k: v for k, v in before.items() if k != worker_id}
    assert client.list_qualification_requests()["NumResults"] == 6


def column(type_name: str) -> dict[str, int]:
    with WORKERS_FILE.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    held = {row["Worker ID"]: int(row[f"CURRENT-{type_name}"]) for row in rows if row[f"CURRENT-{type_name}"]}
    assert len(rows) == 400
    assert len(held) > 100
    return held


def test_seeding_twice_creates_nothing_more() -> None:
    world = World("sandbox")
    assert seed.plant(world, demo_data.description()) == 7
    world.take_fresh()
    assert seed.plant(world, demo_data.description()) == 0
    assert world.take_fresh() == []


def test_what_was_deleted_long_ago_does_not_keep_the_emulator_from_starting() -> None:
    world = World("sandbox")
    seed.plant(world, demo_data.description())
    row = next(world.types[row.type_id] for row in world.requests.values())
    OPERATIONS["DeleteQualificationType"].run(world, ACCESS_KEY, {"QualificationTypeId": row.type_id})
    world.record(["clock", 49 * 3600.0])
    assert not world.name_is_taken(ACCESS_KEY, row.name)
    assert seed.plant(world, demo_data.description()) == 0


def test_a_type_id_is_nobody_elses() -> None:
    world = World("sandbox")
    entry = {"name": "One", "description": "d", "type_id": "3MINE"}
    seed.plant(world, {"accounts": {"AKIADEMOMINE": [entry]}})
    with pytest.raises(seed.BadSeed, match="3MINE is in use by another account"):
        seed.plant(world, {"accounts": {"AKIADEMOTHEIRS": [entry]}})
    assert world.types["3MINE"].owner == "AKIADEMOMINE"


def test_hits_are_not_forced_on_an_account_that_is_in_use() -> None:
    world, description = World("sandbox"), demo_data.description()
    seed.plant(world, {"accounts": description["accounts"]})
    for type_id, holders in world.holders.items():
        for worker_id in holders:
            world.put_grant(type_id, worker_id, 1, "Revoked")
    assert seed.plant(world, description) == 0
    assert world.hits.hits == {}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"request": {"Title": "Half a HIT"}}, "validation error"),
        ({"work": [{"worker_id": "not a worker"}]}, "is not a worker ID"),
        ({"work": [{"worker_id": "A1WORKS", "decision": "approve"}]}, "status of: null"),
        ({"work": [{"worker_id": "A1WORKS", "answers": {"a": "b"}, "decision": "perhaps"}]}, "right form"),
        ({"hit_id": None}, None),
    ],
)
def test_impossible_hits_of_a_seed(changes: dict[str, Any], complaint: str | None) -> None:
    entry = {**demo_data.description()["hits"][ACCESS_KEY][2], **changes}
    if complaint is None:
        del entry["hit_id"]
    with pytest.raises(seed.BadSeed, match=complaint or "right form"):
        seed.plant(World("sandbox"), {"accounts": {}, "hits": {"AKIADEMOMINE": [entry]}})


def test_missing_sample_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo_data, "WORKERS_FILE", tmp_path / "User_1149273_workers.csv")
    with pytest.raises(SampleMissing, match=r"docs/samples"):
        demo_data.description()


@pytest.mark.parametrize(("chosen", "value"), [("alone fast", 100), ("fast", 50), ("alone fast phone", 50)])
def test_worker_takes_the_test_of_the_demo(chosen: str, value: int) -> None:
    world = World("sandbox")
    seed.plant(world, demo_data.description())
    (row,) = [row for row in world.types.values() if row.test is not None]
    answers = [Answer("stroop", frozenset({"red"})), Answer("rules", frozenset(chosen.split()))]
    worker_side.ask(world, row.type_id, "A1NEWCOMER", answer=write_answers(answers))
    grant = world.grant(row.type_id, "A1NEWCOMER")
    assert grant is not None
    assert grant.value == value


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"test": "<QuestionForm/>"}, "Line 1, column 1"),
        ({"answer_key": ANSWER_KEY}, "an answer_key needs a test"),
        ({"test": FREE_TEXT_TEST, "answer_key": ANSWER_KEY}, "takes free text"),
    ],
)
def test_bad_documents_in_a_seed(fields: dict[str, str], complaint: str) -> None:
    world = World("sandbox")
    entry = {"name": "One", "description": "d", **fields}
    with pytest.raises(seed.BadSeed, match=complaint):
        seed.plant(world, {"accounts": {"AKIADEMOMINE": [entry]}})
    assert not world.name_is_taken("AKIADEMOMINE", "One")


def test_seed_with_a_test_and_answers() -> None:
    world = World("sandbox")
    answer = write_answers([Answer("colour", frozenset({"red"}))])
    entry = {
        "name": "One",
        "description": "d",
        "test": TEST,
        "requests": [{"worker_id": "A1ASKING", "answer": answer}],
    }
    assert seed.plant(world, {"accounts": {"AKIADEMOMINE": [entry]}}) == 1
    (request,) = world.requests.values()
    assert (request.test, request.answer, request.state) == (TEST, answer, "pending")


def test_seed_file(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(
        '{"accounts": {"AKIADEMOMINE": [{"name": "One", "description": "d", "holders": {"A1HOLDER": 3},'
        ' "requests": [{"worker_id": "A1ASKING"}]}]}}'
    )
    with Emulator(seed=str(path)) as emulator:
        client = make_client(emulator.url, "AKIADEMOMINE")
        type_id = own_types(client)["One"]["QualificationTypeId"]
        assert emulator.grant_map(type_id) == {"A1HOLDER": 3}
        assert client.list_qualification_requests()["NumResults"] == 1
        create_type(client, "Two")
