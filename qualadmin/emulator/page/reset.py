"""Forgetting everything, with a second thought."""

from __future__ import annotations

from qualadmin.emulator.control import ControlError
from qualadmin.emulator.page.frame import button, form, section
from qualadmin.emulator.page.html import Html, tag
from qualadmin.emulator.page.visit import HOME, Done, Page, Visit


def show(visit: Visit) -> Html:
    kept = "Settings such as the rate of calls stay. There is no way back."
    lost = "Qualification types, qualifications, requests, HITs, mails, the call log, the time gained and all "
    lost += "fault rules go."
    box = tag(
        "label", tag("input", type="checkbox", name="sure", value="yes", required=True), " Yes, forget everything"
    )
    asking = form(visit, tag("p", box, class_="check"), button("Reset this emulator", "reset", kind="danger"))
    return section("Empty this emulator", tag("p", lost), tag("p", kept), asking)


def reset(visit: Visit) -> Done:
    if visit.sent("sure") != "yes":
        raise ControlError(400, "Nothing was forgotten: tick the box first.")
    visit.control("POST", "reset", {})
    return Done("Everything is forgotten. The emulator is empty.", HOME)


PAGE = Page("Reset", show, {"reset": reset})
