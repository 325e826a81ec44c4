"""The running emulator itself: health, settings, clock, seed, reset."""

from __future__ import annotations

from qualadmin.emulator import seed
from qualadmin.emulator.control.content import Content, ControlError
from qualadmin.emulator.control.route import Route
from qualadmin.emulator.engine import Engine

LONGEST_STEP = 10 * 366 * 86_400
"""Seconds the clock moves at most at once. Far beyond it, dates end."""


def health(engine: Engine, _: Content) -> Content:
    world = engine.world
    return {
        "status": "ok",
        "environment": world.environment,
        "calls": engine.calls.last,
        "qualification_types": sum(not row.is_system for row in world.types.values()),
        "grants": sum(len(holders) for holders in world.holders.values()),
    }


def settings(engine: Engine, _: Content) -> Content:
    return engine.settings.as_dict()


def change_settings(engine: Engine, content: Content) -> Content:
    engine.settings.update(content)
    if {"rate", "burst"} & set(content):
        engine.throttle.refill()
    return engine.settings.as_dict()


def clock(engine: Engine, _: Content) -> Content:
    return {"now": engine.world.now(), "ahead_seconds": engine.world.clock_ahead}


def advance_clock(engine: Engine, content: Content) -> Content:
    seconds = content.get("advance_seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds <= LONGEST_STEP:
        raise ControlError(400, f"advance_seconds must be a number from 0 to {LONGEST_STEP} (ten years).")
    engine.world.record(["clock", float(seconds)])
    return clock(engine, {})


def plant(engine: Engine, content: Content) -> Content:
    return {"created": seed.plant(engine.world, content)}


def reset(engine: Engine, _: Content) -> Content:
    engine.reset()
    return {"reset": True}


ROUTES = {
    ("GET", "health"): Route(health),
    ("GET", "settings"): Route(settings),
    ("POST", "settings"): Route(change_settings, None),
    ("GET", "clock"): Route(clock),
    ("POST", "clock"): Route(advance_clock, ("advance_seconds",)),
    ("POST", "seed"): Route(plant, None),
    ("POST", "reset"): Route(reset),
}
