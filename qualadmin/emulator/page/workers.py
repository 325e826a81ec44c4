"""Start: what runs here, and which worker to act as."""

from __future__ import annotations

from itertools import islice

from qualadmin.emulator.page.frame import button, empty, field, form, section, table
from qualadmin.emulator.page.html import Html, fragment, tag
from qualadmin.emulator.page.visit import PREFIX, Done, Page, Visit
from qualadmin.emulator.world import new_id

_SUGGESTED = 6
_LOOKED_AT = 200
"""So many requests are looked through for them at the most."""


def show(visit: Visit) -> Html:
    return fragment(_about(visit), _choose(visit), _suggestions(visit))


def _about(visit: Visit) -> Html:
    health = visit.control("GET", "health", {})
    rows = [
        ("Environment", health["environment"]),
        ("Qualification types", health["qualification_types"]),
        ("Qualifications granted or revoked", health["grants"]),
        ("Registered workers", len(visit.world.workers)),
        ("Calls so far", health["calls"]),
    ]
    facts = tag("dl", (tag("div", tag("dt", name), tag("dd", str(value))) for name, value in rows))
    note = (
        "Amazon’s side of the market, made up. Nobody is mailed, nothing costs money, nothing here reaches Amazon."
    )
    return section("What runs here", facts, note=note)


def _choose(visit: Visit) -> Html:
    hint = "An A, then capital letters and digits. A new one is registered here; any made-up one will do."
    box = field(
        "worker_id",
        "Worker ID",
        visit.sent("worker_id", visit.worker_id or ""),
        hint=hint,
        maxlength=64,
        autocomplete="off",
        autocapitalize="characters",
        spellcheck="false",
    )
    buttons = tag(
        "p",
        button("Act as this worker", "choose"),
        button("Make one up", "invent", kind="quiet"),
        class_="buttons",
    )
    return section("Choose a worker", form(visit, box, buttons))


def _suggestions(visit: Visit) -> Html:
    """The workers who asked for something last."""
    latest = islice(visit.world.request_book.newest(), _LOOKED_AT)
    known = list(islice(dict.fromkeys(row.worker_id for row in latest), _SUGGESTED))
    if not known:
        return section("Who asked lately", empty("No worker has asked for a qualification yet."))
    rows = (
        (
            tag("code", worker_id),
            form(visit, _hidden_worker(worker_id), button("Act as", "choose", kind="quiet", about=worker_id)),
        )
        for worker_id in known
    )
    return section("Who asked lately", table("Workers who asked lately", ("Worker", "Choose"), rows))


def _hidden_worker(worker_id: str) -> Html:
    return tag("input", type="hidden", name="worker_id", value=worker_id)


def choose(visit: Visit) -> Done:
    worker_id = visit.sent("worker_id")
    visit.control("POST", "workers", {"worker_ids": [worker_id]})
    return Done(f"You act as {worker_id} now.", f"{PREFIX}qualifications", worker_id)


def invent(visit: Visit) -> Done:
    worker_id = new_id("A1", 14)
    visit.control("POST", "workers", {"worker_ids": [worker_id]})
    return Done(f"{worker_id} is registered, and you act as them now.", f"{PREFIX}qualifications", worker_id)


PAGE = Page("Start", show, {"choose": choose, "invent": invent})
