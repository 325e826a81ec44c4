"""The drill: an older backup is put back while Amazon has gone on, and nothing is built on it unseen.

On PostgreSQL the same, with pg_dump and pg_restore.
"""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.utils import timezone

from qualadmin.audit.findings import Report
from qualadmin.audit.models import AuditEntry, AuditHead
from qualadmin.audit.types import Context
from qualadmin.audit.verify import verify
from qualadmin.backup.manifest import Manifest
from qualadmin.core.actions import restorations
from qualadmin.core.actions.control import resume_job
from qualadmin.core.actions.people import deactivate_user
from qualadmin.core.errors import Conflict, NotAllowed
from qualadmin.core.models import Change, Heartbeat, Job, Qualification, QualificationType, Restoration, Verb
from qualadmin.emulator.testing import Emulator
from qualadmin.mturk.gateway import QualificationGateway
from qualadmin.mturk.types import QualificationStatus
from qualadmin.tasks.drain import drain
from qualadmin.tasks.holders import sync_type
from qualadmin.tasks.sweep import sweep
from tests.audit.conftest import OwnDatabase, own_database  # noqa: F401  (a fixture)
from tests.backup.databases import databases, exchangeable_database  # noqa: F401  (a fixture)
from tests.people import Cast
from tests.tasks.invariants import CHANGING
from tests.tasks.lists import make_job, worker_ids
from tests.tasks.processes import Processes

pytestmark = [pytest.mark.django_db(transaction=True)]
Held = dict[str, tuple[str, int | None]]


def command(*arguments: object, **options: object) -> str:
    said = io.StringIO()
    call_command(*arguments, stdout=said, stderr=said, **options)
    return said.getvalue()


def take(folder: Path) -> Path:
    return Path(command("backup", to=folder).partition(": ")[0])


def age_beats() -> None:
    """As if a minute had passed since the cluster was ended."""
    Heartbeat.objects.update(beat_at=timezone.now() - timedelta(minutes=2))


def held_here(type: QualificationType) -> Held:
    rows = Qualification.objects.filter(type=type).values_list("worker__worker_id", "status", "value")
    return {worker: (status, value if status == "Granted" else None) for worker, status, value in rows}


def held_at_amazon(gateway: QualificationGateway, type: QualificationType) -> Held:
    found: Held = {}
    for status in QualificationStatus:
        for one in gateway.holders(type.mturk_id or "", status):
            found[one.worker_id] = (status.value, one.value if status == QualificationStatus.GRANTED else None)
    return found


def sends(emulator: Emulator) -> int:
    return sum(call["operation"] in CHANGING for call in emulator.calls())


@pytest.fixture
def drill_processes(
    exchangeable_database: OwnDatabase,  # noqa: F811
    emulator: Emulator,
    tmp_path: Path,
) -> "Callable[[], Processes]":
    def make() -> Processes:
        return Processes(
            exchangeable_database.url, tmp_path, emulator_url=emulator.url, settle_seconds=1, drain_threads=8
        )

    return make


def test_k13_an_older_backup_opens_read_only_shows_what_differs_and_two_persons_open_it(
    drill_processes: "Callable[[], Processes]",
    emulator: Emulator,
    gateway: QualificationGateway,
    live_type: QualificationType,
    cast: Cast,
    tmp_path: Path,
) -> None:
    account, granter = str(live_type.account_id), cast.granter
    early, late = worker_ids(120, "AEARLY"), worker_ids(12, "ALATER")
    # load, and a backup in the middle of it
    emulator.configure(latency_ms=30)
    job = make_job(granter, live_type, early)
    with drill_processes() as processes:
        child = processes.start("recover", account)[0]
        while Change.objects.filter(job=job, state=Change.State.DONE).count() < 10:
            continue
        emulator.configure(latency_ms=1500)  # the job must outlast pg_dump, however slow the machine
        copy = take(tmp_path / "kept")
        emulator.configure(latency_ms=0)
        assert processes.wait(child).code == 0, processes.log
        # what the backup does not know
        make_job(granter, live_type, late)
        make_job(granter, live_type, early[:3], verb=Verb.REVOKE)
        make_job(granter, live_type, early[3:5], score=55)
        processes.run("recover", account)
    emulator.configure(latency_ms=0)
    truth = held_at_amazon(gateway, live_type)
    assert len(truth) == 132
    size_before, sent = AuditHead.objects.get().size, sends(emulator)

    with pytest.raises(CommandError, match="was alive less than a minute ago"):
        command("restore", str(copy), yes=True, reason="Drill")
    age_beats()
    with pytest.raises(CommandError, match="Say --yes"):
        command("restore", str(copy), reason="Drill")
    assert AuditHead.objects.get().size == size_before
    said = command("restore", str(copy), yes=True, reason="Drill")

    # read-only: the past, with the mark
    manifest = Manifest.read(copy)
    row = Restoration.objects.standing().get()
    assert (row.entries, row.root, row.sha256) == (manifest.entries, manifest.root, manifest.sha256)
    assert "is kept as" in said
    assert_kept_aside(said, tmp_path)
    assert Job.objects.get(pk=job.pk).state == Job.State.PAUSED
    assert Job.objects.count() == 1
    assert not Session.objects.exists()
    here = held_here(live_type)
    assert 0 < len(here) < 132
    busy = set(Change.objects.filter(state__in=Change.IN_FLIGHT).values_list("worker__worker_id", flat=True))
    assert restorations.undecided(row) == len(busy)
    with pytest.raises(restorations.ReadOnly):
        make_job(granter, live_type, ["ANOTHERWORKER1"])
    with pytest.raises(restorations.ReadOnly):
        resume_job(actor=granter.as_actor(), job_id=job.pk)
    drain(account)
    sweep()
    assert (sends(emulator), Job.objects.count()) == (sent, 1)
    with pytest.raises(Conflict, match="1 types were not compared"):
        restorations.agree_to_open(actor=cast.manager.as_actor())

    # compare
    restorations.request_comparison(actor=cast.pi.as_actor())
    sync_type(str(live_type.pk))
    assert list(restorations.uncompared_types(row)) == []
    wanted = {worker: held for worker, held in truth.items() if here.get(worker) != held and worker not in busy}
    assert set(late) < set(wanted)
    assert wanted[early[0]] == ("Revoked", None)
    assert wanted[early[3]] == ("Granted", 55)
    found = {
        one.worker.worker_id: ("Granted" if one.verb == Verb.GRANT else "Revoked", one.value)
        for one in restorations.drift(row).select_related("worker")
    }
    assert found == wanted

    # two persons
    deactivate_user(
        actor=cast.manager.as_actor(), user=cast.outsider
    )  # who left after the backup is let out again
    with pytest.raises(NotAllowed):
        restorations.agree_to_open(actor=granter.as_actor())
    restorations.agree_to_open(actor=cast.manager.as_actor())
    with pytest.raises(NotAllowed, match="two different persons"):
        restorations.agree_to_open(actor=cast.manager.as_actor())
    assert restorations.is_read_only()
    ended = restorations.agree_to_open(actor=cast.pi.as_actor())
    assert (ended.manager, ended.pi) == (cast.manager, cast.pi)
    assert not restorations.is_read_only()
    assert restorations.drift(ended).count() == len(wanted)
    with pytest.raises(Conflict, match="The service is open"):
        restorations.agree_to_open(actor=cast.pi.as_actor())

    # and on it goes
    resume_job(actor=granter.as_actor(), job_id=job.pk)
    with drill_processes() as processes:
        processes.run("recover", account)
    connections.close_all()
    assert held_here(live_type) == held_at_amazon(gateway, live_type)
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "system.backup.restored", "system.drift.requested", "system.opening.agreed", "system.opened",
    }  # fmt: skip
    assert verify(Context.system("tests"), Report()).findings == []


def assert_kept_aside(said: str, folder: Path) -> None:
    name = said.partition("is kept as ")[2].partition(".\n")[0]
    if connection.vendor == "sqlite":
        assert Path(name).is_file()
        assert Path(name).parent == folder
    else:
        assert name in databases()
