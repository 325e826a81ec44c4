"""The commands of developers and of CI: `test`, `lint`, `lock`. They run before Django is set up."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .bootstrap import ROOT

REQUIREMENTS: Final = ROOT / "requirements"
# Each file is held to the versions of the one before it, so that a demo runs what the tests ran.
EXTRAS: Final = {
    "run": ("postgres", "redis"),
    "test": ("postgres", "redis", "test"),
    "browser": ("postgres", "redis", "test", "browser"),
}


def test(arguments: list[str]) -> int:
    """Run pytest with these arguments; its exit code."""
    import pytest

    os.chdir(ROOT)
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # pyproject.toml names the settings of the tests
    return int(pytest.main(arguments))


def lint(arguments: list[str]) -> int:
    """Every static check, all of them even if one fails; 1 if any did. `lint --fix` first formats and mends."""
    if arguments not in ([], ["--fix"]):
        sys.stderr.write("usage: python3 manage.py lint [--fix]\n")
        return 2
    tools, manage = Path(sys.executable).parent, [sys.executable, "manage.py"]
    if arguments:
        _run("ruff --fix", [str(tools / "ruff"), "check", "--fix", "."])
        _run("ruff format", [str(tools / "ruff"), "format", "."])
    with tempfile.TemporaryDirectory() as folder:
        results = [
            _run("ruff", [str(tools / "ruff"), "check", "."]),
            _run("ruff format", [str(tools / "ruff"), "format", "--check", "."]),
            _run("mypy", [str(tools / "mypy")]),
            _run("import contracts", [str(tools / "lint-imports")]),
            _run("migrations", [*manage, "makemigrations", "--check", "--dry-run"], debug_environment()),
            _run(
                "deployment",
                [*manage, "check", "--deploy", "--fail-level", "WARNING"],
                live_environment(Path(folder)),
            ),
        ]
    return 0 if all(results) else 1


def debug_environment() -> dict[str, str]:
    """Our own settings out of the way, and nothing required."""
    return {**_foreign(), "QUALADMIN_MODE": "debug"}


def live_environment(folder: Path) -> dict[str, str]:
    """What a small real installation sets, with `folder` for its state."""
    return {
        **_foreign(),
        "QUALADMIN_SECRET_KEY": "".join(chr(33 + (7 * n) % 90) for n in range(64)),
        "QUALADMIN_ALLOWED_HOSTS": "qualadmin.example.org",
        "QUALADMIN_TRUSTED_PROXIES": "1",
        "QUALADMIN_AUDIT_ORIGIN": "qualadmin.example.org",
        "QUALADMIN_VAR_DIR": str(folder),
    }


def _foreign() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(("QUALADMIN_", "AWS_", "DJANGO_"))}


def _run(name: str, command: list[str], env: dict[str, str] | None = None) -> bool:
    sys.stdout.write(f"── {name}\n")
    sys.stdout.flush()
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode == 0


def lock(arguments: list[str]) -> int:
    """Pin the newest allowed versions of everything in requirements/. Needs `uv` on the path.

    Addresses stay out of the files: where packages come from is the business of each machine.
    """
    uv = shutil.which("uv")
    if arguments or uv is None:
        sys.stderr.write("usage: python3 manage.py lock   (needs the program `uv` on the path)\n")
        return 2
    held: Path | None = None
    for name, extras in EXTRAS.items():
        target = REQUIREMENTS / f"{name}.txt"
        command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--upgrade"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header"]
        command += ["--no-annotate", "pyproject.toml", "-o", str(target)]
        command += [f"--extra={extra}" for extra in extras]
        command += ["--constraint", str(held)] if held else []
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return 1
        held = target
    return 0


COMMANDS: Final[dict[str, Callable[[list[str]], int]]] = {"test": test, "lint": lint, "lock": lock}
