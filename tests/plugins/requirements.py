"""What a test needs beyond Python: a browser, PostgreSQL, Redis, the AWS command line, R.

Without it a test is skipped, or fails: `QUALADMIN_REQUIRE=browser,postgres,redis,aws,r` (any of them) says what
this run must have. Then a test that would be skipped for any reason but a need outside of that list fails instead,
so that nothing is lost silently in CI.
"""

import os
import shutil
from collections.abc import Generator
from importlib.util import find_spec
from typing import Any

import pytest

NEEDS = ("browser", "postgres", "redis", "aws", "r")
BROWSER_FIXTURES = frozenset({"page", "browser", "context", "new_context", "browser_context_args"})
REQUIRED = pytest.StashKey[frozenset[str]]()
#: The build without a window first: it is the fastest.
CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def required() -> frozenset[str]:
    """The needs this run must meet. Raises UsageError for a word that is none."""
    words = {word.strip() for word in os.environ.get("QUALADMIN_REQUIRE", "").split(",") if word.strip()}
    if strange := words - set(NEEDS):
        raise pytest.UsageError(f"QUALADMIN_REQUIRE: {', '.join(sorted(strange))} is none of {', '.join(NEEDS)}")
    return frozenset(words)


def chromium() -> str | None:
    """The path of a Chromium on this machine."""
    named = os.environ.get("QUALADMIN_CHROMIUM")
    return named or next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


def lacking() -> dict[str, str]:
    """Each need that is not met, with what to do about it."""
    found = {}
    if find_spec("playwright") is None:
        found["browser"] = (
            "playwright is not installed: QUALADMIN_REQUIRE=browser python3 manage.py test installs it"
        )
    elif chromium() is None:
        found["browser"] = "no Chromium found: apt install chromium, or set QUALADMIN_CHROMIUM to its path"
    if not os.environ.get("QUALADMIN_TEST_DATABASE_URL", "").startswith(("postgres://", "postgresql://")):
        found["postgres"] = "set QUALADMIN_TEST_DATABASE_URL=postgres://user@host/name"
    if not os.environ.get("QUALADMIN_TEST_REDIS_URL"):
        found["redis"] = "set QUALADMIN_TEST_REDIS_URL=redis://host:port/number"
    if shutil.which("aws") is None:
        found["aws"] = "the AWS command line is not on the path: pip install awscli, in an environment of its own"
    if shutil.which("Rscript") is None:
        found["r"] = "apt install r-base-core r-cran-reticulate r-cran-httr2 r-cran-jsonlite"
    return found


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to begin a run that lacks what it must have."""
    config.stash[REQUIRED], missing = required(), lacking()
    if unmet := [f"{need}: {missing[need]}" for need in sorted(config.stash[REQUIRED] & missing.keys())]:
        raise pytest.UsageError("QUALADMIN_REQUIRE asks for what is not here. " + "; ".join(unmet))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark browser tests at once: `-m browser` chooses before any test is skipped or moved."""
    if BROWSER_FIXTURES & set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.browser)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run, and put browser tests last.

    Playwright leaves an event loop in this thread, and Django refuses database work beside one. So no ordinary
    test may come after the first browser test.
    """
    missing = lacking()
    for item in items:
        for need, advice in missing.items():
            if item.get_closest_marker(need):
                item.add_marker(pytest.mark.skip(reason=f"needs {need}: {advice}"))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let browser tests use the database. The flush after the test needs it too, so no fixture could do this."""
    if item.get_closest_marker("browser") is None:
        return (yield)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        return (yield)
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where needs are required, a skip is a failure."""
    report = yield
    needed = item.config.stash[REQUIRED]
    excused = any(item.get_closest_marker(need) for need in set(NEEDS) - needed)
    if needed and report.skipped and not hasattr(report, "wasxfail") and not excused:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome, report.longrepr = "failed", f"A skip is a failure in this run. {reason}"
    return report


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's Chromium instead of a downloaded one, and nothing that calls home."""
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    flags += ["--disable-sync", "--no-first-run"]
    return {**browser_type_launch_args, "executable_path": chromium(), "args": flags}
