"""Seconds of CPU by who used them: the web processes, PostgreSQL, and the program that asks.

Wall time says little on a machine that others use too; what a request costs in CPU says how many of them its cores
can carry.
"""

import time
from collections.abc import Callable

import psutil
from django.db import connection


def of_family(pid: int) -> float:
    """What a process and its children used so far; of children that ended nothing."""
    parent = psutil.Process(pid)
    return sum(_used(one) for one in (parent, *parent.children(recursive=True)))


def of_server() -> float | None:
    """What the processes of PostgreSQL that serve this database used so far; the one that serves us is left out.

    None on SQLite, and where the server runs elsewhere. What its writers do for all databases is not in it.
    """
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        pids = [pid for (pid,) in cursor.fetchall()]
    try:
        return sum(_used(psutil.Process(pid)) for pid in pids)
    except psutil.NoSuchProcess:
        return None


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class Meter:
    """What a stretch of time cost each of the three, in ms for each of the things that were done in it."""

    def __init__(self, web: int) -> None:
        self._asks: dict[str, Callable[[], float | None]] = {
            "web": lambda: of_family(web),
            "PostgreSQL": of_server,
            "generator": time.process_time,
        }
        self._before = self._read()

    def _read(self) -> dict[str, float | None]:
        return {name: ask() for name, ask in self._asks.items()}

    def each(self, done: int) -> str:
        """Such as "web 8.1, PostgreSQL 3.0, generator 0.6 ms of CPU: 11.7 in all"."""
        used = {
            name: (after - before) * 1000 / done
            for name, after in self._read().items()
            if after is not None and (before := self._before[name]) is not None
        }
        parts = ", ".join(f"{name} {spent:.1f}" for name, spent in used.items())
        return f"{parts} ms of CPU each: {sum(used.values()):.1f} in all"
