"""What one process of a test run clears, another one keeps."""

import pytest
from django.conf import settings

from tests.redis_cache import OwnKeysRedisCache

pytestmark = pytest.mark.redis


def test_clearing_takes_the_own_keys_only() -> None:
    mine, theirs = (
        OwnKeysRedisCache(settings.REDIS_URL, {"KEY_PREFIX": f"{settings.CACHES['default']['KEY_PREFIX']}-{one}"})
        for one in ("mine", "theirs")
    )
    for cache in (mine, theirs):
        cache.set("key", 1)
    assert mine.clear() is True
    assert (mine.get("key"), theirs.get("key")) == (None, 1)
    assert theirs.clear() is True
    assert theirs.clear() is True, "nothing was left"
