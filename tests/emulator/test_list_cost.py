"""What a page of a list costs: the same however long the list is and however deep in it the page lies.

Work is counted as lines of our own code that run, which is the same on every machine; rows that are only touched
inside of Python's own functions are counted by the lists that hold them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import FrameType
from typing import Any

import pytest

from qualadmin.emulator import hit_side, worker_side
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.hits.records import Bonus
from qualadmin.emulator.operations import OPERATIONS
from qualadmin.emulator.page import workers
from qualadmin.emulator.page.visit import Visit
from qualadmin.emulator.records import QualificationType
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.world import World
from qualadmin.wire.validation import check
from tests.emulator.calls import KEY
from tests.emulator.hit_forms import HTML, PROPERTIES

FEW, MANY = 300, 3000


def lines(work: Callable[[], object]) -> int:
    """How many lines of Python run in `work`."""
    count = 0

    def trace(_frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def ask(world: World, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    return OPERATIONS[operation].run(world, KEY, check(operation, params))


def costs(world: World, operation: str, params: dict[str, Any]) -> list[int]:
    """Lines for the first page, one in the middle, the last that holds something, and the empty one behind it."""
    tokens: list[str | None] = [None]
    while True:
        token = {"NextToken": tokens[-1]} if tokens[-1] else {}
        answer = ask(world, operation, {**params, "MaxResults": 100, **token})
        if "NextToken" not in answer:
            break
        tokens.append(answer["NextToken"])
    assert len(tokens) > 2
    wanted = [tokens[0], tokens[len(tokens) // 2 - 1], tokens[-2], tokens[-1]]
    sizes = [{**params, "MaxResults": 10, **({"NextToken": token} if token else {})} for token in wanted]
    return [lines(lambda one=one: ask(world, operation, one)) for one in sizes]  # type: ignore[misc]


def type_row(number: int, **fields: Any) -> QualificationType:
    return QualificationType(f"3TYPE{number:09}", KEY, f"Type {number:09}", "d", "Active", 1e9, **fields)


def with_types(count: int) -> World:
    """As many deleted types as there are, in between."""
    world = World("sandbox")
    for number in range(count):
        world.put_type(type_row(2 * number))
        world.put_type(type_row(2 * number + 1, deleted_at=1.1e9))
    return world


@cache
def with_requests(count: int) -> World:
    """As many decided ones as there are waiting."""
    world = World("sandbox")
    for number in range(2):
        world.put_type(type_row(number))
    for number in range(2 * count):
        row = worker_side.ask(world, type_row(number % 4 // 2).type_id, f"A{number}", submitted_at=1e9 + number)
        if number % 2:
            ask(world, "RejectQualificationRequest", {"QualificationRequestId": row.request_id})
    return world


def with_reviews(count: int) -> World:
    world = with_hit()
    rows = [{"Key": str(number)} for number in range(count)]
    for level in ("Assignment", "HIT"):
        world.record(["review", only_hit(world), level, rows, rows[:2]])
        world.record(["review", only_hit(world), level, rows, rows[-100:]])
    return world


def with_hit() -> World:
    world = World("sandbox")
    ask(world, "CreateHIT", {**PROPERTIES, "LifetimeInSeconds": 3600, "Question": HTML})
    return world


def only_hit(world: World) -> str:
    return next(iter(world.hits.hits))


def with_bonuses(count: int) -> World:
    world = with_hit()
    hit = only_hit(world)
    assignment = hit_side.accept(world, hit, "A1").assignment_id
    for number in range(count):
        row = Bonus(number, KEY, "A1", assignment, hit, 100, "r", 1e9)
        world.record(["bonus", *(getattr(row, name) for name in Bonus.__slots__)])
    return world


TYPE = {"QualificationTypeId": type_row(1).type_id}
LISTS: dict[str, tuple[Callable[[int], World], str, dict[str, Any]]] = {
    "types": (with_types, "ListQualificationTypes", {"MustBeRequestable": True}),
    "own types": (with_types, "ListQualificationTypes", {"MustBeRequestable": False, "MustBeOwnedByCaller": True}),
    "found types": (with_types, "ListQualificationTypes", {"MustBeRequestable": True, "Query": "type"}),
    "requests": (with_requests, "ListQualificationRequests", {}),
    "requests of a type": (with_requests, "ListQualificationRequests", TYPE),
    "review results": (with_reviews, "ListReviewPolicyResultsForHIT", {"HITId": ""}),
    "review actions": (with_reviews, "ListReviewPolicyResultsForHIT", {"HITId": "", "RetrieveResults": False}),
    "bonuses": (with_bonuses, "ListBonusPayments", {"HITId": ""}),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_page_costs_the_same_wherever_it_lies(name: str) -> None:
    make, operation, params = LISTS[name]
    found = []
    for count in (FEW, MANY):
        world = make(count)
        found.append(
            costs(world, operation, {**params, "HITId": only_hit(world)} if "HITId" in params else params)
        )
    few, many = found
    assert max(many[:3]) < 1.2 * max(few[:3]), found
    assert many[3] <= few[3] + 10, found


class Touched(list[Any]):
    """Counts the rows that are read, by whom ever."""

    count = 0

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        self.count += len(found) if isinstance(place, slice) else 1
        return found

    def __iter__(self) -> Iterator[Any]:
        for row in super().__iter__():
            self.count += 1
            yield row


def test_rows_before_a_page_are_not_touched() -> None:
    world = with_bonuses(1000)
    touched = world.ledger.bonuses_of[only_hit(world)] = Touched(world.ledger.bonuses_of[only_hit(world)])
    params: dict[str, Any] = {"HITId": only_hit(world), "MaxResults": 100}
    for _ in range(8):
        params["NextToken"] = ask(world, "ListBonusPayments", params)["NextToken"]
    assert touched.count == 800
    world = with_reviews(1000)
    rows = world.reviews._rows
    touched = rows[only_hit(world), "HIT"] = Touched(rows[only_hit(world), "HIT"])
    params = {"HITId": only_hit(world), "PolicyLevels": ["HIT"], "RetrieveResults": False, "MaxResults": 100}
    ask(world, "ListReviewPolicyResultsForHIT", params)
    assert touched.count == 100


def test_other_types_are_not_touched_when_one_is_deleted() -> None:
    found = []
    for count in (FEW, MANY):
        world = with_requests(count)
        gone = type_row(7)
        world.put_type(gone)
        worker_side.ask(world, gone.type_id, "A1ASKS")
        found.append(lines(lambda: ask(world, "DeleteQualificationType", {"QualificationTypeId": gone.type_id})))  # noqa: B023
    assert found[1] < found[0] + 30


def test_a_workers_own_requests_and_who_asked_lately() -> None:
    found = []
    for count in (FEW, MANY):
        engine = Engine("sandbox", Settings(signatures="ignored"))
        engine.world = with_requests(count)
        visit = Visit(engine, "/_emulator/", "token")
        found.append(lines(lambda: workers._suggestions(visit)))  # noqa: B023
        assert f"A{2 * count - 1}" in workers._suggestions(visit)
    assert found[1] < found[0] + 30
