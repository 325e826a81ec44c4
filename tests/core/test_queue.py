"""How many messages wait: counted by whoever keeps them, and nothing is claimed where nobody answers."""

from typing import Any

import pytest
from django_q.brokers import get_broker
from django_q.models import OrmQ

from qualadmin.core import queue
from qualadmin.core.queue import SWEEP, depth, ring
from tests.settings import REDIS_URL

pytestmark = pytest.mark.django_db


@pytest.fixture
def _empty() -> Any:
    if REDIS_URL:
        get_broker().purge_queue()
        yield
        get_broker().purge_queue()
    else:
        yield


@pytest.mark.usefixtures("_empty")
def test_every_message_is_counted(django_capture_on_commit_callbacks: Any) -> None:
    assert depth() == 0
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            ring(SWEEP)
    assert depth() == 3
    if REDIS_URL:
        assert not OrmQ.objects.exists()
        get_broker().dequeue()
    else:
        OrmQ.objects.earliest("pk").delete()
    assert depth() == 2


@pytest.mark.usefixtures("_empty")
def test_they_are_not_counted_without_end(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(queue, "DEPTH_LIMIT", 2)
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            ring(SWEEP)
    assert depth() == 2


def test_without_redis_nothing_is_said(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real broker at a port where nobody listens: not 0, which would mean that nothing waits."""
    pytest.importorskip("redis")
    from django_q.brokers.redis_broker import Redis
    from redis import StrictRedis

    class Nowhere(Redis):
        @staticmethod
        def get_connection(list_key: str = "") -> Any:
            return StrictRedis(host="127.0.0.1", port=1, socket_connect_timeout=1)

    settings.Q_CLUSTER = {key: value for key, value in settings.Q_CLUSTER.items() if key != "orm"}
    monkeypatch.setattr(queue, "get_broker", lambda: Nowhere("nobody"))
    assert depth() is None
