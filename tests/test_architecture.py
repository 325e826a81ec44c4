"""The house rules that no type checker sees: who may import whom, and who may write."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "qualadmin"
#: Where rows are written: the actions; the log and the doorbell, which write only tables of their own.
WRITERS = ("core/actions/", "audit/", "core/queue.py", "core/migrations/")
#: Always a write, whatever it is called on.
WRITES = frozenset(
    {
        "save", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "acreate", "asave", "aupdate",
        "adelete", "abulk_create", "abulk_update", "aget_or_create", "aupdate_or_create", "raw", "executemany",
    }
)  # fmt: skip
#: A write when called on rows; dictionaries, hashes, caches and sessions have methods of the same name.
WRITES_ON_ROWS = frozenset({"create", "update", "delete", "add", "remove", "set", "clear"})
QUERIES = frozenset({"objects", "filter", "exclude", "all", "order_by", "select_for_update", "using", "get"})


def test_imports_keep_to_the_contracts() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def writes(source: str) -> list[str]:
    """The calls in `source` that write rows, as "line: code"."""
    return [
        f"{node.lineno}: {ast.unparse(node)[:90]}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _writes(node, node.func)
    ]


def _writes(call: ast.Call, function: ast.Attribute) -> bool:
    if function.attr in WRITES:
        return True
    if function.attr in WRITES_ON_ROWS and QUERIES & set(_chain(function.value)):
        return not _is_mapping_get(function.value)
    # `row.delete()`: no argument. Caches and sessions are told which key.
    return function.attr == "delete" and not call.args and not call.keywords


def _chain(node: ast.expr) -> Iterator[str]:
    """The names along `a.objects.filter(…).exclude(…)`."""
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Attribute):
            yield node.attr
            node = node.value
        else:
            node = node.func


def _is_mapping_get(node: ast.expr) -> bool:
    """`something.get("key", …)` with a text: a dictionary, not a table."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and any(isinstance(argument, ast.Constant) for argument in node.args)
    )


def test_only_actions_write_rows() -> None:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith((*WRITERS, "emulator/", "csvio/", "mturk/")):  # these three know no tables
            found += [f"{name}:{line}" for line in writes(path.read_text(encoding="utf-8"))]
    assert found == []


def locks(source: str) -> list[str]:
    """The calls in `source` that lock rows, as code."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "select_for_update"
    ]


def test_locks_leave_room_for_rows_that_refer() -> None:
    """A plain FOR UPDATE keeps out whoever inserts a row that refers to the locked one.

    That one may hold the head of the audit log by then, for which this one waits: a deadlock. No key ever changes.
    """
    found = {
        f"{path.relative_to(SOURCE).as_posix()}: {call}"
        for path in sorted(SOURCE.rglob("*.py"))
        for call in locks(path.read_text(encoding="utf-8"))
    }
    assert len(found) > 10
    assert {one for one in found if "no_key=True" not in one} == set()


@pytest.mark.parametrize(
    "code",
    [
        "row.save(update_fields=['a'])",
        "form.save()",
        "row.delete()",
        "Worker.objects.create(name=1)",
        "Job.objects.filter(pk=1).exclude(state=2).update(state=3)",
        "Job.objects.select_for_update().get(pk=1).delete()",
        "job.changes.all().delete()",
        "Job.objects.bulk_create(rows)",
        "cursor.executemany(sql, rows)",
    ],
)
def test_the_search_finds_writes(code: str) -> None:
    assert len(writes(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "digest.update(b'')",
        "cache.delete('key')",
        "names.add(one)",
        "payload.get('people', {}).update(a=1)",
        "Job.objects.filter(pk=1).first()",
    ],
)
def test_the_search_leaves_reading_and_plain_python_alone(code: str) -> None:
    assert writes(code) == []


@pytest.mark.parametrize("folder", ["emulator", "csvio", "mturk"])
def test_rooms_without_tables_define_no_models(folder: str) -> None:
    for path in (SOURCE / folder).rglob("*.py"):
        assert "models.Model" not in path.read_text(encoding="utf-8"), path
