"""The workers' side: who exists, who has worked for whom, what they ask for and what they hold.

A worker id never comes in an address: a look-up for one worker is a POST too.
"""

from __future__ import annotations

from qualadmin.emulator import worker_side, worker_view
from qualadmin.emulator.control.content import Content, ControlError, answers, optional_text, text, texts
from qualadmin.emulator.control.route import Route
from qualadmin.emulator.engine import Engine
from qualadmin.questions.answers import Answer, write_answers


def register(engine: Engine, content: Content) -> Content:
    return {"registered": worker_side.register(engine.world, texts(content, "worker_ids"))}


def note_work(engine: Engine, content: Content) -> Content:
    worker_ids = texts(content, "worker_ids")
    worker_side.have_worked(engine.world, text(content, "account"), worker_ids)
    return {"noted": len(worker_ids)}


def ask(engine: Engine, content: Content) -> Content:
    """A worker asks for a qualification, with the answer or the score of its test."""
    score = content.get("score")
    if isinstance(score, bool) or not isinstance(score, int | None):
        raise ControlError(400, "score must be a whole number.")
    type_id, worker_id = text(content, "qualification_type_id"), text(content, "worker_id")
    row = worker_side.ask(engine.world, type_id, worker_id, answer=optional_text(content, "answer"), score=score)
    return {"qualification_request_id": row.request_id, "state": row.state}


def begin_test(engine: Engine, content: Content) -> Content:
    """A worker opens a test; while there is time, opening it again is the same test."""
    type_id, worker_id = text(content, "qualification_type_id"), text(content, "worker_id")
    row = worker_side.begin_test(engine.world, type_id, worker_id)
    return {"qualification_request_id": row.request_id, "test": row.test, "deadline": row.deadline}


def hand_in(engine: Engine, content: Content) -> Content:
    """A worker hands in a test begun before. In `answers` a text is free text, a list are selections."""
    request_id, worker_id = text(content, "qualification_request_id"), text(content, "worker_id")
    row = worker_side.hand_in(engine.world, request_id, worker_id, _document(content))
    grant = engine.world.grant(row.type_id, worker_id) if row.state == "automatic" else None
    return {
        "qualification_request_id": row.request_id,
        "state": row.state,
        "value": grant.value if grant else None,
    }


def _document(content: Content) -> str:
    given = answers(content)
    if isinstance(given, str):
        return given
    try:
        return write_answers(
            Answer(name, free_text=value) if isinstance(value, str) else Answer(name, frozenset(value))
            for name, value in given.items()
        )
    except ValueError as error:
        raise ControlError(400, f"These answers cannot be handed in: {error}") from error


def look_up(engine: Engine, content: Content) -> Content:
    """What one worker holds and has asked for."""
    worker_id = text(content, "worker_id")
    return {
        "worker_id": worker_id,
        "known": engine.world.knows_worker(worker_id),
        "qualifications": [
            {"qualification_type_id": row.type_id, "name": row.name, "value": grant.value, "status": grant.status}
            for row, grant in worker_view.held(engine.world, worker_id)
        ],
        "requests": [
            {
                "qualification_request_id": request.request_id,
                "qualification_type_id": request.type_id,
                "state": request.state,
                "submitted_at": request.submitted_at,
                "reason": request.reason,
            }
            for request in worker_view.asked(engine.world, worker_id)
        ],
    }


ROUTES = {
    ("POST", "workers"): Route(register, ("worker_ids",)),
    ("POST", "worker"): Route(look_up, ("worker_id",)),
    ("POST", "work"): Route(note_work, ("account", "worker_ids")),
    ("POST", "tests"): Route(begin_test, ("qualification_type_id", "worker_id")),
    ("POST", "answers"): Route(hand_in, ("qualification_request_id", "worker_id", "answers")),
    ("POST", "requests"): Route(ask, ("qualification_type_id", "worker_id", "answer", "score")),
}
