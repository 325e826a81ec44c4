"""Which tasks were rung, whatever broker carries the messages."""

from typing import Any

import pytest

from qualadmin.core import queue


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[tuple[Any, ...]]:
    """Every ring as (task, *ids). Nothing reaches the queue."""
    heard: list[tuple[Any, ...]] = []
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "orm": "default"}
    monkeypatch.setattr(queue, "async_task", lambda task, *ids, **options: heard.append((task, *ids)))
    return heard
