"""The call log: what programs asked, what they were told, what was true."""

from __future__ import annotations

from functools import partial

from qualadmin.emulator.calls import Call
from qualadmin.emulator.operations import OPERATIONS
from qualadmin.emulator.page.frame import empty, moment, section, select, table
from qualadmin.emulator.page.html import Child, Html, fragment, tag
from qualadmin.emulator.page.log import Log, leaf, older_are_left, pager
from qualadmin.emulator.page.mail import mine_only
from qualadmin.emulator.page.visit import Page, Visit

_OUTCOMES = (("", "Any"), ("ok", "Went well"), ("error", "Refused"), ("fault", "Struck by a fault"))
OPERATION_NAMES = sorted(OPERATIONS)


def show(visit: Visit) -> Html:
    log = _log(visit)
    shown = leaf(visit, log)
    heads = ("Number", "When", "Operation", "Worker", "Outcome", "Changed")
    if shown.rows:
        body: Child = table("Calls, newest first", heads, map(_row, shown.rows))
    elif older_are_left(log, shown):
        body = empty("None of these calls fits. Go on with the older ones.")
    else:
        body = empty("No call fits." if log.last else "No program has called yet.")
    note = "Newest first. “Changed” is the truth, whatever the caller was told."
    return fragment(_filters(visit), section("Call log", body, pager(visit, log, shown), note=note))


def _log(visit: Visit) -> Log[Call]:
    calls = visit.engine.calls
    filtered = any(visit.query.get(name) for name in ("operation", "outcome", "mine"))
    return Log(partial(calls.look, partial(_wanted, visit)), calls.first, calls.last, filtered)


def _filters(visit: Visit) -> Html | None:
    operations = [("", "Any"), *((name, name) for name in OPERATION_NAMES)]
    return mine_only(
        visit,
        select("operation", "Operation", operations, visit.query.get("operation", "")),
        select("outcome", "Outcome", _OUTCOMES, visit.query.get("outcome", "")),
    )


def _wanted(visit: Visit, call: Call) -> bool:
    operation, outcome = visit.query.get("operation", ""), visit.query.get("outcome", "")
    if visit.query.get("mine") and visit.worker_id not in (None, call.worker_id):
        return False
    return operation in ("", call.operation) and outcome in ("", _kind(call))


def _kind(call: Call) -> str:
    if call.outcome == "ok":
        return "ok"
    return "fault" if call.outcome.startswith("fault:") else "error"


def _row(call: Call) -> tuple[Child, ...]:
    value = "" if call.value is None else f" = {call.value}"
    return (
        call.sequence,
        moment(call.at),
        f"{call.operation}{value}",
        tag("code", call.worker_id) if call.worker_id else "–",
        tag("span", _words(call), class_=f"outcome {_kind(call)}"),
        "yes" if call.applied else "no",
    )


def _words(call: Call) -> str:
    if _kind(call) != "fault":
        return call.outcome
    kind, _, when = call.outcome.removeprefix("fault:").rpartition("_")
    return f"fault: {kind} {when} the change"


PAGE = Page("Calls", show, {})
