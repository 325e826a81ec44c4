"""Fault rules: listed, added, removed."""

from __future__ import annotations

from qualadmin.emulator.control.content import Content, ControlError, number
from qualadmin.emulator.control.route import Route
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.fault_forms import parse_fault
from qualadmin.emulator.faults import KINDS


def list_faults(engine: Engine, _: Content) -> Content:
    return {"faults": [rule.as_dict() for rule in engine.faults.rules], "kinds": KINDS}


def add_fault(engine: Engine, content: Content) -> Content:
    rule = engine.faults.add(parse_fault(content))
    return {"number": rule.number, "faults": len(engine.faults.rules)}


def remove_faults(engine: Engine, content: Content) -> Content:
    """All rules, or the one whose `number` is given."""
    if "number" not in content:
        return {"removed": engine.faults.remove()}
    wanted = number(content, "number", 0)
    if not engine.faults.remove(wanted):
        raise ControlError(404, f"There is no fault rule number {wanted}.")
    return {"removed": 1}


ROUTES = {
    ("GET", "faults"): Route(list_faults),
    ("POST", "faults"): Route(add_fault, None),
    ("DELETE", "faults"): Route(remove_faults, ("number",)),
}
