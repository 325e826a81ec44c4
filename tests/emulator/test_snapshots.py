"""Snapshots: nothing acknowledged is lost whatever moment the process is killed at, and damage is told of."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

import pytest
from botocore.exceptions import BotoCoreError

from qualadmin.emulator import sections
from qualadmin.emulator.control import Control
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.journal import Journal, JournalError
from qualadmin.emulator.settings import Settings
from qualadmin.emulator.testing import Emulator
from tests.emulator.calls import KEY, incoming
from tests.emulator.conftest import create_type, make_client

ROOT = Path(__file__).parents[2]
ASSOCIATE = "AssociateQualificationWithWorker"
OFTEN = """
import argparse
from qualadmin.emulator import journal
from qualadmin.emulator.server.run import add_arguments, run
journal.LONG = 30_000
parser = argparse.ArgumentParser()
add_arguments(parser)
raise SystemExit(run(vars(parser.parse_args())))
"""


class Restless(Emulator):
    """Writes a snapshot at about every hundredth call."""

    command = (sys.executable, "-c", OFTEN)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "emulator.journal"


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qualadmin.emulator.journal.LONG", 2000)


class Life:
    """An engine with its state file, closed with the block."""

    def __init__(self, state: Path, environment: str = "sandbox") -> None:
        self.journal = Journal(state, environment)
        try:
            self.engine = Engine("sandbox", Settings(signatures="ignored"), self.journal)
        except JournalError:
            self.journal.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.journal.close()

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        reply = self.engine.execute(self.engine.receive(incoming(operation, params)))
        assert reply.status == 200, reply.body
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    def create(self, name: str = "Kept") -> str:
        fields = {"Name": name, "Description": "d", "QualificationTypeStatus": "Active"}
        made: str = self.call("CreateQualificationType", **fields)["QualificationType"]["QualificationTypeId"]
        return made

    def grant(self, type_id: str, first: int, last: int) -> None:
        for number in range(first, last):
            self.call(ASSOCIATE, QualificationTypeId=type_id, WorkerId=f"A{number}", IntegerValue=number)

    def snapshot(self) -> None:
        """One of now, and the journal cut."""
        self.engine.write_snapshot()
        thread = self.journal._thread
        assert thread is not None
        thread.join()
        self.call("GetAccountBalance")

    def seen(self) -> dict[str, Any]:
        control = Control(self.engine).handle
        world = self.engine.world
        return {
            "types": list(world.types.values()),
            "holders": {t: [*h.listed("Granted"), *h.listed("Revoked")] for t, h in world.holders.items()},
            "requests": dict(world.requests),
            "calls": control("GET", "calls", {}),
            "mails": control("GET", "outbox", {}),
            "keys": world.accounts.added(),
            "ahead": world.clock_ahead,
            "names": world.type_book.named,
        }


def test_kill_at_every_dealing_with_a_file_loses_nothing(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.emulator.killed_writer", str(tmp_path)]
    subprocess.run(program, cwd=ROOT, check=True, timeout=120)
    lives = list(tmp_path.iterdir())
    assert len(lives) > 40
    for folder in lives:
        told = (folder / "acknowledged").read_text().split()
        with Life(folder / "state") as life:
            (holders,) = life.engine.world.holders.values() or [{}]
            held = list(holders)
            assert held[: len(told)] == told, folder
            assert len(held) <= len(told) + 1
            assert life.engine.calls.last == len(held) + 1
            life.call("GetAccountBalance")
    assert {(folder / "state.snapshot").exists() for folder in lives} == {True, False}


def test_kill_under_load_loses_nothing_acknowledged(state: Path) -> None:
    rounds = random.Random()
    told: dict[str, int] = {}
    with Restless(state=state) as emulator:
        type_id = create_type(make_client(emulator.url, KEY))
        for turn in range(3):
            threads = [
                threading.Thread(target=grant_until_killed, args=(emulator.url, type_id, f"{turn}X{n}", told))
                for n in range(4)
            ]
            for thread in threads:
                thread.start()
            emulator.wait_for_calls(emulator.control("GET", "health")["calls"] + 200)
            time.sleep(rounds.random() / 20)
            emulator.kill()
            for thread in threads:
                thread.join()
            emulator.start()
            held = emulator.grant_map(type_id)
            assert told.items() <= held.items()
            done = [call["worker_id"] for call in emulator.calls(operation=ASSOCIATE) if call["applied"]]
            assert sorted(done) == sorted(held)
        assert state.with_name("emulator.journal.snapshot").exists()
        assert state.stat().st_size < 200_000


def grant_until_killed(url: str, type_id: str, name: str, told: dict[str, int]) -> None:
    client = make_client(url, KEY)
    for number in range(100_000):
        worker_id = f"A{name}N{number}"
        try:
            client.associate_qualification_with_worker(
                QualificationTypeId=type_id, WorkerId=worker_id, IntegerValue=number
            )
        except BotoCoreError:
            break
        told[worker_id] = number
    client.close()


def test_a_snapshot_is_the_same_world(state: Path) -> None:
    with Life(state) as life:
        control = Control(life.engine).handle
        type_id, other = life.create(), life.create("Other")
        life.grant(type_id, 0, 5)
        life.grant(other, 3, 6)
        pair = {"QualificationTypeId": type_id, "WorkerId": "A2"}
        life.call("DisassociateQualificationFromWorker", **pair, Reason="Wrong list.")
        life.call("DisassociateQualificationFromWorker", QualificationTypeId=type_id, WorkerId="A3")
        life.call(ASSOCIATE, **pair, IntegerValue=9)
        control("POST", "requests", {"qualification_type_id": other, "worker_id": "A9ASKS"})
        control("POST", "access-keys", {"access_key": "AKIAOWN", "secret": "s", "account": KEY})
        control("POST", "clock", {"advance_seconds": 50})
        page = life.call("ListWorkersWithQualificationType", QualificationTypeId=type_id, MaxResults=2)
        life.snapshot()
        life.grant(type_id, 7, 9)
        before = life.seen()
    with Life(state) as life:
        assert life.seen() == before
        rest = life.call(
            "ListWorkersWithQualificationType", QualificationTypeId=type_id, NextToken=page["NextToken"]
        )
        assert [row["WorkerId"] for row in rest["Qualifications"]] == ["A4", "A2", "A7", "A8"]
        control = Control(life.engine).handle
        control("POST", "reset", {})
        life.snapshot()
        life.create("After")
        before = life.seen()
    with Life(state) as life:
        assert life.seen() == before
        assert [row.name for row in life.engine.world.types.values() if not row.is_system] == ["After"]
        assert [key.key_id for key in life.engine.world.accounts.added()] == ["AKIAOWN"]


@pytest.mark.usefixtures("often")
def test_the_journal_stays_short(state: Path) -> None:
    with Life(state) as life:
        type_id = life.create()
        for number in range(100):
            life.grant(type_id, number, number + 1)
            if life.journal._thread is not None:
                life.journal._thread.join()
            assert state.stat().st_size < 3000
        written = life.engine.calls.last
    with Life(state) as life:
        assert life.engine.calls.last == written


def test_the_lock_goes_on_with_the_new_journal(state: Path) -> None:
    with Life(state) as life:
        life.create()
        life.snapshot()
        with pytest.raises(JournalError, match="Another emulator is using"):
            Life(state)


def test_a_snapshot_that_cannot_be_written_harms_nothing(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with Life(state) as life:
        type_id = life.create()
        monkeypatch.setattr(sections.os, "fsync", full)
        life.snapshot()
        monkeypatch.undo()
        life.grant(type_id, 0, 3)
    assert "No space left on device. " in capsys.readouterr().err
    assert [file.name for file in state.parent.iterdir()] == [state.name]
    with Life(state) as life:
        assert list(life.engine.world.holders[type_id]) == ["A0", "A1", "A2"]


@pytest.fixture
def kept(state: Path) -> Path:
    """A state file with a snapshot before it. Its snapshot is returned."""
    with Life(state) as life:
        type_id = life.create()
        life.grant(type_id, 0, 30)
        life.snapshot()
        life.grant(type_id, 30, 33)
    return state.with_name(f"{state.name}.snapshot")


def test_what_a_kill_left_behind_is_passed_over(state: Path, kept: Path) -> None:
    for name in (f"{state.name}.new", f"{kept.name}.new"):
        state.with_name(name).write_bytes(b"qualadmin-emulator 2 san")
    with Life(state) as life:
        assert life.engine.calls.last == 35
    assert sorted(file.name for file in state.parent.iterdir()) == [state.name, kept.name]


def test_a_torn_or_changed_snapshot_is_named(state: Path, kept: Path) -> None:
    content = kept.read_bytes()
    start = content.index(b"\n") + 1
    for length in [*range(start, len(content), 97), len(content) - 1]:
        kept.write_bytes(content[:length])
        with pytest.raises(JournalError, match=r"\.snapshot is damaged .*Put back a copy of both"):
            Life(state)
        flipped = bytearray(content)
        flipped[length] ^= 1
        kept.write_bytes(flipped)
        with pytest.raises(JournalError, match=r"\.snapshot (is damaged|cannot be used)"):
            Life(state)
    kept.write_bytes(content)
    with Life(state) as life:
        assert life.engine.calls.last == 35


def test_files_that_do_not_fit_together_are_refused(state: Path, kept: Path) -> None:
    journal, snapshot = state.read_bytes(), kept.read_bytes()
    kept.unlink()
    with pytest.raises(JournalError, match=r"is missing\. Put it back, or delete"):
        Life(state)
    kept.write_bytes(snapshot)
    state.unlink()
    with pytest.raises(JournalError, match=r"is not\. Put it back, or delete the snapshot"):
        Life(state)
    head, line, rest = journal.partition(b"\n")
    for position in (b"0", b"99999"):
        state.write_bytes(head.rpartition(b" ")[0] + b" " + position + line + rest[:20])
        with pytest.raises(JournalError, match="do not belong together"):
            Life(state)


@pytest.mark.parametrize(
    ("head", "sentence"),
    [
        (b"qualadmin-emulator 1 sandbox\n", "has format 1, and this emulator reads format 2 only"),
        (b"qualadmin-emulator 3 sandbox 0 more\n", "has format 3, and this emulator reads format 2 only"),
        (b"qualadmin-emulator 2 production 0\n", "is not the state of this emulator's environment"),
        (b"qualadmin-emulator 2 sandbox x\n", "is not the state of this emulator's environment"),
        (b"Dear diary,\n", "is not a state file of this emulator. Name another file"),
        (b"\0\0\0\0", "is not a state file of this emulator. Name another file"),
    ],
)
def test_other_formats_are_refused_with_a_sentence(state: Path, kept: Path, head: bytes, sentence: str) -> None:
    state.write_bytes(head)
    with pytest.raises(JournalError, match=sentence):
        Life(state)
    assert state.read_bytes() == head


def test_an_old_snapshot_is_refused_too(state: Path, kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b"snapshot 2 ", b"snapshot 1 ", 1))
    with pytest.raises(JournalError, match=r"\.snapshot has format 1"):
        Life(state)


def test_snapshots_are_for_their_owner_only(state: Path, kept: Path) -> None:
    assert {file.stat().st_mode & 0o077 for file in (state, kept)} == {0}


@pytest.mark.slow
def test_starting_from_a_snapshot_is_much_less_work(state: Path) -> None:
    with Life(state) as life:
        type_id = life.create()
        for number in range(100_000):
            life.engine.world.record(["grant", type_id, f"A{number}", 1, "Granted", 1_790_000_000])
        life.engine.keep()
    with Life(state):
        pass  # a journal of this length is worth a snapshot at the start
    began = os.times().user
    with Life(state) as life:
        assert len(life.engine.world.holders[type_id]) == 100_000
    assert os.times().user - began < 1
