"""What workers do in a world: register, ask for a qualification, work for a requester."""

from __future__ import annotations

from qualadmin.emulator.operations.shapes import WORKER_ID
from qualadmin.emulator.records import QualificationType, Request
from qualadmin.emulator.settings import UNKNOWN_WORKER_PREFIX
from qualadmin.emulator.world import World, new_id


class WorkerRefused(Exception):
    """What Amazon's page would tell the worker."""


def register(world: World, worker_ids: list[str]) -> int:
    """Make worker ids known in this world. Returns how many are new."""
    _check_ids(worker_ids)
    fresh = [worker_id for worker_id in dict.fromkeys(worker_ids) if worker_id not in world.workers]
    if fresh:
        world.record(["workers", fresh])
    return len(fresh)


def have_worked(world: World, account: str, worker_ids: list[str]) -> None:
    """Note that these workers have approved or rejected work for an account."""
    _check_ids(worker_ids)
    world.record(["work", account, worker_ids])


def ask(
    world: World,
    type_id: str,
    worker_id: str,
    *,
    answer: str | None = None,
    score: int | None = None,
    request_id: str | None = None,
    submitted_at: float | None = None,
) -> Request:
    """A worker asks for a qualification.

    `score` is what a test with an answer key gave; scoring is not done here.

    Auto-granted and auto-scored types grant at once and leave nothing for the requester. Raises
    WorkerRefused.
    """
    row = world.types.get(type_id)
    if row is None or row.deleted_at is not None or row.is_system:
        raise WorkerRefused("There is no qualification type with this id that workers can ask for.")
    if row.status != "Active":
        raise WorkerRefused("This qualification type is inactive.")
    _check_ids([worker_id])
    if not world.knows_worker(worker_id):
        raise WorkerRefused("This worker does not exist in this environment.")
    _check_retry(world, row, worker_id)
    at = world.now() if submitted_at is None else submitted_at
    serial = len(world.requests) + 1
    request_id = request_id or new_id("", 40)
    if row.auto_granted or row.answer_key is not None:
        value = row.auto_granted_value if row.auto_granted else score
        if value is None:
            raise WorkerRefused("This type is scored by its answer key: say which score the worker reached.")
        world.put_grant(type_id, worker_id, value)
        request = Request(request_id, type_id, worker_id, at, serial, "automatic")
    else:
        request = Request(request_id, type_id, worker_id, at, serial, "pending", row.test, answer)
    world.put_request(request)
    return request


def _check_retry(world: World, row: QualificationType, worker_id: str) -> None:
    earlier = [r for r in world.requests.values() if (r.type_id, r.worker_id) == (row.type_id, worker_id)]
    if any(request.state == "pending" for request in earlier):
        raise WorkerRefused("This worker already has a request that waits for an answer.")
    if earlier and row.retry_delay is None:
        raise WorkerRefused("This qualification type can be asked for only once.")
    latest = max((request.submitted_at for request in earlier), default=None)
    if latest is not None and world.now() < latest + (row.retry_delay or 0):
        raise WorkerRefused("The time before the next try has not passed yet.")


def _check_ids(worker_ids: list[str]) -> None:
    pattern = WORKER_ID.pattern
    for worker_id in worker_ids:
        if pattern is None or not pattern.fullmatch(worker_id) or len(worker_id) > 64:
            raise WorkerRefused(f"{worker_id!r} is not a worker id.")
        if worker_id.startswith(UNKNOWN_WORKER_PREFIX):
            raise WorkerRefused(f"Worker ids that begin with {UNKNOWN_WORKER_PREFIX} are never known here.")
