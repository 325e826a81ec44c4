"""The plugin that skips, or fails, what a machine cannot run."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = 'pytest_plugins = ["tests.plugins.requirements"]'
MARKERS = "[pytest]\nmarkers =\n    browser: b\n    postgres: p\n    redis: r\n"
Run = Callable[..., pytest.RunResult]

NEEDY = """
    import pytest

    @pytest.mark.redis
    def test_redis():
        pass

    def test_plain():
        pass
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a small suite in a process of its own, under these settings only."""
    for name in ("QUALADMIN_REQUIRE", "QUALADMIN_TEST_DATABASE_URL", "QUALADMIN_TEST_REDIS_URL", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeconftest(CONFTEST)
    pytester.makeini(MARKERS)

    def _run(body: str, **settings: str) -> pytest.RunResult:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        pytester.makepyfile(body)
        return pytester.runpytest_subprocess("-p", "no:django", "-p", "no:randomly", "-rs", "-v")

    return _run


def test_a_need_that_is_not_met_skips_with_advice(run: Run) -> None:
    result = run(NEEDY)
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["*needs redis: set QUALADMIN_TEST_REDIS_URL*"])


def test_a_required_need_that_is_not_met_stops_the_run(run: Run) -> None:
    result = run(NEEDY, QUALADMIN_REQUIRE="redis")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*QUALADMIN_REQUIRE asks for what is not here. redis: set*"])


def test_a_word_that_is_no_need_is_refused(run: Run) -> None:
    result = run(NEEDY, QUALADMIN_REQUIRE="postgras")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*postgras is none of browser, postgres, redis*"])


def test_any_other_skip_is_a_failure_where_something_is_required(run: Run) -> None:
    body = """
        import pytest

        def test_lost():
            pytest.skip("no luck")

        @pytest.mark.postgres
        def test_excused():
            pass
    """
    result = run(body, QUALADMIN_REQUIRE="redis", QUALADMIN_TEST_REDIS_URL="redis://127.0.0.1:1/0")
    result.assert_outcomes(failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*A skip is a failure in this run. *no luck*"])


def test_browser_tests_run_last_and_alone_may_use_the_database_beside_a_loop(run: Run) -> None:
    body = """
        import os
        import pytest

        @pytest.fixture
        def page():
            return "a page"

        def test_with_browser(page):
            assert os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] == "1"

        def test_without():
            assert "DJANGO_ALLOW_ASYNC_UNSAFE" not in os.environ
    """
    result = run(body, QUALADMIN_CHROMIUM="/bin/true")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*test_without PASSED*", "*test_with_browser*PASSED*"])
