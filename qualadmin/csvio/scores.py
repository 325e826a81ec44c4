"""Scores as people write them: a whole number in the allowed range, or a reason why not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qualadmin.csvio.characters import name_of, shown

#: Amazon's IntegerValue is a signed 32-bit number.
AMAZON_MINIMUM = -(2**31)
AMAZON_MAXIMUM = 2**31 - 1

_LONGEST = 100  # characters; also keeps the patterns fast on hostile cells
_WHOLE = re.compile(r"(-?)0*([0-9]+)")
_DECIMAL = re.compile(r"[+-]?[0-9]*[.,][0-9]+|[+-]?[0-9]+[.,]")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
_NOTHING_WORDS = frozenset({"nan", "inf", "-inf", "infinity", "none", "null", "na", "n/a", "#n/a", "-"})


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """``score`` or ``reason``, never both. ``code`` is "ok" or names the reason."""

    given: str
    score: int | None = None
    reason: str | None = None
    code: str = "ok"


def check_score(text: str, *, minimum: int = 0, maximum: int = 100) -> ScoreResult:
    """Judge one text as a score between minimum and maximum, both included. Blanks around it do not count."""
    trimmed = text.strip()
    if not trimmed:
        return ScoreResult(text, reason="There is no score here. Write a whole number.", code="empty")
    if len(trimmed) > _LONGEST:
        reason = f"“{shown(trimmed)}” is far too long for a score. Write a whole number."
        return ScoreResult(text, reason=reason, code="not_a_number")
    whole = _WHOLE.fullmatch(trimmed)
    if whole is None:
        code, reason = _why_not(trimmed)
        return ScoreResult(text, reason=reason, code=code)
    sign, digits = whole.groups()
    # 11 digits are beyond Amazon's limit; int() itself refuses texts of some thousand digits.
    number = int(sign + digits) if len(digits) <= 10 else None
    if number is None or not AMAZON_MINIMUM <= number <= AMAZON_MAXIMUM:
        limit = f"Amazon stores scores from {AMAZON_MINIMUM:,} to {AMAZON_MAXIMUM:,}"
        reason = f"{shown(trimmed)} is beyond what Amazon can store. {limit}; here {_range(minimum, maximum)}."
        return ScoreResult(text, reason=reason, code="too_big")
    if not minimum <= number <= maximum:
        reason = f"{number:,} is out of range. Scores here are {_range(minimum, maximum)}."
        return ScoreResult(text, reason=reason, code="out_of_range")
    return ScoreResult(text, score=number)


def _range(minimum: int, maximum: int) -> str:
    return f"whole numbers from {minimum:,} to {maximum:,}"


def _why_not(text: str) -> tuple[str, str]:
    quoted = f"“{shown(text)}”"
    if text.casefold() in _NOTHING_WORDS:
        return "no_number", f"{quoted} is not a number. Write a whole number, or leave the row out."
    if _DECIMAL.fullmatch(text):
        return "decimal", f"{quoted} has a decimal point or comma. Scores are whole numbers, such as 42."
    if _SCIENTIFIC.fullmatch(text):
        return (
            "scientific",
            f"{quoted} is in scientific notation. Write the whole number with all its digits.",
        )
    foreign = next((char for char in text if ord(char) > 127 and char.isnumeric()), None)
    if foreign is not None:
        return "foreign_digit", f"{quoted} holds {name_of(foreign)}. Write scores with the digits 0 to 9."
    return "not_a_number", f"{quoted} is not a whole number. Write it with the digits 0 to 9 only."
