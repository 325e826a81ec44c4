"""HITs as a worker finds them: to accept, and in the worker's hands."""

from __future__ import annotations

from urllib.parse import urlencode

from qualadmin.emulator import hit_side
from qualadmin.emulator.hits import money
from qualadmin.emulator.hits.records import Assignment, Hit
from qualadmin.emulator.page.frame import button, empty, form, hidden, moment, no_worker, section, span, table
from qualadmin.emulator.page.html import Html, fragment, tag
from qualadmin.emulator.page.visit import PREFIX, Done, Page, Visit

_LISTED = 100


def show(visit: Visit) -> Html:
    if visit.worker_id is None:
        return no_worker()
    return fragment(_in_hand(visit, visit.worker_id), _open(visit, visit.worker_id))


def _in_hand(visit: Visit, worker_id: str) -> Html:
    held = hit_side.in_hand(visit.world, worker_id)
    if not held:
        return section("Accepted", empty("No HIT is in your hands."))
    rows = ((title(visit, row), moment(row.deadline), _work(visit, row)) for row in held)
    return section("Accepted", table("HITs accepted", ("HIT", "Hand in before", "Go on"), rows))


def title(visit: Visit, row: Assignment) -> str:
    return visit.world.hits.type_of(visit.world.hits.hits[row.hit_id]).title


def _work(visit: Visit, row: Assignment) -> Html:
    about = tag("span", f": {title(visit, row)}", class_="sr")
    return tag("a", "Work on it", about, href=f"{PREFIX}work?{urlencode({'assignment': row.assignment_id})}")


def _open(visit: Visit, worker_id: str) -> Html:
    found = hit_side.discover(visit.world, worker_id, limit=_LISTED)
    if not found:
        return section("Open to accept", empty("There is no HIT this worker may see and has not had yet."))
    heads = ("HIT", "Pays", "Time", "Left", "Accept")
    note = f"The newest {_LISTED}." if len(found) == _LISTED else None
    return section(
        "Open to accept", table("HITs open to accept", heads, (_row(visit, hit) for hit in found)), note=note
    )


def _row(visit: Visit, hit: Hit) -> tuple[Html | str | int, ...]:
    kind = visit.world.hits.type_of(hit)
    about = fragment(tag("b", kind.title), tag("span", kind.description, class_="hint"))
    offer = form(
        visit, hidden("hit", hit.hit_id), button("Accept", "accept", kind="quiet", about=f": {kind.title}")
    )
    return about, f"${money.text(kind.reward)}", span(kind.duration), hit.free, offer


def accept(visit: Visit) -> Done:
    content = {"hit_id": visit.sent("hit"), "worker_id": visit.worker()}
    row = visit.control("POST", "accept", content)
    return Done(
        "The HIT is yours.", f"{PREFIX}work?{urlencode({'assignment': row['assignment']['AssignmentId']})}"
    )


PAGE = Page("HITs", show, {"accept": accept})
