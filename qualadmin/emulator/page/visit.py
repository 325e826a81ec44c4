"""One request to a page: who asks as which worker, what was sent, what is to be said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from qualadmin.emulator.control import Control, ControlError
from qualadmin.emulator.engine import Engine
from qualadmin.emulator.page.html import Html
from qualadmin.emulator.world import World

HOME = "/_emulator/"
PREFIX = f"{HOME}page/"


class Notice(NamedTuple):
    kind: str
    """`done` or `refused`."""
    text: str


class Done(NamedTuple):
    """An action that went well: what to say, and where to go on (None = the same page)."""

    text: str
    path: str | None = None
    worker_id: str | None = None
    """The worker to act as from now on."""


@dataclass(slots=True)
class Visit:
    engine: Engine
    path: str
    token: str
    query: dict[str, str] = field(default_factory=dict)
    form: dict[str, list[str]] = field(default_factory=dict)
    worker_id: str | None = None
    notice: Notice | None = None

    @property
    def world(self) -> World:
        return self.engine.world

    def control(self, method: str, name: str, content: dict[str, Any]) -> dict[str, Any]:
        """The JSON interface. Raises ControlError."""
        return Control(self.engine).handle(method, name, content)

    def sent(self, name: str, default: str = "") -> str:
        """A field of the form that was posted, without white space around it."""
        return self.form[name][0].strip() if name in self.form else default

    def worker(self) -> str:
        if self.worker_id is None:
            raise ControlError(409, "Choose a worker first.")
        return self.worker_id

    def number(self, name: str, words: str) -> float | None:
        """A number from the form, None if the field is empty. Raises ControlError with `words` for the field."""
        text = self.sent(name)
        try:
            return float(text) if text else None
        except ValueError:
            raise ControlError(400, f"{words} must be a number.") from None

    def whole(self, name: str, words: str) -> int | None:
        number = self.number(name, words)
        if number is not None and not number.is_integer():
            raise ControlError(400, f"{words} must be a whole number.")
        return None if number is None else int(number)

    def whole_of_query(self, name: str) -> int | None:
        """A number of the address; None for whatever else stands there."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None

    def page_number(self) -> int:
        return max(1, self.whole_of_query("page") or 1)


class Page(NamedTuple):
    title: str
    show: Callable[[Visit], Html]
    actions: dict[str, Callable[[Visit], Done]]
    """By the value of the button called `do`."""
