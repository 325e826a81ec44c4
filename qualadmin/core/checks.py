"""System checks: combinations of settings that would lose work, rights or evidence. Each has an id and a hint."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS, DatabaseError

from qualadmin.backup import erasures
from qualadmin.backup.manifest import BackupError
from qualadmin.databases import SQLITE_OPTIONS

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})
NETWORK_FILE_SYSTEMS: Final = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "glusterfs")
MOUNTS: Final = Path("/proc/mounts")
Apps = Sequence[AppConfig] | None


@register()
def shared_cache(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """E003: rate limits count in the cache; one cache per process would multiply them."""
    backend = settings.CACHES["default"]["BACKEND"]
    if settings.MODE == "test" or not backend.endswith(("LocMemCache", "DummyCache")):
        return []
    return [
        Error(
            "Every process has a cache of its own, so sign-in limits do not hold.",
            hint="Use the database cache or set QUALADMIN_REDIS_URL.",
            id="qualadmin.E003",
        )
    ]


@register()
def task_cluster(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """E004: fetched messages wait in memory while the retry clock runs; too short, and they run twice."""
    conf = settings.Q_CLUSTER
    workers, timeout = conf["workers"], conf["timeout"]
    needed = timeout * (math.ceil((conf["queue_limit"] + 1) / workers) + 1)
    problems = []
    if conf["retry"] <= needed:
        problems.append(f"retry is {conf['retry']} s; it must be more than {needed} s")
    if conf.get("max_attempts") != 1 or not conf.get("ack_failures"):
        problems.append("django-q2 would repeat failed tasks by itself")
    if conf.get("bulk", 1) != 1:
        problems.append("bulk must be 1")
    return [Error(f"The task cluster is set wrongly: {text}.", id="qualadmin.E004") for text in problems]


@register()
def sqlite_options(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """E005: without these options SQLite refuses work at random or forgets what it committed."""
    found: list[CheckMessage] = []
    for alias, database in settings.DATABASES.items():
        if database["ENGINE"] != "django.db.backends.sqlite3":
            continue
        options = database.get("OPTIONS", {})
        given = (options.get("transaction_mode"), options.get("init_command"))
        wanted = (SQLITE_OPTIONS["transaction_mode"], SQLITE_OPTIONS["init_command"])
        if given != wanted or options.get("timeout", 0) < 20:
            found.append(
                Error(
                    f"The SQLite database {alias!r} lacks options this service relies on.",
                    hint="Take OPTIONS from SQLITE_OPTIONS in qualadmin/databases.py.",
                    id="qualadmin.E005",
                )
            )
        if (system := network_file_system(Path(database["NAME"]))) is not None:
            found.append(
                Error(
                    f"The SQLite database {alias!r} lies on a network file system ({system}).",
                    hint="Put it on a local disk, or use PostgreSQL.",
                    id="qualadmin.E005",
                )
            )
    return found


def network_file_system(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of the network file system that holds `path`, or None. Linux only; elsewhere always None."""
    if not mounts.exists() or str(path) == ":memory:":
        return None
    rows = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    above = {str(folder) for folder in (path.absolute(), *path.absolute().parents)}
    holders = [(row[1], row[2]) for row in rows if len(row) > 2 and row[1] in above]
    _, kind = max(holders, key=lambda one: len(one[0]), default=("", ""))
    return kind if kind in NETWORK_FILE_SYSTEMS else None


@register()
def no_keys_in_environment(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """E006: a static key in the environment reaches every process and every crash report."""
    names = [name for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") if os.environ.get(name)]
    if not settings.LIVE or not names:
        return []
    return [
        Error(
            f"Static AWS keys are in the environment ({', '.join(names)}).",
            hint="Use a named profile (AWS_PROFILE), a role of the machine, or a role the account names.",
            id="qualadmin.E006",
        )
    ]


@register()
def no_admin(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """E007: Django's admin changes rows past the rights and past the audit log."""
    if not apps.is_installed("django.contrib.admin"):
        return []
    return [
        Error(
            "django.contrib.admin is installed.",
            hint="Remove it: its pages know neither the roles nor the audit log.",
            id="qualadmin.E007",
        )
    ]


@register()
def no_atomic_requests(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """E009: on SQLite every page view would take the only write lock."""
    return [
        Error(f"ATOMIC_REQUESTS is on for the database {alias!r}.", hint="Turn it off.", id="qualadmin.E009")
        for alias, database in settings.DATABASES.items()
        if database.get("ATOMIC_REQUESTS")
    ]


@register(Tags.security)
def https_unless_alone(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """E010, E011: http only for a site nobody else can reach, and no wildcard host."""
    found: list[CheckMessage] = []
    strangers = sorted(set(settings.ALLOWED_HOSTS) - LOOPBACK)
    if settings.LIVE and not settings.HTTPS and strangers:
        found.append(
            Error(
                f"QUALADMIN_HTTPS is off, but people come by {', '.join(strangers)}.",
                hint="Passwords would travel in the clear. Set up https, or allow only 127.0.0.1.",
                id="qualadmin.E010",
            )
        )
    if settings.LIVE and any(host == "*" or host.startswith(".") for host in settings.ALLOWED_HOSTS):
        found.append(
            Error(
                "QUALADMIN_ALLOWED_HOSTS has a wildcard.",
                hint="Name each host: links and cookies are made for them.",
                id="qualadmin.E011",
            )
        )
    return found


@register()
def no_killpoint(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """E012: a process that kills itself belongs into a test run."""
    if not settings.KILLPOINT or settings.MODE == "test":
        return []
    return [Error("QUALADMIN_KILLPOINT is set.", hint="Unset it: it is for tests only.", id="qualadmin.E012")]


@register()
def no_half_restore(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """E013: a restore that was cut off may have left a database that is not marked as read-only."""
    if not Path(settings.RESTORE_MARK).exists():
        return []
    return [
        Error(
            "A restore was begun and has not ended.",
            hint=f"Run manage.py restore again, to its end; {settings.RESTORE_MARK} goes away with that.",
            id="qualadmin.E013",
        )
    ]


@register(Tags.database)
def erasures_replayed(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """E014: a database that was put back by other means than `restore` holds workers who had been erased."""
    from qualadmin.core.actions.erasures import brought_back

    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        erased = erasures.listed(settings.ERASURES_FILE)
        count = brought_back(erased) if erased else 0
    except BackupError as error:
        return [Error(str(error), hint="Restores go by it. Put it right first.", id="qualadmin.E014")]
    except DatabaseError:
        return []  # not migrated yet; what else is wrong with it, others say
    if not count:
        return []
    return [
        Error(
            f"{count} workers who were erased are in the database again: it is older than their erasure.",
            hint="Erase them again: python3 manage.py replay_erasures",
            id="qualadmin.E014",
        )
    ]


@register()
def no_unknown_settings(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """W001: a misspelt setting is otherwise silently not in force."""
    return [
        Warning(
            f"{name} is set, but there is no such setting.",
            hint="`manage.py config` lists them all.",
            id="qualadmin.W001",
        )
        for name in settings.UNKNOWN_SETTINGS
    ]
