"""Fault rules from their JSON form: every field is checked before the rule takes part."""

from __future__ import annotations

import dataclasses
import secrets
from typing import Any

from qualadmin.emulator.chance import DISTRIBUTIONS
from qualadmin.emulator.faults import ALWAYS_AFTER, KINDS, MOMENTS, Fault
from qualadmin.emulator.operations import OPERATIONS

_TEXTS = ("when", "operation", "worker_id", "distribution", "code", "turk_error_code", "message", "body")
_WHOLE = {"every": 1, "skip": 0, "times": 0, "seed": 0}
_LONGEST_MS = 3_600_000.0


class BadFault(ValueError):
    """A fault rule that cannot be; the text says why."""


def parse_fault(content: dict[str, Any]) -> Fault:
    """A rule from its JSON form. Raises BadFault."""
    known = {each.name for each in dataclasses.fields(Fault)} - {"number", "matched", "fired", "_dice"}
    if unknown := set(content) - known:
        raise BadFault(f"A fault has no field called {sorted(unknown)[0]}.")
    kind = content.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadFault(f"kind must be one of: {', '.join(KINDS)}.")
    _check_texts(content)
    _check_numbers(content)
    fault = Fault(**content)
    if fault.seed is None:
        fault.seed = secrets.randbelow(1_000_000)
    fault.when = fault.when or ("after" if kind in ALWAYS_AFTER else "before")
    if fault.when not in MOMENTS or (kind in ALWAYS_AFTER and fault.when != "after"):
        raise BadFault(f"when must be before or after; {', '.join(sorted(ALWAYS_AFTER))} are always after.")
    if fault.operation is not None and fault.operation not in OPERATIONS:
        raise BadFault(f"There is no operation called {fault.operation} here.")
    _check_delay(fault)
    return fault


def _check_texts(content: dict[str, Any]) -> None:
    for name in _TEXTS:
        if not isinstance(content.get(name, ""), str):
            raise BadFault(f"{name} must be a text.")
    status = content.get("status", 200)
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise BadFault("status must be an HTTP status between 200 and 599.")


def _check_numbers(content: dict[str, Any]) -> None:
    for name, least in _WHOLE.items():
        value = content.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise BadFault(f"{name} must be a number, {least} or more.")
    for name in ("delay_ms", "spread_ms"):
        if not _is_number(content.get(name, 0.0), 0.0, _LONGEST_MS):
            raise BadFault(f"{name} must be a number, 0 or more, and at most an hour.")
    probability = content.get("probability", 1.0)
    if not _is_number(probability, 0.0, 1.0) or probability == 0:
        raise BadFault("probability must be a number above 0 and at most 1.")


def _is_number(value: object, least: float, most: float) -> bool:
    # NaN fails both comparisons.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


def _check_delay(fault: Fault) -> None:
    if fault.kind == "delay" and not fault.delay_ms:
        raise BadFault("A delay needs delay_ms.")
    if fault.distribution not in DISTRIBUTIONS:
        raise BadFault(f"distribution must be one of: {', '.join(DISTRIBUTIONS)}.")
    if fault.distribution != "fixed" and not fault.spread_ms:
        raise BadFault(f"A {fault.distribution} delay needs spread_ms.")
