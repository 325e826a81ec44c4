"""Sorted sets in pieces, against sorted lists."""

from __future__ import annotations

import random

import pytest

from qualadmin.emulator import ordered
from qualadmin.emulator.ordered import Ordered


@pytest.mark.parametrize("seed", range(6))
def test_ordered_against_a_sorted_list(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordered, "PIECE", 1 + seed)
    chance = random.Random(seed)
    keys, plain = Ordered[tuple[int]](), set[tuple[int]]()
    for step in range(1500):
        key = (chance.randrange(120),)
        if chance.random() < (0.8 if step < 700 else 0.3):
            keys.put(key)
            plain.add(key)
        else:
            keys.take(key)
            plain.discard(key)
        assert len(keys) == len(plain)
        assert keys.holds(key) == (key in plain)
        if step % 25 == 0:
            compare(keys, sorted(plain), (chance.randrange(-1, 121),))


def compare(keys: Ordered[tuple[int]], plain: list[tuple[int]], border: tuple[int]) -> None:
    assert list(keys.above()) == plain
    assert list(keys.below()) == plain[::-1]
    assert list(keys.above(border)) == [key for key in plain if key > border]
    assert list(keys.below(border)) == [key for key in plain[::-1] if key < border]


def test_emptied_and_filled_again() -> None:
    keys = Ordered[tuple[int]]()
    for _ in range(2):
        for number in range(3 * ordered.PIECE):
            keys.put((number,))
        assert list(keys.below((3,))) == [(2,), (1,), (0,)]
        for number in range(3 * ordered.PIECE):
            keys.take((number,))
        assert list(keys.above()) == list(keys.below()) == []
