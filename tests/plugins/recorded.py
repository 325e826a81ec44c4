"""Every action of the audit log is recorded by at least one test (T-A30).

    TESTS_NOTE_ACTIONS=FOLDER python3 manage.py test …     each process of the run notes what it recorded there
    .venv/bin/python -m tests.plugins.recorded FOLDER          exit code 1, and the names that nobody recorded

What clusters and web servers in processes of their own record is not noted; actions are tested in the process.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(autouse=True, scope="session")
def _note_actions() -> Iterator[None]:
    """Note the actions of this process when the run ends."""
    folder = os.environ.get("TESTS_NOTE_ACTIONS", "")
    if not folder:
        yield
        return
    from qualadmin.audit import record

    drafted, seen = record.draft, set[str]()

    def noting(texts: Any, origin_and_app: Any, action: str, **options: Any) -> Any:
        seen.add(action)
        return drafted(texts, origin_and_app, action, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "draft", noting)
        yield
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / f"{os.getpid()}.txt").write_text("\n".join(sorted(seen)))


def main(folder: Path) -> int:
    from qualadmin.core.events import EVENTS

    seen = {name for file in folder.glob("*.txt") for name in file.read_text().split()}
    lacking = sorted({event.name for event in EVENTS} - seen)
    sys.stdout.write(
        f"{len(EVENTS) - len(lacking)} of {len(EVENTS)} actions were recorded. {', '.join(lacking)}\n"
    )
    return 1 if lacking else 0


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    sys.exit(main(Path(sys.argv[1])))
