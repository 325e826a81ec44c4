"""Amounts in US cents, and Amazon's fees."""

from __future__ import annotations

MANY_ASSIGNMENTS = 10
"""From this number on a HIT costs the higher fee."""
_FEE, _MANY_FEE, _MASTERS_FEE = 20, 40, 5


def cents(amount: str) -> int:
    """ "1.5" to 150. The amount has the form of the API's CurrencyAmount: digits, a point, up to two digits."""
    dollars, _, part = amount.partition(".")
    return int(dollars) * 100 + int(part.ljust(2, "0") or "0")


def text(amount: int) -> str:
    """150 to "1.50"."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def fee(reward: int, max_assignments: int, *, masters: bool) -> int:
    """Amazon's fee on one assignment: 20 percent, 40 for HITs of ten or more assignments, 5 more for Masters."""
    percent = _FEE if max_assignments < MANY_ASSIGNMENTS else _MANY_FEE
    return _share(reward, percent + (_MASTERS_FEE if masters else 0))


def bonus_fee(amount: int) -> int:
    return _share(amount, _FEE)


def _share(amount: int, percent: int) -> int:
    """Half a cent counts as one, and a cent is the least."""
    return max(1, (amount * percent + 50) // 100)
