"""The world's clock: what time it is here, and moving it ahead."""

from __future__ import annotations

from qualadmin.emulator.control import ControlError
from qualadmin.emulator.page.frame import button, field, form, hidden, moment, section, select, span
from qualadmin.emulator.page.html import Html, fragment, tag
from qualadmin.emulator.page.visit import Done, Page, Visit

_UNITS = {"60": "minutes", "3600": "hours", "86400": "days"}
_STEPS = (("An hour", "1", "3600"), ("A day", "1", "86400"), ("A week", "7", "86400"), ("30 days", "30", "86400"))


def show(visit: Visit) -> Html:
    ahead = visit.world.clock_ahead
    told = f"{span(ahead)} ahead of this machine’s clock." if ahead else "The same as this machine’s clock."
    now = section("Now", tag("p", moment(visit.world.now()), class_="big"), note=told)
    steps = (
        form(visit, hidden("amount", amount), hidden("unit", unit), button(text, "advance", kind="quiet"))
        for text, amount, unit in _STEPS
    )
    own = form(
        visit,
        field("amount", "How far", visit.sent("amount", "1"), inputmode="decimal", required=True),
        select("unit", "Unit", _UNITS.items(), visit.sent("unit", "3600")),
        button("Move ahead", "advance"),
        class_="row",
    )
    note = "For retry delays, deleted names, deadlines. The clock never goes back, except with a reset."
    return fragment(now, section("Move ahead", tag("div", steps, class_="buttons"), own, note=note))


def advance(visit: Visit) -> Done:
    amount, unit = visit.number("amount", "How far"), visit.sent("unit")
    if amount is None or unit not in _UNITS:
        raise ControlError(400, "Say how far the clock shall move.")
    if not 0 < amount * float(unit) < float("inf"):
        raise ControlError(400, "The clock moves ahead only: say a number above 0.")
    visit.control("POST", "clock", {"advance_seconds": amount * float(unit)})
    return Done(f"The clock moved ahead by {span(amount * float(unit))}.")


PAGE = Page("Clock", show, {"advance": advance})
