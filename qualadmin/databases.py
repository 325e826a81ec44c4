"""How the two databases are opened: the options this service relies on."""

from typing import Any, Final

SQLITE_OPTIONS: Final = {
    # IMMEDIATE: a read-then-write transaction never fails half way with "database is locked".
    # FULL: the intent to call Amazon must survive a power cut.
    "timeout": 30,
    "transaction_mode": "IMMEDIATE",
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; "
        "PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864; PRAGMA cell_size_check=ON"
    ),
}
POSTGRES_OPTIONS: Final = {
    # A page or task that waits longer than this on a lock or a query is better told so than left hanging.
    "options": "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s "
    "-c synchronous_commit=on -c jit=off",  # to compile takes longer than our largest queries
    "prepare_threshold": 0,  # for `audit.prepared` alone: what the ORM asks is never prepared
}


def database_with_options(parsed: dict[str, Any]) -> dict[str, Any]:
    """A parsed database address with the options this service relies on (the address may add its own)."""
    sqlite = parsed["ENGINE"] == "django.db.backends.sqlite3"
    options = {**(SQLITE_OPTIONS if sqlite else POSTGRES_OPTIONS), **parsed.get("OPTIONS", {})}
    return {**parsed, "OPTIONS": options, "ATOMIC_REQUESTS": False, "CONN_MAX_AGE": 0 if sqlite else 60}


def shared_cache(redis_url: str) -> dict[str, Any]:
    """The cache that all web processes share: Redis, or a table.

    Rate limits count in it. On SQLite that table has a file of its own, so that counting never waits for the write
    lock of the main database.
    """
    if redis_url:
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
    return {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "qualadmin_cache",
        # It also remembers signatures for ten minutes: none may be pushed out by others before.
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
