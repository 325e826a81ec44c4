"""Each fault has its tests, or a reason; each test with a fault's id in its name is listed under it."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.faults import FAULTS

TESTS = Path(__file__).parent
#: `test_f14_to_f22_…`, `test_k5_k6_k7_…`, `test_k0_f01_…`
_IDS = re.compile(r"(?<=_)(f\d\d|k\d{1,2})(?=_)")


@pytest.fixture(scope="module")
def written() -> dict[str, ast.FunctionDef]:
    """All tests there are, by name."""
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{path.relative_to(TESTS).as_posix()}::{node.name}"] = node
    return found


def ids_of(name: str) -> list[str]:
    return [f"{found[0].upper()}{'-' if found[0] == 'f' else ''}{found[1:]}" for found in _IDS.findall(name)]


def test_the_list_is_complete() -> None:
    wanted = [f"F-{number:02}" for number in range(1, 51)] + [f"K{number}" for number in range(14)]
    assert list(FAULTS) == wanted


@pytest.mark.parametrize("name", FAULTS)
def test_it_is_held_or_said_why_not(written: dict[str, ast.FunctionDef], name: str) -> None:
    fault = FAULTS[name]
    assert fault.tests or fault.elsewhere
    for test in fault.tests:
        assert test in written, f"{name}: there is no {test}"
        held = any(isinstance(node, ast.Assert | ast.With) or _checks(node) for node in ast.walk(written[test]))
        assert held, f"{test} holds nothing"


def _checks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and "check" in ast.unparse(node.func)


def test_every_test_of_a_fault_is_listed(written: dict[str, ast.FunctionDef]) -> None:
    unlisted: dict[str, list[str]] = defaultdict(list)
    for test in written:
        for name in ids_of(test.rpartition("::")[2]):
            if name in FAULTS and test not in FAULTS[name].tests:
                unlisted[name].append(test)
    assert not unlisted


def test_ids_are_read_from_names() -> None:
    assert ids_of("test_k0_f01_killed") == ["K0", "F-01"]
    assert ids_of("test_f14_to_f22_unclear") == ["F-14", "F-22"]
    assert ids_of("test_nothing_of_f99") == []
