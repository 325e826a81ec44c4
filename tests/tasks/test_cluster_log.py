"""What a real cluster writes to its log while things go wrong: JSON, and neither worker IDs nor secrets."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django_q.brokers import get_broker
from django_q.tasks import async_task

from qualadmin.core.models import Change, QualificationType, User
from qualadmin.emulator.testing import Emulator
from tests.audit.conftest import OwnDatabase
from tests.tasks.clusters import WATCHED, Cluster, wait_for
from tests.tasks.lists import make_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SECRETS = {
    "email_url": ("smtp://mailer:Mail-Secret-5511@127.0.0.1:9", "Mail-Secret-5511"),
    "metrics_token": ("Token-Secret-7733-and-long-enough-for-it", "Token-Secret-7733"),
    "secret_key": ("Key-Secret-9955-that-nobody-but-the-test-knows-of-at-all", "Key-Secret-9955"),
}
ASSOCIATE = "AssociateQualificationWithWorker"
#: Not of the length that the log would take for a worker ID by itself: nothing may write them there at all.
LENGTHS = (6, 10, 13, 30, 64)


def ids_of(length: int) -> list[str]:
    return [f"A{number}{length:02d}{'Z' * length}"[:length] for number in range(1, 7)]


@pytest.fixture
def cluster(emulator: Emulator, own_database: OwnDatabase, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(own_database, emulator, tmp_path, **{name: value for name, (value, _) in SECRETS.items()})
    yield made
    made.kill()


def test_every_line_is_json_and_holds_no_worker_id_and_no_secret(
    emulator: Emulator, cluster: Cluster, live_type: QualificationType, granter: User
) -> None:
    """Refusals that name the worker, broken connections, nonsense, a task that fails, a restart by SIGTERM."""
    ids = [one for number in zip(*map(ids_of, LENGTHS), strict=True) for one in number]  # the refused ones first
    for length in LENGTHS:
        refused, broken, garbled, failing, *_ = ids_of(length)
        turk_code = "AWS.MechanicalTurk.InvalidWorkerState"
        message = f"Worker {refused} cannot have it."
        emulator.fault(
            "error",
            code="RequestError",
            turk_error_code=turk_code,
            message=message,
            worker_id=refused,
            operation=ASSOCIATE,
        )
        for kind, worker_id in (("reset", broken), ("html", garbled), ("error", failing)):
            fields = {"code": "ServiceFault"} if kind == "error" else {}
            emulator.fault(kind, worker_id=worker_id, operation=ASSOCIATE, times=1, **fields)
    job = make_job(granter, live_type, ids)
    get_broker().enqueue(f"not signed, {ids[0]}")
    for poison in ids_of(13)[:2]:  # fails, and its traceback names the argument
        async_task("qualadmin.tasks.drain.drain", poison, save=False)
    cluster.start(WATCHED)
    wait_for(lambda: "heart beats" in cluster.log, cluster)
    # So much goes wrong that the breaker may open: then the rest would wait for a minute.
    wait_for(
        lambda: (
            job.changes.filter(state=Change.State.FAILED).count() == len(LENGTHS)
            and len(emulator.calls(operation=ASSOCIATE)) >= 3 * len(LENGTHS)
        ),
        cluster,
    )
    assert cluster.stop() == 0

    text = cluster.log
    assert [one for one in ids if one.lower() in text.lower()] == []
    assert [word for _, word in SECRETS.values() if word in text] == []
    lines = text.splitlines()
    assert len(lines) >= 5, text
    assert [line for line in lines if not is_json(line)] == []
    assert "Traceback" in text or "error" in text.lower(), "nothing went wrong, so this tells nothing"


def is_json(line: str) -> bool:
    try:
        return {"at", "level", "logger", "pid", "text"} <= json.loads(line).keys()
    except (ValueError, AttributeError):
        return False
