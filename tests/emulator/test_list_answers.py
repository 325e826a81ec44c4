"""Lists of types and requests against the simple answer: look at everything, sort, cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from qualadmin.emulator import ordered, worker_side
from qualadmin.emulator.errors import ApiError
from qualadmin.emulator.operations import OPERATIONS
from qualadmin.emulator.records import QualificationType, Request
from qualadmin.emulator.worker_side import WorkerRefused
from qualadmin.emulator.world import World
from qualadmin.questions.answers import Answer, write_answers
from qualadmin.wire.validation import check
from tests.emulator.documents import TEST

OWNERS = st.sampled_from(["AKIADEMOFIRST", "AKIADEMOSECOND"])
WORKERS = st.sampled_from(["A1FIRST", "A1SECOND", "A1THIRD"])
SECONDS = st.sampled_from([0.0, 5.0, 30.0])
ANSWER = write_answers([Answer("colour", frozenset({"red"}))])
Question = tuple[Any, ...]


class StillWorld(World):
    """Time passes only when it is told to."""

    def now(self) -> float:
        return 1.7e9 + self.clock_ahead


class Lists(RuleBasedStateMachine):
    """Two requesters, three workers, and two readers who go from page to page while things change."""

    def __init__(self) -> None:
        super().__init__()
        self.world = StillWorld("sandbox")
        self.world.settings.name_hold_seconds = 60.0
        self.held: dict[Question, tuple[str, str]] = {}
        """Last row and token of the last page of a question."""

    def call(self, owner: str, operation: str, **params: Any) -> dict[str, Any]:
        return OPERATIONS[operation].run(self.world, owner, check(operation, params))

    def own(self, state: str) -> list[Request]:
        return [row for row in self.world.requests.values() if row.state == state]

    # what happens

    @rule(owner=OWNERS, name=st.sampled_from("aAbBcCdD"), about=st.sampled_from(["x", "xyz"]), test=st.booleans())
    def create(self, owner: str, name: str, about: str, test: bool) -> None:
        fields = {"Test": TEST, "TestDurationInSeconds": 20} if test else {}
        fields |= {"Name": name, "Description": about, "QualificationTypeStatus": "Active"}
        if not self.world.name_is_taken(owner, name):
            self.call(owner, "CreateQualificationType", RetryDelayInSeconds=0, **fields)

    @precondition(
        lambda self: any(row.deleted_at is None and not row.is_system for row in self.world.types.values())
    )
    @rule(data=st.data(), how=st.sampled_from(["delete", "close", "open"]))
    def change_type(self, data: st.DataObject, how: str) -> None:
        live = [row for row in self.world.types.values() if row.deleted_at is None and not row.is_system]
        row = data.draw(st.sampled_from(live))
        if how == "delete":
            self.call(row.owner, "DeleteQualificationType", QualificationTypeId=row.type_id)
        else:
            status = {"close": "Inactive", "open": "Active"}[how]
            changes = {"QualificationTypeStatus": status, "Description": "xy"}
            self.call(row.owner, "UpdateQualificationType", QualificationTypeId=row.type_id, **changes)

    @rule(data=st.data(), worker_id=WORKERS, ago=SECONDS, begin=st.booleans())
    def ask(self, data: st.DataObject, worker_id: str, ago: float, begin: bool) -> None:
        type_id = data.draw(st.sampled_from(list(self.world.types)))
        try:
            if begin:
                worker_side.begin_test(self.world, type_id, worker_id)
            else:
                worker_side.ask(self.world, type_id, worker_id, submitted_at=self.world.now() - ago)
        except WorkerRefused:
            return

    @precondition(lambda self: self.own("testing"))
    @rule(data=st.data())
    def hand_in(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.own("testing")))
        if row.deadline is not None and self.world.now() <= row.deadline:
            worker_side.hand_in(self.world, row.request_id, row.worker_id, ANSWER)

    @precondition(lambda self: self.own("pending"))
    @rule(data=st.data(), how=st.sampled_from(["Accept", "Reject"]))
    def decide(self, data: st.DataObject, how: str) -> None:
        row = data.draw(st.sampled_from(self.own("pending")))
        owner = self.world.types[row.type_id].owner
        self.call(owner, f"{how}QualificationRequest", QualificationRequestId=row.request_id)

    @rule(seconds=st.sampled_from([1.0, 7.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.world.record(["clock", seconds])

    @rule(new=SECONDS, deleted=SECONDS, descriptions=st.booleans())
    def lag(self, new: float, deleted: float, descriptions: bool) -> None:
        changes = {"list_lag_seconds": new, "delete_lag_seconds": deleted}
        self.world.settings.update({**changes, "query_searches_descriptions": descriptions})

    @rule()
    def start_again(self) -> None:
        """From what was kept, as after a restart."""
        old, self.world = self.world, StillWorld("sandbox", self.world.settings)
        for event in old.take_fresh():
            self.world.record(event)

    @rule()
    def reset(self) -> None:
        self.world.record(["reset"])

    # what is read

    @rule(
        reader=OWNERS,
        owned=st.booleans(),
        requestable=st.booleans(),
        query=st.sampled_from(["", "A", "xy", "b x"]),
        size=st.integers(1, 4),
        goes_on=st.booleans(),
    )
    def list_types(
        self, reader: str, owned: bool, requestable: bool, query: str, size: int, goes_on: bool
    ) -> None:
        params = {"MustBeOwnedByCaller": owned, "MustBeRequestable": requestable, "Query": query}
        question = ("types", reader, owned, requestable, query)
        place, token = self.held.get(question, ("", "")) if goes_on else ("", "")
        rows = sorted((row for row in self.listed_types() if self.fits(row, *question[1:])), key=by_name)
        if place in self.world.types:
            rows = [row for row in rows if by_name(row) > by_name(self.world.types[place])]
        found = self.page(reader, "ListQualificationTypes", params, size, token)
        self.compare(question, found, [row.type_id for row in rows[:size]], "QualificationType")

    def listed_types(self) -> list[QualificationType]:
        now, lags = self.world.now(), self.world.settings
        return [
            row
            for row in self.world.types.values()
            if (row.is_system or row.created_at + lags.list_lag_seconds <= now)
            and (row.deleted_at is None or row.deleted_at + lags.delete_lag_seconds > now)
        ]

    def fits(self, row: QualificationType, reader: str, owned: bool, requestable: bool, query: str) -> bool:
        if (requestable and row.is_system) or (owned and row.owner != reader):
            return False
        texts = [row.name, row.keywords or ""]
        texts += [row.description] if self.world.settings.query_searches_descriptions else []
        return all(term in "\n".join(texts).casefold() for term in query.casefold().split())

    @rule(data=st.data(), reader=OWNERS, one=st.booleans(), size=st.integers(1, 4), goes_on=st.booleans())
    def list_requests(self, data: st.DataObject, reader: str, one: bool, size: int, goes_on: bool) -> None:
        own = [row.type_id for row in self.world.types.values() if row.owner == reader]
        type_id = data.draw(st.sampled_from(own)) if one and own else None
        question = ("requests", reader, type_id)
        place, token = self.held.get(question, ("", "")) if goes_on else ("", "")
        rows = sorted(self.world.requests.values(), key=lambda row: (row.submitted_at, row.serial))
        if place:
            ids = [row.request_id for row in rows]
            rows = rows[ids.index(place) + 1 :] if place in ids else []
        wanted = [
            row.request_id
            for row in rows
            if row.state == "pending"
            and type_id in (None, row.type_id)
            and self.world.types[row.type_id].owner == reader
        ]
        params = {} if type_id is None else {"QualificationTypeId": type_id}
        if type_id is not None and self.world.is_gone(self.world.types[type_id]):
            with pytest.raises(ApiError):
                self.page(reader, "ListQualificationRequests", params, size, token)
            return
        found = self.page(reader, "ListQualificationRequests", params, size, token)
        self.compare(question, found, wanted[:size], "QualificationRequest")

    def page(self, reader: str, operation: str, params: dict[str, Any], size: int, token: str) -> dict[str, Any]:
        more = {"NextToken": token} if token else {}
        return self.call(reader, operation, MaxResults=size, **params, **more)

    def compare(self, question: Question, found: dict[str, Any], wanted: list[str], key: str) -> None:
        assert [row[f"{key}Id"] for row in found[f"{key}s"]] == wanted
        assert found["NumResults"] == len(wanted)
        assert ("NextToken" in found) == bool(wanted)
        if wanted:
            self.held[question] = wanted[-1], found["NextToken"]


def by_name(row: QualificationType) -> tuple[str, str]:
    return row.name, row.type_id


def test_lists_are_what_a_sort_of_everything_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordered, "PIECE", 2)
    run_state_machine_as_test(Lists, settings=settings(max_examples=120, stateful_step_count=40, deadline=None))
