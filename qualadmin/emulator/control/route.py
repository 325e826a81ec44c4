"""One line of the control interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from qualadmin.emulator.control.content import Content
from qualadmin.emulator.engine import Engine


class Route(NamedTuple):
    run: Callable[[Engine, Content], Content]
    fields: tuple[str, ...] | None = ()
    """What may come with the request; None = the function checks that itself."""
