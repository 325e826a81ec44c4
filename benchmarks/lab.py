"""A lab after years of use: the data set that pages and previews are measured on.

Everything comes with the audit entries that explain it, written by qualadmin.audit, so the guards hold. The clock
of the log is moved through the months before now: filters by day find days.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Final
from unittest.mock import patch

from django.contrib.auth.hashers import make_password

from benchmarks.bulk import put
from qualadmin.audit import record as audit
from qualadmin.audit.record import Transaction
from qualadmin.audit.types import Context, Target
from qualadmin.core.models import (
    QualificationType,
    RequesterAccount,
    RoleAssignment,
    Study,
    StudyInvestigator,
    User,
)

SALT: Final = bytes(32)  # of workers nobody will ever ask about
WORKER_COLUMNS: Final = ("id", "worker_id", "salt", "created_at", "audit_id")
HELD_COLUMNS: Final = ("type_id", "worker_id", "status", "value", "grant_time", "checked_at", "audit_id")
SHARES: Final = (50, 20, 10, 8, 5, 4, 2, 1)  # per cent of the qualifications, type by type
CONTEXT: Final = Context.system("benchmark")


@dataclass
class Lab:
    """Who and what a benchmark needs to find again."""

    account: RequesterAccount
    people: dict[str, User]
    studies: list[Study]
    types: list[QualificationType]
    workers: list[uuid.UUID] = field(default_factory=list)
    busy: uuid.UUID | None = None
    jobs: list[uuid.UUID] = field(default_factory=list)
    running: uuid.UUID | None = None

    @property
    def stream(self) -> str:
        return self.account.stream


class Clock:
    """The time that the log believes it is."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def time_ns(self) -> int:
        return int(self.now.timestamp() * 1_000_000) * 1000

    @contextmanager
    def set(self) -> Iterator["Clock"]:
        with patch("qualadmin.audit.flush.time", SimpleNamespace(time_ns=self.time_ns)):
            yield self


def worker_name(number: int) -> str:
    """A made-up worker id."""
    return f"A{number * 7919 % 10**9:09d}LAB{number:06d}"


def open_lab(types: int = len(SHARES), people: int = 1, studies: int = 1) -> Lab:
    """An account in the emulator with a granter, a PI and a manager, types and studies. No workers yet."""
    with audit.transaction(CONTEXT) as tx:
        account = RequesterAccount(slug="bench-lab", name="Bench lab", environment="emulator", is_enabled=True)
        account.audit_id = _entry(tx, "account.created")
        account.save()
        persons = {name: _person(tx, name, name) for name in ("granter", "pi", "manager")}
        for number in range(people):
            _person(tx, f"person{number}", "viewer")
        named = [_study(tx, number) for number in range(studies)]
        for study in named[:3]:
            entry = tx.record("study.investigator.added", target=Target("study", str(study.pk)))
            StudyInvestigator(study=study, user=persons["pi"], audit_id=entry).save()
        made = [_type(tx, account, number) for number in range(types)]
    return Lab(account, persons, named, made)


def _entry(tx: Transaction, action: str) -> uuid.UUID:
    return tx.record(action, target=Target(action.partition(".")[0], "bench"))


def _person(tx: Transaction, name: str, role: str) -> User:
    user = User(username=name, full_name=f"{name.capitalize()} Bench", audit_id=_entry(tx, "user.invited"))
    user.password = make_password(None)
    user.save()
    RoleAssignment(
        user=user, role=role, can_production=role == "granter", audit_id=_entry(tx, "role.granted")
    ).save()
    return user


def _study(tx: Transaction, number: int) -> Study:
    study = Study(slug=f"study-{number}", title=f"Study {number:03d}", audit_id=_entry(tx, "study.created"))
    study.save()
    return study


def _type(tx: Transaction, account: RequesterAccount, number: int) -> QualificationType:
    one = QualificationType(account=account, mturk_id=f"3BENCH{number:010d}", name=f"Wave {number:03d}")
    one.state = QualificationType.State.LIVE
    one.description = "Took part in an earlier wave."
    one.audit_id = tx.record("qtype.imported", target=Target("qtype", str(one.pk)), stream=account.stream)
    one.save()
    return one


def add_workers(lab: Lab, count: int, at: datetime | None = None) -> None:
    """Workers met by one sync."""
    moment = at or datetime.now(UTC)
    new = [uuid.uuid4() for _ in range(count)]
    with audit.transaction(CONTEXT) as tx:
        entry = tx.record("qtype.synced", target=Target("qtype", str(lab.types[0].pk)), stream=lab.stream)
        first = len(lab.workers)
        put(
            "core_worker",
            WORKER_COLUMNS,
            [(pk, worker_name(first + n), SALT, moment, entry) for n, pk in enumerate(new)],
        )
    lab.workers += new
    lab.busy = lab.workers[0]


def add_holders(lab: Lab, chosen: QualificationType, first: int, count: int, value: int = 100) -> None:
    """Workers who hold the type, as one sync saw them."""
    now = datetime.now(UTC)
    granted = now - timedelta(days=200)
    with audit.transaction(CONTEXT) as tx:
        entry = tx.record("qtype.synced", target=Target("qtype", str(chosen.pk)), stream=lab.stream)
        put(
            "core_qualification",
            HELD_COLUMNS,
            [(chosen.pk, pk, "Granted", value, granted, now, entry) for pk in lab.workers[first : first + count]],
        )
