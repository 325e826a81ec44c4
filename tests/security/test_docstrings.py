"""Whoever reviews what may be done here begins with the public actions: each of them says what it does."""

import ast
from pathlib import Path

import pytest

from qualadmin.core import actions

FOLDER = Path(actions.__path__[0])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_every_public_action_says_what_it_does(path: Path) -> None:
    silent = [
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []
