"""HITs after a kill, and after a long random life: indexes, counts and money are what the rows say."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from qualadmin.emulator import hit_side
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.hits import life
from qualadmin.emulator.hits.book import HitBook
from qualadmin.emulator.hits.records import VISIBLE
from qualadmin.emulator.journal import Journal
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator
from qualadmin.emulator.worker_side import WorkerRefused
from tests.emulator.calls import KEY, incoming
from tests.emulator.conftest import make_client
from tests.emulator.hit_forms import HTML, OTHER, PROPERTIES, WORKER, hit_id, new_hit

WORKERS = [f"A{number}RANDOM" for number in range(6)]

HIT_STATES = ("Assignable", "Unassignable", "Reviewable", "Reviewing", "Disposed")
RECENT = 8
"""Only the newest rows are dealt with: the old ones are over, and nothing would happen."""


def test_everything_is_as_before(tmp_path: Path) -> None:
    with Emulator(state=tmp_path / "state", environment="production") as emulator:
        client = make_client(emulator.url, "AKIADEMOFIRST")
        row = new_hit(client, MaxAssignments=4, UniqueRequestToken="once", Reward="1")
        hit = row["HITId"]
        made = [work(emulator, hit, worker_id) for worker_id in (WORKER, OTHER)]
        emulator.control("POST", "accept", {"hit_id": hit, "worker_id": "A3HOLDER"})
        client.approve_assignment(AssignmentId=made[0], RequesterFeedback="Thanks.")
        client.send_bonus(WorkerId=WORKER, AssignmentId=made[0], BonusAmount="1", Reason="Best.")
        client.create_worker_block(WorkerId=OTHER, Reason="Robot.")
        emulator.control("POST", "profile", {"worker_id": OTHER, "country": "DE"})
        before = snapshot(emulator, client, hit)
        emulator.restart()
        assert snapshot(emulator, client, hit) == before
        assert before["balance"] == "244.00"
        emulator.advance(3601)
        emulator.restart()
        rows = client.list_assignments_for_hit(HITId=hit, AssignmentStatuses=["Approved"])["Assignments"]
        assert [row["AssignmentId"] for row in rows] == made
        assert hit_id(client, Title="Goes on") != hit


def work(emulator: Emulator, hit: str, worker_id: str) -> str:
    emulator.give_back(emulator.accept(hit, worker_id))
    assignment_id = emulator.accept(hit, worker_id)
    emulator.submit(assignment_id, {"colour": "red"})
    return assignment_id


def snapshot(emulator: Emulator, client: Any, hit: str) -> dict[str, Any]:
    return {
        "hits": client.list_hits()["HITs"],
        "assignments": client.list_assignments_for_hit(HITId=hit)["Assignments"],
        "bonuses": client.list_bonus_payments(HITId=hit)["BonusPayments"],
        "blocks": client.list_worker_blocks()["WorkerBlocks"],
        "balance": client.get_account_balance()["AvailableBalance"],
        "held": emulator.control("POST", "assignments", {"worker_id": "A3HOLDER"}),
        "profile": emulator.control("POST", "profile", {"worker_id": OTHER}),
    }


class RandomLife:
    """An engine at which requesters and workers do anything, allowed or not."""

    def __init__(self, seed: int, engine: Engine) -> None:
        self.random = random.Random(seed)
        self.engine = engine
        self.world = engine.world

    def step(self) -> None:
        requester = [
            self.create,
            self.decide,
            self.decide,
            self.decide,
            self.extend,
            self.expire,
            self.delete,
            self.review,
        ]
        worker = [self.accept, self.submit, self.give_back]
        action = self.random.choice([*requester, *worker, *worker, self.wait])
        try:
            action()
        except WorkerRefused:
            pass
        finally:
            self.engine.keep()

    def call(self, operation: str, **params: Any) -> None:
        reply = self.engine.execute(self.engine.receive(incoming(operation, params)))
        assert reply.status in (200, 400), reply.body

    def hit(self) -> str:
        return self.random.choice([*list(self.world.hits.hits)[-RECENT:], "3NONE"])

    def assignment(self) -> str:
        return self.random.choice([*list(self.world.hits.assignments)[-RECENT:], "3NONE"])

    def create(self) -> None:
        fields = {**PROPERTIES, "Reward": self.random.choice(["0.10", "0.20"]), "Question": HTML}
        lifetime, most = self.random.choice([60, 5000]), self.random.choice([1, 3, 12])
        self.call("CreateHIT", LifetimeInSeconds=lifetime, MaxAssignments=most, **fields)

    def accept(self) -> None:
        hit_side.accept(self.world, self.hit(), self.random.choice(WORKERS))

    def submit(self) -> None:
        hit_side.submit(self.world, self.assignment(), {"colour": "red"})

    def give_back(self) -> None:
        hit_side.return_(self.world, self.assignment())

    def decide(self) -> None:
        operation = self.random.choice(["ApproveAssignment", "RejectAssignment"])
        more = {"OverrideRejection": True} if operation == "ApproveAssignment" else {}
        self.call(operation, AssignmentId=self.assignment(), RequesterFeedback="Well.", **more)

    def extend(self) -> None:
        more = self.random.choice([1, 9])
        self.call("CreateAdditionalAssignmentsForHIT", HITId=self.hit(), NumberOfAdditionalAssignments=more)

    def expire(self) -> None:
        at = self.random.choice([0, int(self.world.now()) + 9000])
        self.call("UpdateExpirationForHIT", HITId=self.hit(), ExpireAt=at)

    def delete(self) -> None:
        self.call("DeleteHIT", HITId=self.hit())

    def review(self) -> None:
        self.call("UpdateHITReviewStatus", HITId=self.hit(), Revert=self.random.random() < 0.5)

    def wait(self) -> None:
        self.world.record(["clock", self.random.choice([30.0, 700.0, 4000.0])])
        life.settle(self.world)


def test_rows_counts_indexes_and_money_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qualadmin.emulator.journal.LONG", 40_000)
    seen = {state for seed in range(4) for state in lived_through(seed, tmp_path / str(seed))}
    assert seen == {*VISIBLE, "Accepted", "Returned", "Abandoned", *HIT_STATES}


def lived_through(seed: int, state: Path) -> set[str]:
    """A random life, checked at every step and after a restart. Returns the states that occurred."""
    journal = Journal(state, "production")
    one = RandomLife(seed, Engine("production", Settings(signatures="ignored"), journal))
    one.engine.settings.update({"production_balance": "1000000.00"})
    book, seen = one.world.hits, set[str]()
    for _ in range(700):
        one.step()
        assert_sound(book)
        seen |= {row.status for row in book.assignments.values()} | {hit.status for hit in book.hits.values()}
    journal.close()
    journal = Journal(state, "production")
    assert summary(Engine("production", Settings(signatures="ignored"), journal).world.hits) == summary(book)
    journal.close()
    return seen


def summary(book: HitBook) -> Any:
    shelves = {key: list(shelf.above(-1)) for key, shelf in book.shelves.items() if len(shelf)}
    rows = [(hit.wire(book.type_of(hit)), hit.reviewing, hit.expires_at) for hit in book.hits.values()]
    return rows, [repr(row) for row in book.assignments.values()], shelves, dict(book.spent), dict(book.liability)


def assert_sound(book: HitBook) -> None:
    """Everything the book counts and indexes, counted and indexed anew."""
    rows = list(book.assignments.values())
    for hit in book.hits.values():
        own = [row.status for row in rows if row.hit_id == hit.hit_id]
        assert hit.pending == own.count("Accepted")
        assert (hit.approved, hit.rejected) == (own.count("Approved"), own.count("Rejected"))
        assert hit.undecided == own.count("Submitted")
        assert hit.pending + hit.submitted <= hit.max_assignments
    alive = [hit for hit in book.hits.values() if not hit.disposed]
    assert {hit.hit_id for hit in book.newest(("owned", KEY))} == {hit.hit_id for hit in alive}
    for state in ("Reviewable", "Reviewing"):
        listed = {hit.hit_id for hit in book.newest((state, KEY))}
        assert listed == {hit.hit_id for hit in alive if hit.status == state}
    free = {hit.hit_id for hit in book.newest(("assignable",))}
    assert free == {hit.hit_id for hit in alive if hit.status == "Assignable"}
    owed = sum(book.cost(hit) * (hit.pending + hit.undecided + (0 if hit.expired else hit.free)) for hit in alive)
    assert book.liability[KEY] == owed
    pairs = {(row.hit_id, row.worker_id) for row in rows if row.status not in ("Returned", "Abandoned")}
    assert set(book.going) == pairs
