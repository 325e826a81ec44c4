"""Misbehaviour by hand: speed, throttling, fault rules."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from qualadmin.emulator.chance import DISTRIBUTIONS
from qualadmin.emulator.control import ControlError
from qualadmin.emulator.faults import MESSAGES, Fault
from qualadmin.emulator.page.calls import OPERATION_NAMES
from qualadmin.emulator.page.frame import button, empty, field, form, hidden, section, select, table
from qualadmin.emulator.page.html import Html, fragment, tag
from qualadmin.emulator.page.visit import Done, Page, Visit

_GRANT = "AssociateQualificationWithWorker"
_READY: dict[str, tuple[str, dict[str, Any]]] = {
    "lost": (
        "Lose the answer to the next grant",
        {"kind": "lost", "when": "after", "operation": _GRANT, "times": 1},
    ),
    "broken": ("Fail the next three calls with a 500", {"kind": "error", "times": 3}),
    "unsure": ("Reset every tenth call after its change", {"kind": "reset", "when": "after", "every": 10}),
    "slow": (
        "Slow answers, some very",
        {"kind": "delay", "delay_ms": 400, "spread_ms": 600, "distribution": "lognormal"},
    ),
    "throttled": (
        "Throttle one call in five",
        {"kind": "error", "code": "ThrottlingException", "probability": 0.2},
    ),
    "expired": ("Let the credentials expire", {"kind": "error", "code": "ExpiredTokenException"}),
}
_KINDS = {
    "error": "Answer with an error",
    "reset": "Reset the connection",
    "lost": "Never answer",
    "delay": "Be late",
    "html": "Answer with a web page",
    "wrong_json": "Answer with another body",
    "truncate": "Cut the answer short",
    "no_request_id": "Leave the request id out",
}
_WHENS = (("", "Before the change"), ("after", "After the change"))
_DEFAULTS = {each.name: each.default for each in fields(Fault)}
_TEXTS = ("kind", "when", "operation", "worker_id", "code", "message", "distribution", "body")
_NUMBERS = {"probability": "Chance in percent", "delay_ms": "Milliseconds late", "spread_ms": "Spread"}
_WHOLE = {"times": "At most", "every": "Every n-th", "skip": "Not the first", "seed": "Seed"}


def show(visit: Visit) -> Html:
    return fragment(_rules(visit), _ready(visit), _own(visit), _speed(visit))


def _rules(visit: Visit) -> Html:
    rules = visit.engine.faults.rules
    if not rules:
        return section("In force", empty("No rule: every call gets the right answer."))
    rows = (
        (
            rule.number,
            _sentence(rule),
            f"{rule.fired} of {rule.matched}" + (" (used up)" if rule.is_spent else ""),
            form(
                visit,
                hidden("number", rule.number),
                button("Remove", "remove", kind="quiet", about=f"rule {rule.number}"),
            ),
        )
        for rule in rules
    )
    listed = table("Rules in force", ("Number", "Rule", "Struck", "Remove"), rows)
    clear = form(visit, button("Remove all rules", "clear", kind="quiet")) if len(rules) > 1 else None
    return section("In force", listed, clear, note="The first rule that strikes decides; delays add up.")


def _sentence(rule: Fault) -> str:
    parts = [_KINDS[rule.kind]]
    if rule.kind == "error":
        parts[0] += f" ({rule.code})"
    elif rule.kind == "delay":
        spread = f", {rule.distribution} ± {rule.spread_ms:g} ms" if rule.distribution != "fixed" else ""
        parts[0] += f" by {rule.delay_ms:g} ms{spread}"
    parts.append(f"{rule.when} the change")
    parts.append(f"of {rule.operation}" if rule.operation else "of any call")
    if rule.worker_id:
        parts.append(f"for {rule.worker_id}")
    sentence = " ".join(parts)
    limits = [
        f"one in every {rule.every}" if rule.every > 1 else "",
        f"not the first {rule.skip}" if rule.skip else "",
        f"at most {rule.times} times" if rule.times else "",
        f"{rule.probability * 100:.4g} % of the time, seed {rule.seed}" if rule.probability < 1 else "",
    ]
    return ", ".join([sentence, *filter(None, limits)])


def _ready(visit: Visit) -> Html:
    buttons = (
        form(visit, hidden("ready", name), button(text, "ready", kind="quiet"))
        for name, (text, _) in _READY.items()
    )
    return section("Ready-made", tag("div", buttons, class_="buttons"))


def _own(visit: Visit) -> Html:
    def box(name: str, label: str, default: object = "", **more: Any) -> Html:
        return field(name, label, visit.sent(name, str(default)), **more)

    operations = [("", "Any operation"), *((name, name) for name in OPERATION_NAMES)]
    codes = [(name, name) for name in MESSAGES]
    what = tag(
        "fieldset",
        tag("legend", "What, and to which calls"),
        select("kind", "What happens", _KINDS.items(), visit.sent("kind")),
        select("when", "When", _WHENS, visit.sent("when"), hint="A cut answer always comes after it."),
        select("operation", "Operation", operations, visit.sent("operation")),
        box("worker_id", "Worker ID", hint="Empty: any worker."),
    )
    often = tag(
        "fieldset",
        tag("legend", "How often"),
        box("probability", "Chance in percent", 100, inputmode="decimal"),
        box("times", "At most", hint="Empty: without end. 3 = the next three.", inputmode="numeric"),
        box("every", "Every n-th", 1, inputmode="numeric"),
        box("skip", "Not the first", 0, inputmode="numeric"),
        box(
            "seed",
            "Seed",
            hint="The same seed strikes the same calls again. Empty: one is chosen.",
            inputmode="numeric",
        ),
    )
    error = tag(
        "fieldset",
        tag("legend", "Only for errors and other bodies"),
        select("code", "Error code", codes, visit.sent("code", "ServiceFault")),
        box("message", "Message", hint="Empty: Amazon’s own words."),
        box("body", "Other body", _DEFAULTS["body"], hint="Sent in place of the right answer."),
    )
    late = tag(
        "fieldset",
        tag("legend", "Only for being late"),
        box("delay_ms", "Milliseconds late", inputmode="decimal"),
        select("distribution", "Spread how", [(name, name) for name in DISTRIBUTIONS], visit.sent("distribution")),
        box(
            "spread_ms",
            "Spread",
            hint="Milliseconds: half the width if uniform, else standard deviation.",
            inputmode="decimal",
        ),
    )
    return section("A rule of your own", form(visit, what, often, error, late, button("Add this rule", "add")))


def _speed(visit: Visit) -> Html:
    settings = visit.engine.settings
    boxes = (
        field(
            "latency_ms",
            "Each answer takes",
            f"{settings.latency_ms:g}",
            hint="Milliseconds.",
            inputmode="decimal",
        ),
        field(
            "rate",
            "Calls per second",
            f"{settings.rate:g}",
            hint="For each account. 0: no limit.",
            inputmode="decimal",
        ),
        field(
            "burst", "Calls at once", f"{settings.burst:g}", hint="Before the rate applies.", inputmode="decimal"
        ),
    )
    note = "Above the rate a call is refused with ThrottlingException, as Amazon does."
    return section("Speed and throttling", form(visit, boxes, button("Set", "speed"), class_="row"), note=note)


def ready(visit: Visit) -> Done:
    text, content = _READY.get(visit.sent("ready"), ("", {}))
    if not content:
        raise ControlError(400, "There is no such ready-made rule.")
    number = visit.control("POST", "faults", dict(content))["number"]
    return Done(f"Rule {number} is in force: {text[0].lower()}{text[1:]}.")


def add(visit: Visit) -> Done:
    number = visit.control("POST", "faults", _content(visit))["number"]
    return Done(f"Rule {number} is in force.")


def _content(visit: Visit) -> dict[str, Any]:
    """Only what was filled in and matters for this kind."""
    content: dict[str, Any] = {name: visit.sent(name) for name in _TEXTS if visit.sent(name)}
    content |= {name: visit.number(name, words) for name, words in _NUMBERS.items()}
    content |= {name: visit.whole(name, words) for name, words in _WHOLE.items()}
    if content["probability"] is not None:
        content["probability"] /= 100
    if content.get("kind") != "delay":
        for name in ("delay_ms", "spread_ms", "distribution"):
            content.pop(name, None)
    return {name: value for name, value in content.items() if value is not None}


def remove(visit: Visit) -> Done:
    visit.control("DELETE", "faults", {"number": visit.sent("number")})
    return Done(f"Rule {visit.sent('number')} is gone.")


def clear(visit: Visit) -> Done:
    visit.control("DELETE", "faults", {})
    return Done("All rules are gone.")


def speed(visit: Visit) -> Done:
    words = {"latency_ms": "Each answer takes", "rate": "Calls per second", "burst": "Calls at once"}
    changes = {name: visit.number(name, label) for name, label in words.items()}
    visit.control("POST", "settings", {name: value for name, value in changes.items() if value is not None})
    return Done("Speed and throttling are set.")


PAGE = Page("Misbehave", show, {"ready": ready, "add": add, "remove": remove, "clear": clear, "speed": speed})
