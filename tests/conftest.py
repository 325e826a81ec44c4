"""Fixtures for every test."""

import gc
from collections.abc import Iterator

import pytest
from django.conf import settings

from qualadmin.audit.testing import flush_allowed

#: What may be skipped, the fixed cast of people, and the ear at the queue.
pytest_plugins = [
    "tests.plugins.requirements",
    "tests.plugins.recorded",
    "tests.people",
    "tests.bells",
    "tests.approving",
]

# All of Django stays for the whole run: not to look through it every 700 objects saves a sixth of the time.
gc.freeze()
gc.set_threshold(100_000, 50, 50)


@pytest.fixture(autouse=True, scope="session")
def _flush_despite_guards() -> Iterator[None]:
    """The guards of the audit log refuse the TRUNCATE and DELETE with which Django ends a transactional test."""
    with flush_allowed():
        yield


@pytest.fixture(autouse=True)
def _no_refusal_left() -> Iterator[None]:
    """What a test made the log refuse concerns nobody after it."""
    yield
    settings.AUDIT_REFUSED_PATH.unlink(missing_ok=True)


@pytest.fixture(autouse=True, scope="session")
def _no_list_left() -> Iterator[None]:
    """The list of erased workers of this run."""
    yield
    settings.ERASURES_FILE.unlink(missing_ok=True)
