"""The emulator's own small JSON interface, under /_emulator/: settings, faults, the workers' side, what was
recorded."""

from __future__ import annotations

from qualadmin.emulator import seed, worker_side
from qualadmin.emulator.accounts import BadAccessKey
from qualadmin.emulator.control import access, hits, misbehaviour, recorded, running, workers
from qualadmin.emulator.control.content import Content, ControlError
from qualadmin.emulator.control.route import Route
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.fault_forms import BadFault
from qualadmin.emulator.hits import life
from qualadmin.emulator.settings import BadSetting

__all__ = ["Control", "ControlError"]

ROUTES: dict[tuple[str, str], Route] = (
    running.ROUTES | access.ROUTES | misbehaviour.ROUTES | recorded.ROUTES | workers.ROUTES | hits.ROUTES
)


class Control:
    """`handle` is the whole interface; the same object serves HTTP and tests in process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def handle(self, method: str, name: str, content: Content) -> Content:
        """`content` is the JSON body of a POST or the query of a GET (texts). Raises ControlError."""
        route = ROUTES.get((method, name))
        if route is None:
            known = {path for _, path in ROUTES}
            raise ControlError(405 if name in known else 404, f"There is no {method} {name} here.")
        if route.fields is not None and (unknown := sorted(set(content) - set(route.fields))):
            raise ControlError(400, f"{method} {name} has no field called {unknown[0]}.")
        try:
            life.settle(self._engine.world)
            return route.run(self._engine, content)
        except (BadSetting, BadFault, BadAccessKey, seed.BadSeed) as error:
            raise ControlError(400, str(error)) from error
        except worker_side.WorkerRefused as error:
            raise ControlError(409, str(error)) from error
        finally:
            # A refusal may come half-way, as in a long seed: what the world has taken in is kept.
            self._engine.keep()
