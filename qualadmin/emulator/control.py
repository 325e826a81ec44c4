"""The emulator's own small JSON interface, under /_emulator/: settings, faults, the worker's side, what was
recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from qualadmin.emulator import seed, worker_side
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.faults import KINDS, BadFault, parse_fault
from qualadmin.emulator.settings import BadSetting

Content = dict[str, Any]


class ControlError(Exception):
    """A refused control request: HTTP status and a sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Control:
    """`handle` is the whole interface; the same object serves HTTP and tests in process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._routes: dict[tuple[str, str], Callable[[Content], Content]] = {
            ("GET", "health"): self._health,
            ("GET", "settings"): self._settings,
            ("POST", "settings"): self._change_settings,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "calls"): self._calls,
            ("GET", "outbox"): self._outbox,
            ("GET", "holders"): self._holders,
            ("POST", "workers"): self._register,
            ("POST", "work"): self._work,
            ("POST", "requests"): self._ask,
            ("POST", "clock"): self._advance,
            ("POST", "seed"): self._seed,
            ("POST", "reset"): self._reset,
        }

    def handle(self, method: str, name: str, content: Content) -> Content:
        """`content` is the JSON body of a POST or the query of a GET (texts). Raises ControlError."""
        route = self._routes.get((method, name))
        if route is None:
            known = {path for _, path in self._routes}
            raise ControlError(405 if name in known else 404, f"There is no {method} {name} here.")
        try:
            answer = route(content)
        except (BadSetting, BadFault, seed.BadSeed) as error:
            raise ControlError(400, str(error)) from error
        except worker_side.WorkerRefused as error:
            raise ControlError(409, str(error)) from error
        finally:
            # A refusal may come half-way, as in a long seed: what the world has taken in is kept.
            self._engine.keep()
        return answer

    def _health(self, _: Content) -> Content:
        world = self._engine.world
        return {
            "status": "ok",
            "environment": world.environment,
            "calls": self._engine.calls.last,
            "qualification_types": sum(not row.is_system for row in world.types.values()),
            "grants": sum(len(holders.rows) for holders in world.holders.values()),
        }

    def _settings(self, _: Content) -> Content:
        return self._engine.settings.as_dict()

    def _change_settings(self, content: Content) -> Content:
        self._engine.settings.update(content)
        if {"rate", "burst"} & set(content):
            self._engine.throttle.refill()
        return self._engine.settings.as_dict()

    def _list_faults(self, _: Content) -> Content:
        return {"faults": [dataclasses.asdict(rule) for rule in self._engine.faults.rules], "kinds": KINDS}

    def _add_fault(self, content: Content) -> Content:
        self._engine.faults.rules.append(parse_fault(content))
        return {"faults": len(self._engine.faults.rules)}

    def _clear_faults(self, _: Content) -> Content:
        removed = len(self._engine.faults.rules)
        self._engine.faults.rules.clear()
        return {"removed": removed}

    def _calls(self, content: Content) -> Content:
        since, limit = _number(content, "since", 0), _number(content, "limit", 0)
        calls = self._engine.calls.since(since, limit or None)
        return {"calls": [call.as_dict() for call in calls], "last": self._engine.calls.last}

    def _outbox(self, _: Content) -> Content:
        return {"mails": [dataclasses.asdict(mail) for mail in self._engine.world.outbox]}

    def _holders(self, content: Content) -> Content:
        holders = self._engine.world.holders.get(_text(content, "type_id"))
        rows = holders.rows if holders else {}
        return {
            status.lower(): {worker: row.value for worker, row in rows.items() if row.status == status}
            for status in ("Granted", "Revoked")
        }

    def _register(self, content: Content) -> Content:
        return {"registered": worker_side.register(self._engine.world, _texts(content, "worker_ids"))}

    def _work(self, content: Content) -> Content:
        worker_ids = _texts(content, "worker_ids")
        worker_side.have_worked(self._engine.world, _text(content, "account"), worker_ids)
        return {"noted": len(worker_ids)}

    def _ask(self, content: Content) -> Content:
        answer, score = content.get("answer"), content.get("score")
        if not isinstance(answer, str | None) or not isinstance(score, int | None):
            raise ControlError(400, "answer must be a text and score a whole number.")
        type_id, worker_id = _text(content, "qualification_type_id"), _text(content, "worker_id")
        row = worker_side.ask(self._engine.world, type_id, worker_id, answer=answer, score=score)
        return {"qualification_request_id": row.request_id, "state": row.state}

    def _advance(self, content: Content) -> Content:
        seconds = content.get("advance_seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds < 0:
            raise ControlError(400, "advance_seconds must be a number, 0 or more.")
        self._engine.world.record(["clock", float(seconds)])
        return {"now": self._engine.world.now()}

    def _seed(self, content: Content) -> Content:
        return {"created": seed.plant(self._engine.world, content)}

    def _reset(self, _: Content) -> Content:
        self._engine.reset()
        return {"reset": True}


def _text(content: Content, name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise ControlError(400, f"{name} is missing.")
    return value


def _texts(content: Content, name: str) -> list[str]:
    value = content.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ControlError(400, f"{name} must be a list of texts.")
    return value


def _number(content: Content, name: str, default: int) -> int:
    try:
        return max(0, int(content.get(name, default)))
    except (TypeError, ValueError):
        raise ControlError(400, f"{name} must be a whole number.") from None
