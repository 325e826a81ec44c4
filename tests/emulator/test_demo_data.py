"""The demo account: complete, plausible, the same each time, and planted once."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from qualadmin.emulator import demo_data, seed
from qualadmin.emulator.demo_data import ACCESS_KEY, WORKERS_FILE, SampleMissing
from qualadmin.emulator.testing import Emulator
from qualadmin.emulator.world import World
from tests.emulator.conftest import create_type, make_client


def own_types(client: Any) -> dict[str, dict[str, Any]]:
    page = client.list_qualification_types(MustBeRequestable=True, MustBeOwnedByCaller=True, MaxResults=100)
    return {row["Name"]: row for row in page["QualificationTypes"]}


def test_description_is_always_the_same() -> None:
    assert demo_data.description() == demo_data.description()


def test_demo_account_over_the_wire(tmp_path: Path) -> None:
    with Emulator(state=tmp_path / "state", seed="demo") as emulator:
        client = make_client(emulator.url, ACCESS_KEY)
        types = own_types(client)
        assert len(types) == 6
        assert [row["QualificationTypeStatus"] for row in types.values()].count("Inactive") == 1
        assert [row["AutoGranted"] for row in types.values()].count(True) == 1
        assert client.list_qualification_requests()["NumResults"] == 7
        for name in ("Colour words wave 1", "Attention checks"):
            assert emulator.grant_map(types[name]["QualificationTypeId"]) == column(name)
        others = [name for name in types if name not in {"Colour words wave 1", "Attention checks"}]
        assert sum(len(emulator.grant_map(types[name]["QualificationTypeId"])) for name in others) > 300
        assert own_types(make_client(emulator.url, "AKIASOMEBODYELSE")) == {}
        leaves_work_alone(emulator, client, types)


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
    assert seed.plant(world, demo_data.description()) == 6
    world.take_fresh()
    assert seed.plant(world, demo_data.description()) == 0
    assert world.take_fresh() == []


def test_missing_sample_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo_data, "WORKERS_FILE", tmp_path / "User_1149273_workers.csv")
    with pytest.raises(SampleMissing, match=r"docs/samples"):
        demo_data.description()


def test_seed_file(tmp_path: Path) -> None:
    path = tmp_path / "seed.json"
    path.write_text(
        '{"accounts": {"AKIAMINE": [{"name": "One", "description": "d", "holders": {"A1HOLDER": 3},'
        ' "requests": [{"worker_id": "A1ASKING"}]}]}}'
    )
    with Emulator(seed=str(path)) as emulator:
        client = make_client(emulator.url, "AKIAMINE")
        type_id = own_types(client)["One"]["QualificationTypeId"]
        assert emulator.grant_map(type_id) == {"A1HOLDER": 3}
        assert client.list_qualification_requests()["NumResults"] == 1
        create_type(client, "Two")
