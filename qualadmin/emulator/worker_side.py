"""What workers do in a world: register, ask for a qualification, work for a requester."""

from __future__ import annotations

import dataclasses

from qualadmin.emulator.records import QualificationType, Request
from qualadmin.emulator.settings import UNKNOWN_WORKER_PREFIX
from qualadmin.emulator.world import World, new_id
from qualadmin.questions.answer_key import Rounding, read_answer_key
from qualadmin.questions.answers import Sheet, chosen, read_answers
from qualadmin.questions.reading import BadDocument
from qualadmin.wire.validation import fits


class WorkerRefused(Exception):
    """What Amazon's page would tell the worker."""


def register(world: World, worker_ids: list[str]) -> int:
    """Make worker ids known in this world. Returns how many are new."""
    check_ids(worker_ids)
    fresh = [worker_id for worker_id in dict.fromkeys(worker_ids) if worker_id not in world.workers]
    if fresh:
        world.record(["workers", fresh])
    return len(fresh)


def have_worked(world: World, account: str, worker_ids: list[str]) -> None:
    """Note that these workers have approved or rejected work for an account."""
    check_ids(worker_ids)
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
    """A worker asks for a qualification and, where it has a test, hands the answers in at once.

    `answer` is a QuestionFormAnswers document; `score` stands for answers that reach it. Auto-granted and
    auto-scored types grant at once and leave nothing for the requester. Raises WorkerRefused.
    """
    request = _new_request(world, type_id, worker_id, request_id, submitted_at)
    return _settle(world, request, answer, score)


def begin_test(world: World, type_id: str, worker_id: str) -> Request:
    """A worker opens the test of a type; opened again while there is time, it is the same. Raises WorkerRefused.

    The worker is to see `test` of what is returned, and to hand in before its `deadline`.
    """
    running = _running_test(world, type_id, worker_id)
    if running is not None:
        return running
    request = _new_request(world, type_id, worker_id)
    duration = world.types[type_id].test_duration
    if request.test is None or duration is None:
        raise WorkerRefused("This qualification type has no test.")
    request = dataclasses.replace(request, state="testing", deadline=request.submitted_at + duration)
    world.put_request(request)
    return request


def hand_in(world: World, request_id: str, worker_id: str, answer: str) -> Request:
    """The worker hands in a test begun before, in time. The answers need not keep to the form, for Amazon promises
    that neither; `questions.answers.complaints` tells what a page would. Raises WorkerRefused."""
    request = world.requests.get(request_id)
    if request is None or request.worker_id != worker_id or request.state != "testing":
        raise WorkerRefused("There is no test that waits for these answers.")
    if request.deadline is not None and world.now() > request.deadline:
        raise WorkerRefused("The time for this test is over.")
    return _settle(world, dataclasses.replace(request, submitted_at=world.now()), answer, None)


def _new_request(
    world: World,
    type_id: str,
    worker_id: str,
    request_id: str | None = None,
    submitted_at: float | None = None,
) -> Request:
    row = world.types.get(type_id)
    if row is None or row.deleted_at is not None or row.is_system:
        raise WorkerRefused("There is no qualification type with this id that workers can ask for.")
    if row.status != "Active":
        raise WorkerRefused("This qualification type is inactive.")
    check_ids([worker_id])
    if not world.knows_worker(worker_id):
        raise WorkerRefused("This worker does not exist in this environment.")
    _check_retry(world, row, worker_id)
    return Request(
        request_id=request_id or new_id("", 40),
        type_id=type_id,
        worker_id=worker_id,
        submitted_at=world.now() if submitted_at is None else submitted_at,
        serial=len(world.requests) + 1,
        test=row.test,
        answer_key=row.answer_key,
    )


def _settle(world: World, request: Request, answer: str | None, score: int | None) -> Request:
    """What becomes of a request with its answers: a grant, or a wait for the requester."""
    row = world.types[request.type_id]
    sheet = _read(answer) if request.test is not None else None
    value = row.auto_granted_value if row.auto_granted else _score(world, request, sheet, score)
    if value is None:
        request = dataclasses.replace(request, state="pending", answer=answer if sheet is not None else None)
    else:
        world.put_grant(request.type_id, request.worker_id, value)
        if world.settings.mail_on_accept:
            world.put_mail(
                "granted", row.owner, row.type_id, request.worker_id, f"You have been granted {row.name}."
            )
        request = dataclasses.replace(request, state="automatic", answer=answer)
    world.put_request(request)
    return request


def _read(answer: str | None) -> Sheet | None:
    try:
        return read_answers(answer) if answer else None
    except BadDocument as error:
        raise WorkerRefused(f"The answers are not a QuestionFormAnswers document. {error}") from None


def _score(world: World, request: Request, sheet: Sheet | None, score: int | None) -> int | None:
    """The value an answer key gives; None without a key, when the requester decides."""
    if request.answer_key is None:
        return None
    if score is not None:
        return score
    if sheet is None:
        raise WorkerRefused(
            "This type is scored by its answer key: hand in answers, or say which score they reach."
        )
    rounding: Rounding = "down" if world.settings.scale_rounding == "down" else "nearest"
    return read_answer_key(request.answer_key).value(chosen(sheet), scale_rounding=rounding)


def _running_test(world: World, type_id: str, worker_id: str) -> Request | None:
    for request in world.request_book.of_worker(worker_id, type_id):
        if request.state == "testing" and request.deadline is not None and world.now() <= request.deadline:
            return request
    return None


def _check_retry(world: World, row: QualificationType, worker_id: str) -> None:
    """One request at a time, and the next one only after the delay; a test that ran out of time counts too."""
    earlier = world.request_book.of_worker(worker_id, row.type_id)
    if any(request.state == "pending" for request in earlier):
        raise WorkerRefused("This worker already has a request that waits for an answer.")
    if _running_test(world, row.type_id, worker_id) is not None:
        raise WorkerRefused("This worker is taking the test of this type.")
    if earlier and row.retry_delay is None:
        raise WorkerRefused("This qualification type can be asked for only once.")
    latest = max((request.submitted_at for request in earlier), default=None)
    if latest is not None and world.now() < latest + (row.retry_delay or 0):
        raise WorkerRefused("The time before the next try has not passed yet.")


def check_ids(worker_ids: list[str]) -> None:
    for worker_id in worker_ids:
        if not fits("CustomerId", worker_id):
            raise WorkerRefused(f"{worker_id!r} is not a worker ID.")
        if worker_id.startswith(UNKNOWN_WORKER_PREFIX):
            raise WorkerRefused(f"Worker IDs that begin with {UNKNOWN_WORKER_PREFIX} are never known here.")
