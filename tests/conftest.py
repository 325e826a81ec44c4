"""Fixtures for every test."""

from collections.abc import Iterator

import pytest

from qualadmin.audit.testing import flush_allowed

pytest_plugins = ["tests.plugins.requirements"]
from tests.bells import rung  # noqa: F401
from tests.people import (  # noqa: F401  (fixtures: the fixed cast)
    account,
    cast,
    granter,
    manager,
    other_account,
    outsider,
    pi,
    production_account,
    study,
    viewer,
)


@pytest.fixture(autouse=True, scope="session")
def _flush_despite_guards() -> Iterator[None]:
    """The guards of the audit log refuse the TRUNCATE and DELETE with which Django ends a transactional test."""
    with flush_allowed():
        yield
