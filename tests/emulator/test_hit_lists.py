"""Lists of HITs: what is on them, in which order, in pages, and how quick they stay."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from qualadmin.emulator import hit_side
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.settings import Settings
from tests.emulator.calls import incoming
from tests.emulator.conftest import Side, create_type
from tests.emulator.hit_forms import HTML, OTHER, PROPERTIES, WORKER, Workers, hit_id, new_hit
from tests.emulator.refusals import TURK, refusal


def ids(client: Any, operation: str, **fields: Any) -> list[str]:
    pages = client.get_paginator(operation).paginate(**fields, PaginationConfig={"PageSize": 2})
    return [row["HITId"] for page in pages for row in page["HITs"]]


def test_own_hits_newest_first(amazon: Side, mturk: Any) -> None:
    made = [hit_id(mturk) for _ in range(5)]
    hit_id(amazon.client(account="second"))
    assert ids(mturk, "list_hits") == made[::-1]
    mturk.update_expiration_for_hit(HITId=made[3], ExpireAt=0)
    mturk.delete_hit(HITId=made[3])
    assert ids(mturk, "list_hits") == [made[4], made[2], made[1], made[0]]


def test_last_page_is_empty(mturk: Any) -> None:
    hit_id(mturk)
    page = mturk.list_hits(MaxResults=1)
    assert page["NumResults"] == 1
    page = mturk.list_hits(MaxResults=1, NextToken=page["NextToken"])
    assert (page["NumResults"], page["HITs"], "NextToken" in page) == (0, [], False)


def test_page_holds_its_place_while_hits_come_and_go(mturk: Any) -> None:
    made = [hit_id(mturk) for _ in range(4)]
    token = mturk.list_hits(MaxResults=2)["NextToken"]
    hit_id(mturk)
    mturk.update_expiration_for_hit(HITId=made[2], ExpireAt=0)
    mturk.delete_hit(HITId=made[2])
    rows = mturk.list_hits(NextToken=token)["HITs"]
    assert [row["HITId"] for row in rows] == [made[1], made[0]]


def test_token_of_another_question_is_refused(mturk: Any) -> None:
    hit_id(mturk)
    token = mturk.list_hits()["NextToken"]
    assert refusal(mturk.list_reviewable_hits, NextToken=token).kind == "RequestError"


def test_reviewable_and_reviewing(amazon: Side, mturk: Any) -> None:
    workers, first, other = Workers(amazon), new_hit(mturk), new_hit(mturk, Title="Other")
    hit_id(mturk)
    assert ids(mturk, "list_reviewable_hits") == []
    for row in (first, other):
        workers.work(row["HITId"])
    assert ids(mturk, "list_reviewable_hits") == [other["HITId"], first["HITId"]]
    assert ids(mturk, "list_reviewable_hits", HITTypeId=first["HITTypeId"]) == [first["HITId"]]
    mturk.update_hit_review_status(HITId=first["HITId"])
    assert ids(mturk, "list_reviewable_hits") == [other["HITId"]]
    assert ids(mturk, "list_reviewable_hits", Status="Reviewing") == [first["HITId"]]
    mturk.create_additional_assignments_for_hit(HITId=other["HITId"], NumberOfAdditionalAssignments=1)
    assert ids(mturk, "list_reviewable_hits") == []
    found = refusal(mturk.list_reviewable_hits, HITTypeId="3NONE")
    assert found.turk_code == f"{TURK}HITTypeDoesNotExist"


def test_hits_that_require_a_qualification_type(amazon: Side, mturk: Any) -> None:
    theirs = create_type(amazon.client(account="second"), "Theirs")
    requirement = {"QualificationTypeId": theirs, "Comparator": "Exists"}
    made = [hit_id(mturk, QualificationRequirements=[requirement]) for _ in range(3)]
    hit_id(mturk)
    hit_id(amazon.client(account="second"), QualificationRequirements=[requirement])
    assert ids(mturk, "list_hits_for_qualification_type", QualificationTypeId=theirs) == made[::-1]
    free = mturk.create_hit_type(**PROPERTIES)["HITTypeId"]
    mturk.update_hit_type_of_hit(HITId=made[0], HITTypeId=free)
    assert ids(mturk, "list_hits_for_qualification_type", QualificationTypeId=theirs) == made[:0:-1]
    found = refusal(mturk.list_hits_for_qualification_type, QualificationTypeId="3NONE")
    assert found.turk_code == f"{TURK}QualificationTypeDoesNotExist"


def call(engine: Engine, operation: str, **params: Any) -> dict[str, Any]:
    reply = engine.execute(engine.receive(incoming(operation, params)))
    assert reply.status == 200, reply.body
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


def seconds_for(engine: Engine) -> float:
    """CPU time of one of each list, the best of five."""
    hit = call(engine, "ListHITs", MaxResults=1)["HITs"][0]["HITId"]
    best = 1e9
    for _ in range(5):
        start = time.process_time()
        token = call(engine, "ListHITs", MaxResults=20)["NextToken"]
        call(engine, "ListHITs", MaxResults=20, NextToken=token)
        call(engine, "ListReviewableHITs", MaxResults=20)
        call(engine, "ListAssignmentsForHIT", HITId=hit, AssignmentStatuses=["Submitted"])
        best = min(best, time.process_time() - start)
    return best


def add(engine: Engine, count: int) -> None:
    fields = {**PROPERTIES, "LifetimeInSeconds": 86_400, "Question": HTML}
    for number in range(count):
        hit = call(engine, "CreateHIT", **fields)["HIT"]["HITId"]
        if number % 2:
            hit_side.submit(engine.world, hit_side.accept(engine.world, hit, WORKER).assignment_id, {})


@pytest.mark.slow
def test_lists_take_as_long_for_many_hits_as_for_few() -> None:
    engine = Engine("sandbox", Settings(signatures="ignored"))
    add(engine, 100)
    few = seconds_for(engine)
    add(engine, 6000)
    # Sixty times the rows; a scan over them would show.
    assert seconds_for(engine) < 5 * few


def test_many_workers_of_one_hit() -> None:
    engine = Engine("sandbox", Settings(signatures="ignored"))
    fields = {**PROPERTIES, "LifetimeInSeconds": 86_400, "Question": HTML, "MaxAssignments": 500}
    hit = call(engine, "CreateHIT", **fields)["HIT"]["HITId"]
    made = []
    for number in range(300):
        row = hit_side.accept(engine.world, hit, f"A{number}MANY")
        made.append(hit_side.submit(engine.world, row.assignment_id, {"n": str(number)}).assignment_id)
    for assignment_id in made[:250]:
        call(engine, "ApproveAssignment", AssignmentId=assignment_id)
    page = call(engine, "ListAssignmentsForHIT", HITId=hit, AssignmentStatuses=["Submitted"], MaxResults=100)
    assert [row["AssignmentId"] for row in page["Assignments"]] == made[250:]
    assert call(engine, "GetHIT", HITId=hit)["HIT"]["NumberOfAssignmentsCompleted"] == 250
    assert OTHER not in {row["WorkerId"] for row in page["Assignments"]}
