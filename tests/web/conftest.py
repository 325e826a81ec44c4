"""Fixtures of the tests of pages."""

from tests.web.lab import lab  # noqa: F401  (fixture)
