"""One stage for all tests of a file: each request is undone, so that it need not be built again."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from qualadmin.core import queue
from tests.security.stage import Stage, make_stage, undone


@pytest.fixture(scope="module")
def stage(django_db_setup: None, django_db_blocker: Any) -> Iterator[Stage]:
    """Built once for a file, rolled back after it. Nothing is put into a queue."""
    patch = pytest.MonkeyPatch()
    patch.setattr(queue, "async_task", lambda *arguments, **options: None)
    with django_db_blocker.unblock(), undone():
        cache.clear()
        yield make_stage()
    cache.clear()
    patch.undo()
