"""The vocabulary and the code agree: every event is recorded somewhere, and nothing else is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import qualadmin
from qualadmin.audit import vocabulary
from qualadmin.core.events import EVENTS

ROOT = Path(qualadmin.__file__).parent
TESTS = Path(__file__).parents[1]
#: Calls that write an entry, or hand the name of one on.
WRITERS = {"record", "record_now", "record_call", "_move"}


def _names_in(path: Path) -> Iterator[str]:
    """Every string that looks like an event and stands in the file outside of a docstring."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and vocabulary.known(node.value):
            yield node.value


def test_every_event_is_recorded_by_some_code() -> None:
    used = {
        name
        for path in ROOT.rglob("*.py")
        if "events" not in path.parts and "audit" not in path.relative_to(ROOT).parts[:1]
        for name in _names_in(path)
    }
    never = {event.name for event in EVENTS} - used
    assert not never, f"in the vocabulary, but nobody records: {sorted(never)}"


def test_every_event_is_named_by_a_test() -> None:
    """By a string of its own, which is what entries are compared with; the written-down forms do not count."""
    named = {
        name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in node.value.split()
    }
    untested = {event.name for event in EVENTS} - named
    assert not untested, f"recorded, but no test says when: {sorted(untested)}"


def test_no_code_records_an_unknown_event() -> None:
    unknown = []
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            first = node.args[0]
            name = first.value if isinstance(first, ast.Constant) else None
            writes = node.func.attr in WRITERS and isinstance(name, str) and "." in name
            if writes and not vocabulary.known(str(name)):
                unknown.append(f"{path.name}:{node.lineno} {name}")
    assert not unknown


def test_every_event_says_a_sentence() -> None:
    for event in EVENTS:
        assert event.sentence, event.name
        assert not event.sentence.endswith("."), event.name
