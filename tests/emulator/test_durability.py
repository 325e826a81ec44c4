"""What was acknowledged survives kill -9; what was not, leaves no trace that lies."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from qualadmin.emulator.engine import Engine
from qualadmin.emulator.journal import Journal, JournalError
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator, EmulatorFailed
from tests.emulator.calls import incoming
from tests.emulator.conftest import create_type, make_client
from tests.emulator.refusals import TURK, refusal


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "emulator.journal"


def test_kill_and_restart_loses_nothing_acknowledged(state: Path) -> None:
    with Emulator(state=state) as emulator:
        client = make_client(emulator.url, "AKIADEMOFIRST", max_pool_connections=8)
        type_id = create_type(client, RetryDelayInSeconds=5)
        acknowledged = grant_until_killed(emulator, client, type_id)
        emulator.start()
        held = emulator.grant_map(type_id)
        assert acknowledged.items() <= held.items()
        granted = [call["worker_id"] for call in emulator.calls(operation=ASSOCIATE) if call["applied"]]
        assert sorted(granted) == sorted(held)
        assert len(granted) == len(set(granted))


ASSOCIATE = "AssociateQualificationWithWorker"


def grant_until_killed(emulator: Emulator, client: Any, type_id: str) -> dict[str, int]:
    """Eight threads grant while the server is killed. Returns what they were told is done."""
    acknowledged: dict[str, int] = {}

    def grant(thread: int) -> None:
        for number in range(2000):
            worker_id = f"A{thread}W{number}"
            try:
                client.associate_qualification_with_worker(
                    QualificationTypeId=type_id, WorkerId=worker_id, IntegerValue=number
                )
            except BotoCoreError:
                return
            acknowledged[worker_id] = number

    threads = [threading.Thread(target=grant, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    emulator.wait_for_calls(300)
    emulator.kill()
    for thread in threads:
        thread.join()
    assert len(acknowledged) >= 250
    return acknowledged


def test_everything_is_as_before(state: Path) -> None:
    with Emulator(state=state) as emulator:
        client = make_client(emulator.url, "AKIADEMOFIRST")
        type_id = create_type(client, "Kept", Keywords="k", AutoGranted=True, AutoGrantedValue=4)
        deleted = create_type(client, "Deleted")
        asked = create_type(client, "Asked")
        pair = {"QualificationTypeId": type_id, "WorkerId": "A1REVOKED"}
        client.associate_qualification_with_worker(**pair)
        client.disassociate_qualification_from_worker(**pair, Reason="Wrong list.")
        client.delete_qualification_type(QualificationTypeId=deleted)
        request_id = emulator.ask(asked, "A1ASKING")
        emulator.register_workers("A1KNOWN")
        emulator.advance(100)
        before = snapshot(emulator, client, type_id)
        emulator.restart()
        assert snapshot(emulator, client, type_id) == before
        revoked = refusal(client.get_qualification_score, **pair)
        assert revoked.turk_code == f"{TURK}InvalidQualificationState"
        again = refusal(client.delete_qualification_type, QualificationTypeId=deleted)
        assert again.turk_code == f"{TURK}InvalidQualificationTypeState"
        client.accept_qualification_request(QualificationRequestId=request_id)
        assert emulator.grant_map(asked) == {"A1ASKING": 1}


def snapshot(emulator: Emulator, client: Any, type_id: str) -> dict[str, Any]:
    calls = emulator.calls()
    listed = client.list_qualification_types(MustBeRequestable=True)
    requests = client.list_qualification_requests()
    return {
        "calls": [call for call in calls if not call["operation"].startswith(("List", "GetQ"))],
        "numbers": [call["sequence"] for call in calls] == list(range(1, len(calls) + 1)),
        "types": listed["QualificationTypes"],
        "requests": requests["QualificationRequests"],
        "outbox": emulator.outbox(),
        "revoked": emulator.revoked_map(type_id),
    }


def test_page_tokens_stay_good_across_a_restart(state: Path) -> None:
    with Emulator(state=state) as emulator:
        client = make_client(emulator.url, "AKIADEMOFIRST")
        for number in range(4):
            create_type(client, f"Type {number}")
        token = client.list_qualification_types(MustBeRequestable=True, MaxResults=2)["NextToken"]
        emulator.restart()
        page = client.list_qualification_types(MustBeRequestable=True, NextToken=token)
        assert [row["Name"] for row in page["QualificationTypes"]] == ["Type 2", "Type 3"]


def test_reset_is_kept_and_numbers_go_on(state: Path) -> None:
    with Emulator(state=state) as emulator:
        client = make_client(emulator.url, "AKIADEMOFIRST")
        create_type(client)
        emulator.reset()
        emulator.restart()
        assert emulator.calls() == []
        assert client.list_qualification_types(MustBeRequestable=True)["NumResults"] == 0
        assert [call["sequence"] for call in emulator.calls()] == [2]


def test_half_planted_seed_is_the_same_after_a_restart(state: Path) -> None:
    types = [{"name": "Good", "description": "d", "holders": {"A1HOLDER": 2}}, {"name": "Bad"}]
    with Emulator(state=state) as emulator:
        client = make_client(emulator.url, "AKIADEMOFIRST")
        with pytest.raises(EmulatorFailed, match="right form"):
            emulator.control("POST", "seed", {"accounts": {"AKIADEMOFIRST": types}})
        before = client.list_qualification_types(MustBeRequestable=True)["QualificationTypes"]
        emulator.restart()
        assert client.list_qualification_types(MustBeRequestable=True)["QualificationTypes"] == before
        assert [row["Name"] for row in before] == ["Good"]


def test_without_a_state_file_nothing_is_kept() -> None:
    with Emulator() as emulator:
        create_type(make_client(emulator.url, "AKIADEMOFIRST"))
        emulator.restart()
        assert emulator.calls() == []


def call(engine: Engine, operation: str, params: dict[str, Any]) -> dict[str, Any]:
    reply = engine.execute(engine.receive(incoming(operation, params)))
    assert reply.status == 200, reply.body
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


def fill(state: Path) -> str:
    """One type and three grants in a state file. Returns the type id."""
    journal = Journal(state, "sandbox")
    engine = Engine("sandbox", Settings(signatures="ignored"), journal)
    made = {"Name": "Colour words", "Description": "d", "QualificationTypeStatus": "Active"}
    type_id: str = call(engine, "CreateQualificationType", made)["QualificationType"]["QualificationTypeId"]
    for number in range(3):
        call(engine, ASSOCIATE, {"QualificationTypeId": type_id, "WorkerId": f"A1W{number}"})
    journal.close()
    return type_id


def load(state: Path, environment: str = "sandbox") -> Engine:
    journal = Journal(state, environment)
    try:
        return Engine("sandbox", journal=journal)
    finally:
        journal.close()


def test_torn_last_line_is_cut_off(state: Path) -> None:
    type_id = fill(state)
    content = state.read_bytes()
    state.write_bytes(content[:-25])
    engine = load(state)
    assert sorted(engine.world.holders[type_id]) == ["A1W0", "A1W1"]
    assert engine.calls.last == 3
    assert state.read_bytes() == content[: content[:-25].rfind(b"\n") + 1]


def test_damage_in_the_middle_is_named_and_not_hidden(state: Path) -> None:
    fill(state)
    lines = state.read_bytes().splitlines(keepends=True)
    state.write_bytes(b"".join([*lines[:2], b"[1,\n", *lines[2:]]))
    with pytest.raises(JournalError, match="damaged between lines 2 and"):
        load(state)


def test_state_of_the_other_environment_is_refused(state: Path) -> None:
    fill(state)
    with pytest.raises(JournalError, match="not the state of this emulator's environment"):
        load(state, "production")


def test_one_state_file_one_server(state: Path) -> None:
    with Emulator(state=state), pytest.raises(EmulatorFailed, match="Another emulator is using"):
        Emulator(state=state).start()


def test_state_file_is_for_its_owner_only(state: Path) -> None:
    fill(state)
    assert state.stat().st_mode & 0o077 == 0


def test_change_that_cannot_be_kept_is_not_acknowledged(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    type_id = fill(state)
    journal = Journal(state, "sandbox")
    engine = Engine("sandbox", Settings(signatures="ignored"), journal)
    before = state.read_bytes()
    real_write = os.write

    def disk_full(file: int, data: bytes) -> int:
        if len(data) > 10:
            return real_write(file, data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("qualadmin.emulator.journal.os.write", lambda f, d: disk_full(f, d[:11]))
    with pytest.raises(JournalError, match="No space left on device"):
        call(engine, ASSOCIATE, {"QualificationTypeId": type_id, "WorkerId": "A1LOST"})
    monkeypatch.undo()
    journal.close()
    assert state.read_bytes() == before
    assert "A1LOST" not in set(load(state).world.holders[type_id])
