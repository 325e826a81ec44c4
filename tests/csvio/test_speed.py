"""Large and hostile inputs stay within time and memory; bounds are generous, growth is what is tested."""

from __future__ import annotations

import contextlib
import time
import tracemalloc

import pytest

from qualadmin.csvio import InputRefused, Options, interpret, propose_mapping, read_pasted, read_table

ROWS = 10_000


def run(data: bytes) -> int:
    table = read_table(data)
    return len(interpret(table, propose_mapping(table), wanted=Options()).targets[0].lines)


def test_ten_thousand_rows_in_time_and_memory():
    data = "WorkerId,Score,Note\n" + "".join(
        f"A{number:013},{number % 101},note {number}\n" for number in range(ROWS)
    )
    began = time.process_time()
    assert run(data.encode()) == ROWS
    assert time.process_time() - began < 2.0
    tracemalloc.start()
    try:
        run(data.encode())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60 * 1024 * 1024


HOSTILE = {
    "blanks": " " * 131_000 + "\n" + "x" * 20,
    "blank cells": f"WorkerId,Score\n{' ' * 131_000}A,5\n",
    "zeros": f"WorkerId,Score\nA1B2C3D4E5F6,{'0' * 131_000}x\n",
    "at signs": f"{'@' * 131_000} x,y\nA1B2C3D4E5F6,5\n",
    "quotes": '"' * 131_000 + "\n",
    "separators": "A1B2C3D4E5F6" + "," * 131_000 + "\n" + "A2B2C3D4E5F6" + ";" * 131_000,
    "blank lines": "\n" * 2_000_000 + "A1B2C3D4E5F6",
    "one line of words": "A1B2C3D4E5F6 " * 10_000 + "x",
    "faulty ids": "WorkerId,Score\n" + "".join(f"{'x-' * 40}{number},5\n" for number in range(ROWS)),
    "wide": ",".join(f"c{number}" for number in range(1_000)) + "\n" + ("aaaaaaaaaaaa-x," * 999 + "z\n") * 130,
    "quoted lines": "WorkerId,Note\n" + 'A1B2C3D4E5F6,"' + "A1B2C3D4E5F6\n" * 10_000 + '"\n',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_ends_soon(name):
    data = HOSTILE[name].encode()
    began = time.process_time()
    for read in (lambda: read_table(data), lambda: read_pasted(HOSTILE[name])):
        with contextlib.suppress(InputRefused):  # either answer is right here, if it comes soon
            table = read()
            interpret(table, propose_mapping(table), wanted=Options())
    # Anything quadratic in these sizes takes minutes.
    assert time.process_time() - began < 10.0
