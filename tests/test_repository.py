"""What every tracked file must keep to."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from qualadmin.development import EXTRAS

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE = 400
ADDRESSES = re.compile(r"://|index-url|find-links|trusted-host| @ ")
# Pieces, so that this file does not find itself.
MACHINE_PATHS = re.compile("|".join([r"(?<![\w.-])/" + r"(?:work|farm)/", "/ro" + "ot/", "/home/" + r"\w+/"]))
BINARY = {".png", ".jpg", ".ico", ".gz", ".woff2", ".pdf", ".xlsx", ".zip"}


@cache
def tracked() -> list[Path]:
    """The files git knows, or all files where the source came without git."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: no list of tracked files")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), path.read_text(encoding="utf-8", errors="replace"))
        for path in tracked()
        if path.suffix not in BINARY
    ]


def pins(name: str) -> set[str]:
    """The lines `package==version ; marker` of a lock file."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return {line.rstrip(" \\") for line in lines if line and not line.startswith((" ", "#"))}


@pytest.mark.parametrize("name", EXTRAS)
def test_pins_name_versions_and_hashes_but_no_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    assert pins(name)
    assert ADDRESSES.findall(text) == []
    assert all("==" in pin for pin in pins(name))
    assert text.count("--hash=sha256:") >= len(pins(name))


def test_the_larger_lock_files_hold_the_smaller_ones() -> None:
    """A `.venv` made for the tests serves the demo, and the demo runs the versions that were tested."""
    assert pins("run") <= pins("test") <= pins("browser")


def test_no_lock_file_that_records_addresses_is_tracked() -> None:
    forbidden = {"uv.lock", "pylock.toml", "poetry.lock", "package-lock.json"}
    assert not [path for path in tracked() if path.name in forbidden]


def test_no_path_of_a_machine_is_tracked() -> None:
    found = [
        f"{name}: {line.strip()[:100]}"
        for name, text in texts()
        for line in text.splitlines()
        if MACHINE_PATHS.search(line)
    ]
    assert found == []


def test_files_stay_short() -> None:
    sources = [path for path in tracked() if path.suffix in {".py", ".html", ".css", ".js"}]
    # Migrations are written by Django, and all tables at once are long.
    written = [path for path in sources if path.parent.name != "migrations"]
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in written}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FILE} == {}


def test_no_module_is_named_for_being_a_leftover() -> None:
    assert not [path for path in tracked() if path.stem in {"utils", "helpers", "misc", "common"}]


def test_python_files_that_start_are_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python3 manage.py demo" in readme
    assert "python3 manage.py test" in readme


def test_the_licence_is_the_one_that_is_named() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_people_read_of_worker_ids_in_one_spelling() -> None:
    """“worker ID” in every sentence of a page, a message or a manual; comments and docstrings are for us."""
    found = [
        f"{path.relative_to(ROOT)}: {text[:80]}"
        for path, text in _texts_for_people()
        if re.search(r"\b[Ww]orker ids?\b|\b[Ww]orkers' ids\b", text)
    ]
    assert found == []


def _texts_for_people() -> Iterator[tuple[Path, str]]:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("templates/**/*.html")]:
        yield path, path.read_text(encoding="utf-8")
    for path in ROOT.glob("qualadmin/**/*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                yield path, node.value
