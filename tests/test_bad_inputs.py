"""Each bad input has a test that carries its id."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bad_inputs import BAD_INPUTS

TESTS = Path(__file__).parent
#: `BI-05`, `BI-24 to BI-28`, `BI-11, BI-12`; and in names `bi05`, `bi_11_to_13`, `bi_33_and_34`.
_IN_TEXT = re.compile(r"BI-(\d\d)(?: to (?:BI-)?(\d\d))?")
_IN_NAME = re.compile(r"bi_?(\d\d)(?:_(to|and)_(\d\d))?(?!\d)")


def ids_of(test: ast.FunctionDef) -> Iterator[str]:
    for first, last in _IN_TEXT.findall(ast.get_docstring(test) or ""):
        yield from (f"BI-{number:02}" for number in range(int(first), int(last or first) + 1))
    for first, joined, last in _IN_NAME.findall(test.name):
        numbers = (
            range(int(first), int(last) + 1) if joined == "to" else [int(one) for one in (first, last) if one]
        )
        yield from (f"BI-{number:02}" for number in numbers)


@pytest.fixture(scope="module")
def carried() -> dict[str, list[str]]:
    """The tests that carry each id. A test without an assertion does not count."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.FunctionDef) and node.name.startswith("test_")):
                continue
            if any(isinstance(one, ast.Assert | ast.With) for one in ast.walk(node)):
                for name in ids_of(node):
                    found[name].append(f"{path.relative_to(TESTS)}::{node.name}")
    return found


@pytest.mark.parametrize("name", BAD_INPUTS)
def test_it_has_a_test(carried: dict[str, list[str]], name: str) -> None:
    assert carried[name], f"{name} ({BAD_INPUTS[name]}) has no test"


def test_ids_are_read_from_names_and_docstrings() -> None:
    tree = ast.parse(
        'def test_bi_11_to_13_x():\n    """BI-24 to BI-26, BI-40: y."""\ndef test_bi_33_and_34_z(): ...'
    )
    first, second = tree.body
    assert isinstance(first, ast.FunctionDef)
    assert isinstance(second, ast.FunctionDef)
    assert set(ids_of(first)) == {"BI-11", "BI-12", "BI-13", "BI-24", "BI-25", "BI-26", "BI-40"}
    assert set(ids_of(second)) == {"BI-33", "BI-34"}
