"""All HIT types, HITs and assignments of a world, with the indexes that keep every list quick."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from qualadmin.emulator.hits import money
from qualadmin.emulator.hits.records import (
    APPROVED,
    IN_HAND,
    REJECTED,
    SUBMITTED,
    VISIBLE,
    Assignment,
    Hit,
    HitType,
)
from qualadmin.emulator.hits.shelf import Shelf
from qualadmin.emulator.hits.timetable import Timetable

DISPOSED_AFTER_SECONDS = 120 * 86_400
"""Amazon deletes a HIT by itself this long after its end."""
_COUNTED = {IN_HAND: "pending", SUBMITTED: "", APPROVED: "approved", REJECTED: "rejected"}
Key = tuple[str | None, ...]


class Record:
    """How much a worker has handed in, and how much of it was approved, for all requesters."""

    __slots__ = ("approved", "submitted")

    def __init__(self) -> None:
        self.submitted = 0
        self.approved = 0


class HitBook:
    """A part of the world; see `qualadmin.emulator.world.Part`. Only the takers change anything."""

    def __init__(self, masters: str) -> None:
        self._masters = masters
        self.types: dict[str, HitType] = {}
        self.type_ids: dict[tuple[str, str], str] = {}
        self.types_requiring: defaultdict[str, set[str]] = defaultdict(set)
        self.hits: dict[str, Hit] = {}
        self.by_serial: list[str] = []
        self.shelves: defaultdict[Key, Shelf] = defaultdict(Shelf)
        self.assignments: dict[str, Assignment] = {}
        self.submissions: list[str] = []
        self.handed_in: defaultdict[tuple[str, str], Shelf] = defaultdict(Shelf)
        self.going: dict[tuple[str, str], str] = {}
        self.held_by: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self.records: defaultdict[str, Record] = defaultdict(Record)
        self.liability: defaultdict[str, int] = defaultdict(int)
        self.spent: defaultdict[str, int] = defaultdict(int)
        self.timetable = Timetable()

    def takers(self) -> dict[str, Callable[..., None]]:
        return {
            "hit_type": self._take_type,
            "hit": self._take_hit,
            "hit_now": self._take_hit_now,
            "assignment": self._take_assignment,
            "assignment_now": self._take_assignment_now,
        }

    # changing

    def _take_type(self, *fields: Any) -> None:
        row = HitType(*fields)
        self.types[row.hit_type_id] = row
        if row.deleted:
            self.type_ids.pop(row.key, None)
        else:
            self.type_ids[row.key] = row.hit_type_id
        for type_id in row.qualification_type_ids:
            self.types_requiring[type_id].add(row.hit_type_id)

    def _take_hit(self, *fields: Any) -> None:
        row = Hit(*fields)
        self.hits[row.hit_id] = row
        self.by_serial.append(row.hit_id)
        for key in self._places(row):
            self.shelves[key].put(row.serial)
        self.liability[row.owner] += self._liability(row)
        self.timetable.add(row.expires_at, "expire", row.hit_id)
        self.timetable.add(row.expires_at + DISPOSED_AFTER_SECONDS, "dispose", row.hit_id)

    def _take_hit_now(self, hit_id: str, changes: dict[str, Any]) -> None:
        row = self.hits[hit_id]
        with self._moving(row):
            for name, value in changes.items():
                setattr(row, name, value)
        if "expires_at" in changes:
            self.timetable.add(row.expires_at, "expire", hit_id)
            self.timetable.add(row.expires_at + DISPOSED_AFTER_SECONDS, "dispose", hit_id)

    def _take_assignment(self, *fields: Any) -> None:
        row = Assignment(*fields)
        self.assignments[row.assignment_id] = row
        hit = self.hits[row.hit_id]
        with self._moving(hit):
            self._count(hit, row, +1)
        self.timetable.add(row.deadline, "deadline", row.assignment_id)

    def _take_assignment_now(self, assignment_id: str, changes: dict[str, Any]) -> None:
        row = self.assignments[assignment_id]
        hit = self.hits[row.hit_id]
        with self._moving(hit):
            self._count(hit, row, -1)
            for name, value in changes.items():
                setattr(row, name, value)
            self._count(hit, row, +1)
        if row.status == SUBMITTED and row.auto_approves_at is not None:
            self.timetable.add(row.auto_approves_at, "approve", assignment_id)

    def _count(self, hit: Hit, row: Assignment, step: int) -> None:
        """Enter an assignment (or, with -1, take it out) wherever it is counted or listed."""
        status = row.status
        counter = _COUNTED.get(status)
        if counter:
            setattr(hit, counter, getattr(hit, counter) + step)
        if status == IN_HAND or status in VISIBLE:
            self._place(row, step)
        if status in VISIBLE:
            hit.submitted += step
            record = self.records[row.worker_id]
            record.submitted += step
            record.approved += step if status == APPROVED else 0
            self._hand_in(row, step)
        if status == APPROVED:
            self.spent[hit.owner] += step * self.cost(hit)

    def _place(self, row: Assignment, step: int) -> None:
        pair = row.hit_id, row.worker_id
        if step > 0:
            self.going[pair] = row.assignment_id
        else:
            self.going.pop(pair, None)
        if row.status == IN_HAND:
            held = self.held_by[row.worker_id]
            if step > 0:
                held[row.assignment_id] = None
            else:
                held.pop(row.assignment_id, None)

    def _hand_in(self, row: Assignment, step: int) -> None:
        if row.submission is None:
            return
        shelf = self.handed_in[row.hit_id, row.status]
        if step < 0:
            shelf.take(row.submission)
            return
        shelf.put(row.submission)
        if row.submission == len(self.submissions):
            self.submissions.append(row.assignment_id)

    @contextmanager
    def _moving(self, row: Hit) -> Iterator[None]:
        """Around every change of a HIT: moves it to the shelves it then belongs on."""
        before, liability = self._places(row), self._liability(row)
        yield
        after = self._places(row)
        for key in before - after:
            self.shelves[key].take(row.serial)
        for key in after - before:
            self.shelves[key].put(row.serial)
        self.liability[row.owner] += self._liability(row) - liability

    def _places(self, row: Hit) -> set[Key]:
        if row.disposed:
            return set()
        places: set[Key] = {("owned", row.owner)}
        status = row.status
        if status in ("Reviewable", "Reviewing"):
            places |= {(status, row.owner), (status, row.owner, row.hit_type_id)}
        if status == "Assignable":
            places.add(("assignable",))
        for type_id in self.type_of(row).qualification_type_ids:
            places |= {("requiring", type_id, row.owner), ("requiring", type_id)}
        return places

    def _liability(self, row: Hit) -> int:
        """What the HIT can still cost, in cents."""
        if row.disposed:
            return 0
        return (row.pending + row.undecided + (0 if row.expired else row.free)) * self.cost(row)

    # reading

    def type_of(self, row: Hit) -> HitType:
        return self.types[row.hit_type_id]

    def wire(self, row: Hit) -> dict[str, Any]:
        return row.wire(self.type_of(row))

    def cost(self, row: Hit) -> int:
        """What one approved assignment costs the requester, in cents, with Amazon's fee."""
        kind = self.type_of(row)
        masters = self._masters in kind.qualification_type_ids
        return kind.reward + money.fee(kind.reward, row.max_assignments, masters=masters)

    def newest(self, key: Key, place: str = "") -> Iterator[Hit]:
        """HITs of a shelf, newest first, behind the one whose serial number is `place` ("" = from the start).

        Shelves: ("owned", owner), ("Reviewable" or "Reviewing", owner[, HIT type]), ("assignable",),
        ("requiring", qualification type[, owner]).
        """
        shelf = self.shelves.get(key)
        if shelf is None:
            return
        for serial in shelf.below(int(place) if place else None):
            yield self.hits[self.by_serial[serial]]

    def submissions_of(self, hit_id: str, statuses: tuple[str, ...], after: int = -1) -> Iterator[Assignment]:
        """Assignments handed in for a HIT, oldest first, behind submission number `after`."""
        shelves = (self.handed_in.get((hit_id, status)) for status in statuses)
        for submission in heapq.merge(*(shelf.above(after) for shelf in shelves if shelf is not None)):
            yield self.assignments[self.submissions[submission]]

    def uses(self, type_id: str) -> bool:
        """Whether a HIT that is not deleted requires this qualification type."""
        shelf = self.shelves.get(("requiring", type_id))
        return shelf is not None and len(shelf) > 0
