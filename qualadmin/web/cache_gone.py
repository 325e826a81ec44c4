"""What the shared cache raises where it cannot be reached: a table of the database, or Redis."""

from typing import Final

from django.db import DatabaseError

try:
    from redis.exceptions import RedisError
except ImportError:  # one machine without Redis
    _REDIS: tuple[type[Exception], ...] = ()
else:
    _REDIS = (RedisError,)

CACHE_GONE: Final[tuple[type[Exception], ...]] = (DatabaseError, OSError, *_REDIS)
NO_REDIS: Final[tuple[type[Exception], ...]] = _REDIS
