"""Qualifications as a worker sees them: held, asked for, open to ask for."""

from __future__ import annotations

from urllib.parse import urlencode

from qualadmin.emulator import worker_view
from qualadmin.emulator.page.frame import (
    ROWS,
    button,
    empty,
    field,
    form,
    hidden,
    moment,
    no_worker,
    pager,
    search,
    section,
    span,
    table,
)
from qualadmin.emulator.page.html import Child, Html, fragment, tag
from qualadmin.emulator.page.visit import PREFIX, Done, Page, Visit
from qualadmin.emulator.records import QualificationType, Request

_STATES = {
    "pending": "Waits for the requester",
    "granted": "Granted",
    "rejected": "Turned down",
    "automatic": "Granted at once",
    "testing": "Test begun, not handed in",
}


def show(visit: Visit) -> Html:
    if visit.worker_id is None:
        return no_worker()
    asked = worker_view.asked(visit.world, visit.worker_id)
    return fragment(_held(visit, visit.worker_id), _asked(visit, asked), _open(visit, asked))


def _held(visit: Visit, worker_id: str) -> Html:
    rows = [
        (row.name, grant.value, grant.status, moment(grant.granted_at))
        for row, grant in worker_view.held(visit.world, worker_id)
    ]
    heads = ("Qualification", "Score", "Status", "Granted")
    return section("Held", table("Qualifications held", heads, rows) if rows else empty("None yet."))


def _asked(visit: Visit, asked: list[Request]) -> Html | None:
    if not asked:
        return None
    rows = (
        (
            visit.world.types[row.type_id].name,
            moment(row.submitted_at),
            _STATES.get(row.state, row.state.capitalize()),
            row.reason or "–",
        )
        for row in reversed(asked)
    )
    return section("Asked for", table("Asked for", ("Qualification", "When", "What became of it", "Reason"), rows))


def _open(visit: Visit, asked: list[Request]) -> Html:
    words = visit.query.get("q", "").strip()
    found = [row for row in worker_view.open_types(visit.world) if words.lower() in row.name.lower()]
    first = (visit.page_number() - 1) * ROWS
    shown = found[first : first + ROWS]
    latest = {row.type_id: row for row in asked}
    rows = [(_about(row), _terms(row), _offer(visit, row, latest.get(row.type_id))) for row in shown]
    if rows:
        body: Child = table("Open to ask for", ("Qualification", "Terms", "Ask"), rows)
    elif words:
        body = empty(f"No open qualification type has “{words}” in its name.")
    else:
        body = empty(
            "No requester has an active qualification type here yet. Create one with CreateQualificationType."
        )
    finder = search(visit, field("q", "Name contains", words, type="search"))
    return section("Open to ask for", finder, body, pager(visit, len(shown), len(found)))


def _about(row: QualificationType) -> Html:
    return fragment(tag("b", row.name), tag("span", row.description, class_="hint"))


def _terms(row: QualificationType) -> str:
    if row.auto_granted:
        terms = "Granted at once"
    elif row.answer_key is not None:
        terms = "Test, scored at once"
    elif row.test is not None:
        terms = "Test, read by the requester"
    else:
        terms = "The requester decides"
    again = "once only" if row.retry_delay is None else f"again after {span(row.retry_delay)}"
    return f"{terms}; {again}"


def _offer(visit: Visit, row: QualificationType, latest: Request | None) -> Html:
    goes_on = latest is not None and latest.state == "testing"
    if latest is not None and row.retry_delay is None and not goes_on:
        return tag("span", "Asked for already", class_="note")
    has_test = row.test is not None and not row.auto_granted
    text, do = ("Take the test", "begin") if has_test else ("Ask", "ask")
    if goes_on:
        text = "Go on with the test"
    elif latest is not None:
        text = f"{text} again"
    offer = button(text, do, kind="quiet", about=f": {row.name}")
    return form(visit, hidden("type", row.type_id), offer)


def ask(visit: Visit) -> Done:
    content = {"qualification_type_id": visit.sent("type"), "worker_id": visit.worker()}
    state = visit.control("POST", "requests", content)["state"]
    if state == "automatic":
        return Done("You have the qualification: it is granted to everybody who asks.")
    return Done("You have asked. The requester decides.")


def begin(visit: Visit) -> Done:
    """Open the test, or go on with it."""
    content = {"qualification_type_id": visit.sent("type"), "worker_id": visit.worker()}
    visit.control("POST", "tests", content)
    return Done("The test has begun.", f"{PREFIX}test?{urlencode({'type': visit.sent('type')})}")


PAGE = Page("Qualifications", show, {"ask": ask, "begin": begin})
