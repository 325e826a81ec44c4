"""Every point of docs/emulator-points.md has a test of its number, in process and over HTTP."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parents[1] / "docs" / "emulator-points.md"
BOTH_WAYS = "amazon"
"""The fixture that runs a test in process and over HTTP; others count that are built on it."""


def points() -> list[int]:
    return [int(number) for number in re.findall(r"^\| (\d\d) \|", PAGE.read_text(), re.MULTILINE)]


def functions() -> list[ast.FunctionDef]:
    trees = (ast.parse(path.read_text()) for path in [*TESTS.glob("test_*.py"), TESTS / "conftest.py"])
    return [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]


def arguments(function: ast.FunctionDef) -> set[str]:
    return {argument.arg for argument in function.args.args}


def both_ways() -> set[str]:
    """Names of fixtures that are or need the one for both ways."""
    fixtures = [node for node in functions() if any("fixture" in ast.unparse(row) for row in node.decorator_list)]
    found = {BOTH_WAYS}
    while True:
        more = {node.name for node in fixtures if arguments(node) & found} - found
        if not more:
            return found
        found |= more


def by_point() -> dict[int, list[ast.FunctionDef]]:
    found = defaultdict(list)
    for function in functions():
        numbers = re.match(r"test_(\d\d(?:_\d\d)*)_", function.name)
        for number in numbers[1].split("_") if numbers else ():
            found[int(number)].append(function)
    return found


def test_points_are_numbered_without_a_gap() -> None:
    assert points() == list(range(1, 81))


def test_every_point_has_a_test() -> None:
    assert sorted(by_point()) == points()


def test_every_point_is_tested_in_process_and_over_http() -> None:
    fixtures = both_ways()
    one_way = [
        number for number, tests in by_point().items() if not any(arguments(test) & fixtures for test in tests)
    ]
    assert one_way == []
