"""The columns and blocks that hold millions of rows, against plain lists."""

from __future__ import annotations

import random

import pytest

from qualadmin.emulator.holders import Grant, Holders
from qualadmin.emulator.packed import BLOCK, PackedRows


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 500])
def test_packed_rows_are_a_list(count: int) -> None:
    rows, plain = PackedRows(lambda *fields: fields), [(number, f"row {number}") for number in range(count)]
    for row in plain:
        rows.append(row)
    again = PackedRows(lambda *fields: fields)
    for block in rows.packed():
        again.take(block)
    for one in (rows, again):
        assert len(one) == count
        assert list(one.newest_first()) == plain[::-1]
        for place in {0, 1, BLOCK - 1, BLOCK, BLOCK + 1, count - 1, count, count + 5} - {-1}:
            assert list(one.since(place)) == plain[place:]
    rows.clear()
    assert list(rows.since(0)) == []


def test_a_row_stays_as_it_was_added() -> None:
    rows, fields = PackedRows(lambda *given: list(given)), [1, {"changes": 1}]
    rows.append(fields)
    fields.append(3)
    assert list(rows.since(0)) == [[1, {"changes": 1}]]


def test_holders_against_a_plain_list() -> None:
    chance = random.Random(5)
    holders, plain = Holders(), dict[str, tuple[int, str, int, int]]()
    serial = 0
    for moment in range(3000):
        worker_id = f"A{chance.randrange(80)}"
        old, status = plain.get(worker_id), chance.choice(["Granted", "Granted", "Revoked"])
        if old is None or (old[1], status) == ("Revoked", "Granted"):
            serial += 1
            place = serial
        else:
            place = old[3]
        plain[worker_id] = (moment % 7, status, moment, place)
        holders.put(worker_id, moment % 7, status, moment)
        if moment % 500 == 0:
            holders = copied(holders)
    assert {worker_id: tuple(holders.get(worker_id) or ()) for worker_id in holders} == plain
    ordered = sorted(plain.items(), key=lambda item: item[1][3])
    for status in ("Granted", "Revoked"):
        expected = [(worker_id, Grant(*row)) for worker_id, row in ordered if row[1] == status]
        assert list(holders.listed(status)) == expected
        for after in (0, 1, serial // 2, serial):
            assert list(holders.listed(status, after)) == [row for row in expected if row[1].serial > after]


def copied(holders: Holders) -> Holders:
    again = Holders()
    for name, content in list(holders.sections("3TYPE"))[1:]:
        again.take(name, content)
    return again


def test_a_value_that_is_no_number_changes_nothing() -> None:
    holders = Holders()
    for value in ("5", None, 2**70):
        with pytest.raises((TypeError, OverflowError)):
            holders.put("A1", value, "Granted", 1)  # type: ignore[arg-type]
    assert list(holders) == []
