"""What the emulator remembers: calls, mails, holders."""

from __future__ import annotations

import dataclasses
from typing import Any

from qualadmin.emulator.calls import Call
from qualadmin.emulator.control.content import Content, ControlError, number, text
from qualadmin.emulator.control.route import Route
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.packed import Look, look

_FILTERS = ("operation", "outcome", "access_key")
MOST = 1000
"""Calls or mails of one answer."""


def calls(engine: Engine, content: Content) -> Content:
    """`operation`, `outcome` and `access_key` pick some."""
    wanted = {name: content[name] for name in _FILTERS if name in content}

    def fits(call: Call) -> bool:
        return all(getattr(call, name) == value for name, value in wanted.items())

    since, before = _where(content)
    found = engine.calls.look(fits, _most(content), since=since, before=before)
    rows = [call.as_dict() for _, call in found.rows]
    return {"calls": rows, "last": engine.calls.last, "next": _next(found)}


def outbox(engine: Engine, content: Content) -> Content:
    """Mails, numbered from 1 after each reset."""
    mails = engine.world.outbox
    since, before = _where(content)
    found = look(mails, lambda _: True, _most(content), since=since, before=before)
    rows = [{"number": number, **dataclasses.asdict(mail)} for number, mail in found.rows]
    return {"mails": rows, "last": len(mails), "next": _next(found)}


def _most(content: Content) -> int:
    return min(number(content, "limit", 0) or MOST, MOST)


def _where(content: Content) -> tuple[int | None, int | None]:
    """Oldest first behind the number `since`, or newest first from the one below `before`."""
    if "before" not in content:
        return number(content, "since", 0), None
    if "since" in content:
        raise ControlError(400, "Send since or before, not both.")
    return None, number(content, "before", 0)


def _next(found: Look[Any]) -> int | None:
    """What to send as `since` or `before` to go on; None when that was all."""
    return None if found.ended else found.last


def holders(engine: Engine, content: Content) -> Content:
    """Worker id to value, granted and revoked, of one type; nobody holds a type that is not there."""
    found = engine.world.holders.get(text(content, "type_id"))
    return {
        status.lower(): {worker: row.value for worker, row in found.listed(status)} if found else {}
        for status in ("Granted", "Revoked")
    }


ROUTES = {
    ("GET", "calls"): Route(calls, ("since", "before", "limit", *_FILTERS)),
    ("GET", "outbox"): Route(outbox, ("since", "before", "limit")),
    ("GET", "holders"): Route(holders, ("type_id",)),
}
