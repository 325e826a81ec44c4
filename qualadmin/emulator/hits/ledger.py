"""Bonuses paid, request tokens used, layouts made on the requester's website."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

from qualadmin.emulator.hits import money
from qualadmin.emulator.hits.records import Bonus

TOKEN_LIFE_SECONDS = 86_400.0


class Layout(NamedTuple):
    owner: str
    html: str


class Ledger:
    """A part of the world."""

    def __init__(self) -> None:
        self.bonuses: list[Bonus] = []
        self.bonuses_of: defaultdict[str, list[Bonus]] = defaultdict(list)
        """By HIT id and by assignment id; the two never meet."""
        self.layouts: dict[str, Layout] = {}
        self.paid: defaultdict[str, int] = defaultdict(int)
        """Bonuses and their fees by requester, in cents."""
        self._tokens: dict[tuple[str, str, str], tuple[float, str]] = {}

    def takers(self) -> dict[str, Callable[..., None]]:
        return {"bonus": self._take_bonus, "token": self._take_token, "layout": self._take_layout}

    def _take_bonus(self, *fields: Any) -> None:
        row = Bonus(*fields)
        self.bonuses.append(row)
        self.bonuses_of[row.hit_id].append(row)
        self.bonuses_of[row.assignment_id].append(row)
        self.paid[row.owner] += row.amount + money.bonus_fee(row.amount)

    def _take_token(self, owner: str, operation: str, token: str, at: float, made: str) -> None:
        self._tokens[owner, operation, token] = at, made

    def _take_layout(self, layout_id: str, owner: str, html: str) -> None:
        self.layouts[layout_id] = Layout(owner, html)

    def made_by(self, owner: str, operation: str, token: str, now: float) -> str | None:
        """What a request with this token made within the last day."""
        at, made = self._tokens.get((owner, operation, token), (0.0, ""))
        return made if made and now < at + TOKEN_LIFE_SECONDS else None
