"""A cache in a Redis that others use at the same time: the processes of a test run, and their queues."""

from typing import Any

from django.core.cache.backends.redis import RedisCache


class OwnKeysRedisCache(RedisCache):
    """Clearing takes only the keys of this process. Django's clearing empties the whole Redis database."""

    def clear(self) -> bool:
        client: Any = self._cache.get_client(None, write=True)
        keys = list(client.scan_iter(match=self.make_key("*"), count=1_000))
        return not keys or bool(client.delete(*keys))
