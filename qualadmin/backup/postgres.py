"""PostgreSQL: copies taken with pg_dump, put back with pg_restore. No password is ever an argument."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

from qualadmin.audit.tree import Frontier

from .manifest import BackupError, Head

#: What Django gives the driver, and what libpq calls it in the environment. The rest are settings of our sessions.
NAMES: Final = {
    "dbname": "PGDATABASE",
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "connect_timeout": "PGCONNECT_TIMEOUT",
}
Parameters = Mapping[str, Any]


def environment(parameters: Parameters) -> dict[str, str]:
    """The environment in which PostgreSQL's programs reach the database that `parameters` name."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return own | {NAMES[key]: str(value) for key, value in parameters.items() if key in NAMES and value}


def connect(parameters: Parameters, **other: Any) -> "psycopg.Connection[tuple[Any, ...]]":
    """A plain connection without the service's time-outs. Raises BackupError."""
    chosen = {key: value for key, value in parameters.items() if key in NAMES} | other
    try:
        return psycopg.connect(autocommit=True, **chosen)
    except psycopg.Error as error:
        raise BackupError(f"PostgreSQL does not let us in: {str(error).strip()}") from None


def dump(parameters: Parameters, target: Path) -> Head:
    """Dump the database as it is at this moment into the new file `target`, and read the dump's contents back.

    Raises BackupError; then there is no `target`.
    """
    try:
        with connect(parameters) as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            _check_version("pg_dump", connection.info.server_version)
            # pg_dump sees what this transaction sees, so the manifest tells of the very same moment.
            snapshot = str(_one(connection, "SELECT pg_export_snapshot()")[0])
            found = head(connection)
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            arguments = ["--format=custom", "--no-password", f"--snapshot={snapshot}", f"--file={target}"]
            _run("pg_dump", arguments, environment(parameters))
        check(target)
    except (psycopg.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise BackupError(f"The copy could not be made: {str(error).strip()}") from None
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return found


def check(file: Path) -> None:
    """Raise BackupError unless pg_restore can read the list of contents and the log is in it."""
    listed = _run("pg_restore", ["--list", str(file)], dict(os.environ))
    if "TABLE DATA" not in listed or "audit_entry" not in listed:
        raise BackupError(f"{file} is no dump of a qualadmin database.")


def head(connection: "psycopg.Connection[tuple[Any, ...]]") -> Head:
    """The log's length and root, and the migrations."""
    try:
        size, frontier = _one(connection, "SELECT size, frontier FROM audit_head")
        rows = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1").fetchall()
        return Head(size, Frontier.from_bytes(size, bytes(frontier)).root().hex(), [str(row[0]) for row in rows])
    except (psycopg.Error, ValueError) as error:
        raise BackupError(f"The database holds no audit log that could be read: {str(error).strip()}") from None


def put_in_place(file: Path, parameters: Parameters, aside: str, wanted: Head) -> bool:
    """Let the dump `file` be the database that `parameters` name; the present one is renamed `aside`.

    The dump is first restored beside it and its log compared with `wanted`. Raises BackupError, with the present
    database in place. True if there was one. The user needs the right to create databases.
    """
    name, new = str(parameters["dbname"]), f"{parameters['dbname']}_restoring"[:63]
    with connect(parameters, dbname="postgres") as server:
        there = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
        try:
            _check_version("pg_restore", server.info.server_version)
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(new)))
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(new)))
            arguments = ["--exit-on-error", "--no-owner", "--no-password", f"--dbname={new}", str(file)]
            _run("pg_restore", arguments, environment({**parameters, "dbname": new}))
            with connect(parameters, dbname=new) as restored:
                if head(restored) != wanted:
                    raise BackupError("What was restored is not what the description of the backup says.")
            _change_places(server, new, name, aside if there else "")
        except psycopg.Error as error:
            raise BackupError(_why(error)) from None
        finally:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(new)))
    return there


def _change_places(server: "psycopg.Connection[tuple[Any, ...]]", new: str, name: str, aside: str) -> None:
    if aside:
        _rename(server, name, aside)
    try:
        _rename(server, new, name)
    except psycopg.Error:
        if aside:
            _rename(server, aside, name)
        raise


def _rename(server: "psycopg.Connection[tuple[Any, ...]]", old: str, new: str) -> None:
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def _why(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.ObjectInUse):
        return (
            "Somebody is connected to the database. Nothing was changed. End every process of the service, on all "
            "machines, then try again."
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return (
            "The database user may not create databases. Nothing was changed. Give it that right for the time "
            "of the restore (ALTER ROLE … CREATEDB)."
        )
    return f"The backup could not be put in place: {str(error).strip()}"


def _one(connection: "psycopg.Connection[tuple[Any, ...]]", statement: str) -> tuple[Any, ...]:
    row = connection.execute(statement.encode()).fetchone()
    if row is None:
        raise BackupError("The head of the audit log is missing.")
    return row


def _check_version(program: str, server: int) -> None:
    said = _run(program, ["--version"], dict(os.environ))
    match = re.search(r"\b(\d+)(?:\.\d+)*", said)
    own = int(match.group(1)) if match else 0
    if own < server // 10000:
        raise BackupError(
            f"{program} is of version {own}, the database server of version {server // 10000}. "
            f"Install the client programs of PostgreSQL {server // 10000} or newer."
        )


def _run(program: str, arguments: list[str], surroundings: dict[str, str]) -> str:
    path = shutil.which(program)
    if path is None:
        raise BackupError(f"{program} is not installed. It comes with the client programs of PostgreSQL.")
    done = subprocess.run(  # noqa: S603
        [path, *arguments], env=surroundings, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
